/** Signals by hand, and a made-up source on a virtual clock. */
import { admit, type Limit, type LimitState, release } from '../../demo/limits.ts'
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { adjust, type Pace, type Signal, waitBefore } from '../../src/pace/pace.ts'

/** An instant in the middle of a minute, so that nothing is aligned by chance. */
export const NOW = Date.UTC(2026, 0, 1, 12, 0, 23, 457)

export const after = (pace: Pace, ...signals: Signal[]): Pace => signals.reduce(adjust, pace)
export const times = <T>(count: number, one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i))

export const sent = (pace: Pace, at: number): Pace => adjust(pace, { kind: 'sent', at })

/** A request that leaves at `at` and is let in. */
export const letIn = (pace: Pace, at: number, tookMs = 50, limits: readonly AnnouncedLimit[] = []): Pace =>
  after(pace, { kind: 'sent', at }, { kind: 'accepted', id: pace.nextId, at: at + tookMs, limits })

/** A request that leaves at `at` and is refused. */
export const turnedAway = (
  pace: Pace,
  at: number,
  retryAfterMs: number | null = null,
  tookMs = 50,
  limits: readonly AnnouncedLimit[] = [],
): Pace =>
  after(pace, { kind: 'sent', at }, { kind: 'refused', id: pace.nextId, at: at + tookMs, retryAfterMs, limits })

/** Requests that are let in, every so many ms from `at` on. */
export const letInMany = (pace: Pace, count: number, at: number, everyMs: number, tookMs = 50): Pace =>
  times(count, (i) => at + i * everyMs).reduce((each, instant) => letIn(each, instant, tookMs), pace)

export type Answer = { refused: boolean; retryAfterMs?: number | null; limits?: readonly AnnouncedLimit[] }

export type Drive = {
  from: number
  forMs: number
  /** What an answer takes at least; some take a fifth longer. */
  latencyMs: number
  /** What comes of a request that reaches the source then. */
  answer(at: number): Answer
  /** An answer to a request that was let in has left. */
  left?(): void
  /** Hears of the pace after each answer. */
  heard?(now: number, pace: Pace): void
}

/** Spreads the numbers of requests evenly over [0, 1). */
const GOLDEN = 0.618_034

export type Driven = { pace: Pace; now: number; sends: { at: number; refused: boolean }[] }

/** Sends as soon as the pace allows it, for so long on the virtual clock. What is in flight at the end is lost sight of. */
export const drive = (from: Pace, source: Drive): Driven => {
  const { from: begin, forMs, latencyMs, answer, left = () => {}, heard = () => {} } = source
  let pace = from
  let now = begin
  const due: { id: number; at: number; answer: Answer }[] = []
  const sends: Driven['sends'] = []
  for (let steps = 0; steps < 1_000_000; steps++) {
    const wait = waitBefore(pace, now)
    if (wait <= 0) {
      const said = answer(now)
      const tookMs = latencyMs * (1 + 0.2 * ((pace.nextId * GOLDEN) % 1))
      due.push({ id: pace.nextId, at: now + tookMs, answer: said })
      due.sort((a, b) => a.at - b.at)
      sends.push({ at: now, refused: said.refused })
      pace = sent(pace, now)
      continue
    }
    const back = due[0]
    const next = Math.min(Math.max(now + wait, now + 0.01), back?.at ?? Number.POSITIVE_INFINITY)
    if (!(next <= begin + forMs)) break
    now = next
    if (back === undefined || back.at > next) continue
    due.shift()
    const { refused, retryAfterMs = null, limits = [] } = back.answer
    if (!refused) left()
    pace = adjust(
      pace,
      refused
        ? { kind: 'refused', id: back.id, at: now, retryAfterMs, limits }
        : { kind: 'accepted', id: back.id, at: now, limits },
    )
    heard(now, pace)
  }
  for (const each of due) if (!each.answer.refused) left()
  return { pace, now, sends }
}

/** A source with this limit that tells nothing of it, or `Retry-After` in whole seconds. */
export const limitedBy = (limit: Limit, tells = false): Pick<Drive, 'answer' | 'left'> => {
  let state: LimitState = { kind: 'fresh' }
  return {
    answer(at) {
      const admission = admit(limit, state, at)
      state = admission.state
      const seconds = Math.max(1, Math.ceil(admission.resetMs / 1000))
      return { refused: !admission.ok, retryAfterMs: tells ? seconds * 1000 : null }
    },
    left() {
      state = release(state)
    },
  }
}

export const unlimited: Pick<Drive, 'answer'> = { answer: () => ({ refused: false }) }
