/** One job on a virtual clock: the pace of the engine and what its loop does with it, against a simulated server. */
import { retryIn } from '../../src/pace/circuit.ts'
import { adjust, isDown, type Pace, waitBefore } from '../../src/pace/pace.ts'
import { openAsking } from './asking.ts'
import { HELD_UP_MS, type Scenario, STALLED_MS } from './scenario.ts'
import { type Served, type Server, tripMs } from './server.ts'

/** Hears of every answer, for traces. `nowMs`: since the beginning; `detail`: the number of the request. */
export type Listener = (nowMs: number, kind: string, pace: Pace, detail: string) => void

export type Job = {
  scenario: Scenario
  server: Server
  /** ms since 1970. */
  beginAt: number
  pages: readonly number[]
  pace: Pace
  random: () => number
  /** The process is killed so many ms after the beginning. */
  killedAt?: number
  /** It is given up after so many ms. */
  mostMs: number
  listener?: Listener
}

export type Ran = {
  ms: number
  requests: number
  refused: number
  failed: number
  /** Pages that were not read, by a run that was killed, or was given up, or else has lost them. */
  left: number[]
  /** It took too long, or too many requests. */
  givenUp: boolean
  /** When each request left, ms since the beginning, and what it came to; 0: no answer was waited for. */
  trace: { at: number; status: number }[]
  pace: Pace
}

/** `served` is what an answer brings; a request that was lost on its way comes back with nothing. */
type Event = { at: number; kind: 'arrive' | 'leave' | 'answer'; id: number; page: number; nth: number; served?: Served }

const LOST: Omit<Served, 'leavesAt'> = { status: 500, retryAfterMs: null, limits: [] }

/** Requests a page at which a run is hopeless. */
const MOST_REQUESTS = 6.3
/** A loop that does nothing at one instant is a fault; it is seen as pages that are left. */
const MOST_STEPS = 2_000_000

export const runJob = (job: Job): Ran => {
  const { scenario, server, beginAt, random, killedAt = Number.POSITIVE_INFINITY } = job
  const asking = openAsking(job.pages)
  /** The latest first. */
  const events: Event[] = []
  const trace: Ran['trace'] = []
  const count = { refused: 0, failed: 0, read: 0 }
  let pace = job.pace
  let now = 0

  const plan = (event: Event): void => {
    let at = events.length
    while (at > 0 && events[at - 1]!.at < event.at) at--
    events.splice(at, 0, event)
  }

  const send = (page: number): void => {
    const id = pace.nextId
    pace = adjust(pace, { kind: 'sent', at: beginAt + now })
    asking.sent(page, id, now)
    const isLost = scenario.lost > 0 && random() < scenario.lost
    const kind = isLost ? 'answer' : 'arrive'
    const heldUpMs = scenario.heldUp > 0 && random() < scenario.heldUp ? random() * HELD_UP_MS : 0
    plan({
      at: now + heldUpMs + (isLost ? scenario.serviceMs : 0) + tripMs(scenario, random),
      kind,
      id,
      page,
      nth: trace.length,
    })
    trace.push({ at: now, status: 0 })
  }

  const hear = ({ id, page, nth, served }: Event): void => {
    const { status, retryAfterMs, limits } = served ?? LOST
    const at = beginAt + now
    const landing = asking.landed(page, id, status, trace[nth]!.at, now)
    if (landing.kind === 'nothing') return
    trace[nth]!.status = status
    if (status === 200) {
      count.read++
      pace = adjust(pace, { kind: 'accepted', id, at, limits })
    } else if (status === 429) {
      count.refused++
      pace = adjust(pace, { kind: 'refused', id, at, retryAfterMs, limits })
    } else {
      count.failed++
      pace = adjust(pace, { kind: 'failed', id, at, letIn: served !== undefined, random: random() })
    }
    if (landing.kind === 'read')
      for (const other of landing.superseded) pace = adjust(pace, { kind: 'dropped', id: other })
    if (landing.kind === 'failed') {
      const { circuit, waitMs } = retryIn(pace.circuit, landing.attempt, random())
      pace = { ...pace, circuit }
      asking.retry(page, now + waitMs)
    }
    job.listener?.(now, status === 200 ? 'accepted' : status === 429 ? 'refused' : 'failed', pace, `${id}`)
  }

  /** What goes on at the server and on the way, whether or not anybody waits for it. */
  const happen = (event: Event): void => {
    if (event.kind === 'arrive') {
      const served = server.arrive(beginAt + event.at)
      plan({ ...event, kind: 'leave', at: served.leavesAt - beginAt, served })
    } else if (event.kind === 'leave') {
      if (event.served!.status !== 429) server.leave()
      plan({ ...event, kind: 'answer', at: event.at + tripMs(scenario, random) })
    }
  }

  const isGivenUp = (): boolean => now > job.mostMs || trace.length > MOST_REQUESTS * job.pages.length
  const isOver = (): boolean => count.read === job.pages.length || isGivenUp()

  for (let step = 0; step < MOST_STEPS && !isOver(); step++) {
    const page = asking.next(now)
    const wait = waitBefore(pace, beginAt + now)
    const overdue = page === null && !isDown(pace) ? asking.overdueInMs(now) : Number.POSITIVE_INFINITY
    if (wait <= 0 && (page !== null || overdue <= 0)) {
      send(page ?? asking.overdue())
      continue
    }
    const wake = page !== null ? now + wait : Math.min(asking.dueAt(), now + (overdue <= 0 ? wait : overdue))
    const next = events.at(-1)
    const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, Math.max(wake, now + 0.01))
    if (at >= killedAt || !Number.isFinite(at)) break
    const stalledMs = scenario.stalls > 0 && random() < scenario.stalls ? random() * STALLED_MS : 0
    now = Math.max(now, at) + stalledMs
    if (next?.at !== at) continue
    events.pop()
    if (next.kind === 'answer') hear(next)
    else happen(next)
  }
  // What is still out is answered for nobody: the limiter of the next run must not count it.
  for (let event = events.pop(); event; event = events.pop()) happen(event)
  return {
    ms: now,
    requests: trace.length,
    refused: count.refused,
    failed: count.failed,
    left: asking.left(),
    givenUp: isGivenUp(),
    trace,
    pace,
  }
}
