/** What all watchers see: read once, told to each. However many watch, the database is asked once a second. */
import { type Concern, type HeldRun, healthLine, type Live, messageOf, type RunRow } from '../src/node.ts'
import { knownLimit } from './known-limit.ts'
import { type LatelyTook, latelyTook } from './lately-took.ts'
import type { Here } from './own-sync.ts'

/** A point of the plots; null: none is known. `limited`: requests refused since the point before. */
export type Sample = {
  at: number
  carsPerSecond: number | null
  requestsPerSecond: number | null
  limit: number | null
  limited: number
}

export type Now = {
  at: number
  live: Live | null
  here: Here
  sample: Sample | null
  took: LatelyTook
  trouble: string | null
}

/** `coveredUntil`: up to when everything is known, ms since 1970; null: no sweep was ever completed. */
export type Lately = { health: Concern[]; line: string; runs: RunRow[]; held: HeldRun[]; coveredUntil: number | null }

export type FeedParts = {
  live(): Promise<Live | null>
  lately(): Promise<Omit<Lately, 'line'>>
  here(): Here
  now(): number
}

export type Feed = {
  /** One look; tells the watchers. Never rejects. */
  tick(): Promise<void>
  /** How long to wait before the next one, ms: the longer the more watch; nobody watches and nothing runs, seldom. */
  everyMs(): number
  /** A stream of server-sent events: what is known at once, then what is new. */
  watch(): ReadableStream<Uint8Array>
  watchers(): number
  /** Another number whenever a run has begun or ended, or removals were held or decided on. */
  turn(): number
  close(): void
}

const WATCHED_MS = 1000
/** Each message to a watcher costs a write to its socket: beyond a hundred of these a second, all are told less often. */
const A_WATCHER_MS = 10
const UNWATCHED_MS = 10_000
/** Ten minutes of points. */
const KEPT = 600
/** The slower picture is looked at so often, or with every fifth look, at once when a run begins or ends, and never for more than 5% of the time. */
const LATELY_MS = 5000
const SHARE = 20
/** So many bytes may wait for a watcher that does not read; then it misses pictures, which the next one makes up for. */
const WAITING_BYTES = 256 << 10

const encoder = new TextEncoder()
const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

export const openFeed = (parts: FeedParts): Feed => {
  const watching = new Set<ReadableStreamDefaultController<Uint8Array>>()
  let samples: Sample[] = []
  let now: Now | null = null
  let latelyAgainAt = 0
  /** The slower picture as it was told last. */
  let told = ''
  /** What is known by now, for whoever comes before the next look: made once for all of them. */
  let greeting: Uint8Array | null = null
  let turn = 0
  const took = latelyTook()
  let before: { runId: string; limited: number } | null = null

  /** Who could not be told of the slower picture, which is told again only when it changes. */
  const behind = new Set<ReadableStreamDefaultController<Uint8Array>>()

  const tell = (text: string, isLately: boolean): void => {
    greeting = null
    const message = encoder.encode(text)
    for (const controller of watching) {
      const hasRoom = (controller.desiredSize ?? 0) > 0
      if (hasRoom) controller.enqueue(message)
      if (isLately && !hasRoom) behind.add(controller)
      if (!isLately && hasRoom && behind.delete(controller)) controller.enqueue(encoder.encode(told))
    }
  }

  const watchedMs = (): number => Math.max(WATCHED_MS, watching.size * A_WATCHER_MS)

  const sampleOf = (live: Live | null, at: number): Sample | null => {
    if (live === null || live.status !== 'running' || !live.isAlive) return null
    const refused = before?.runId === live.runId ? Math.max(0, live.requests.limited - before.limited) : 0
    before = { runId: live.runId, limited: live.requests.limited }
    return {
      at,
      carsPerSecond: live.carsPerSecond,
      requestsPerSecond: live.requestsPerSecond,
      limit: knownLimit(live),
      limited: refused,
    }
  }

  const lookLately = async (): Promise<void> => {
    const begunAt = parts.now()
    const found = await parts.lately()
    const lately: Lately = { ...found, line: healthLine(found.health) }
    const at = parts.now()
    latelyAgainAt = at + Math.max(LATELY_MS, (at - begunAt) * SHARE, watchedMs() * 5)
    const text = event('lately', lately)
    if (text === told) return
    told = text
    tell(text, true)
  }

  const tick = async (): Promise<void> => {
    const at = parts.now()
    try {
      const live = await parts.live()
      const sample = sampleOf(live, at)
      if (sample) samples = [...samples.slice(1 - KEPT), sample]
      const was = now?.live
      const turned =
        was?.runId !== live?.runId || was?.status !== live?.status || was?.heldRemovals !== live?.heldRemovals
      if (turned) turn++
      now = { at, live, here: parts.here(), sample, took: took(live, at), trouble: null }
      tell(event('now', now), false)
      if (turned || parts.now() >= latelyAgainAt) await lookLately()
    } catch (error) {
      const live = now?.live ?? null
      now = { at, live, here: parts.here(), sample: null, took: took(live, at), trouble: messageOf(error) }
      tell(event('now', now), false)
    }
  }

  return {
    tick,
    everyMs: () => (watching.size > 0 || now?.live?.status === 'running' ? watchedMs() : UNWATCHED_MS),
    watch: () => {
      let mine: ReadableStreamDefaultController<Uint8Array>
      return new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            mine = controller
            greeting ??= encoder.encode(event('samples', samples) + told + (now ? event('now', now) : ''))
            controller.enqueue(greeting)
            watching.add(controller)
          },
          cancel: () => {
            watching.delete(mine)
            behind.delete(mine)
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES }),
      )
    },
    watchers: () => watching.size,
    turn: () => turn,
    close: () => {
      for (const controller of watching) {
        controller.enqueue(encoder.encode(event('closed', {})))
        controller.close()
      }
      watching.clear()
    },
  }
}
