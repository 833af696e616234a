/**
 * How fast we may go. Pure: the loop tells what happened (`adjust`) and asks how long to wait (`waitBefore`); it never
 * sleeps by itself and holds no clock.
 *
 *   open ──refused──▶ seeking ──let in soon──▶ bucket (a rate)
 *    ▲                   │ └────let in late──▶ window (a quota)
 *    └──a cap, not a rate┘
 *
 * Beside a rate or a window a quota for a longer time may hold: then a request leaves when both allow it.
 *
 * A refusal is a measurement, not noise: each shape is a copy of the limiter that the source must have, corrected by what
 * it refuses. docs/pace.md explains the model.
 */
import { afterWait } from './after-wait.ts'
import { hear } from './announced.ts'
import { bucketSent, bucketWait } from './bucket/bucket.ts'
import { bucketAccepted } from './bucket/bucket-accepted.ts'
import { failed, succeeded } from './circuit.ts'
import type { AnnouncedLimit } from './header/limit-headers.ts'
import { evenRateOf, jobOf, leftOf, mostOf, mostWidthOf, type Pace, patienceOf, type Shape, widthOf } from './model.ts'
import { announcedRefused, announcedShape, announcedWait, unforeseen } from './obey-announced.ts'
import { released, settle } from './release.ts'
import { unanswered } from './seeking.ts'
import { admit, meanRate, refuse, type Sent } from './traffic.ts'
import { meetWall } from './wall.ts'
import { tryCap } from './width/cap-trial.ts'
import { letInAt } from './width/crowd.ts'
import { observeLatency, unexceptional } from './width/latency.ts'
import { letIn } from './width/rush.ts'
import { observeThroughput } from './width/throughput.ts'
import { widen } from './width/width.ts'
import { tried, withLengths } from './window/length-tried.ts'
import { leavingRate, wasRenewed, withoutWalls } from './window/longer-quota.ts'
import { windowAccepted, windowSent, windowWait } from './window/window.ts'

export type { Pace } from './model.ts'

/** What happened to a request. `id` is the `nextId` that the pace had when it was sent; instants in ms since 1970. */
export type Signal =
  | { kind: 'sent'; at: number }
  | { kind: 'accepted'; id: number; at: number; limits: readonly AnnouncedLimit[] }
  /** 429, or a server that asks for a pause. `retryAfterMs`: how long it asks for, from `at`. */
  | { kind: 'refused'; id: number; at: number; retryAfterMs: number | null; limits: readonly AnnouncedLimit[] }
  /**
   * No useful answer: a network fault, a 5xx, something unreadable. `letIn`: there was an answer, so that the limiter has
   * let it in. `random` in [0, 1).
   */
  | { kind: 'failed'; id: number; at: number; letIn: boolean; random: number }
  /** Taken back by ourselves: says nothing, but the source may have counted it. */
  | { kind: 'dropped'; id: number }
  /** The job is now known to take so many requests. */
  | { kind: 'planned'; pages: number }

const shapeWait = (pace: Pace, now: number): number => {
  const { shape, traffic, flight } = pace
  switch (shape.kind) {
    case 'open':
      return 0
    case 'bucket':
      return bucketWait(shape, now)
    case 'window':
      return windowWait(shape, traffic, flight, now, patienceOf(pace))
    case 'seeking': {
      // One probe at a time, and not before what was in flight at the wall is back. A straggler is not waited for.
      const busyUntil = flight.reduce((until, { at }) => Math.max(until, at + patienceOf(pace)), 0)
      return Math.max(0, shape.probeAt - now, busyUntil - now)
    }
  }
}

const longerWait = (pace: Pace, now: number): number =>
  pace.longer === null ? 0 : windowWait(pace.longer, pace.traffic, pace.flight, now, patienceOf(pace))

/** Milliseconds to wait before the next request; 0: now; Infinity: until a request in flight has come back. */
export const waitBefore = (pace: Pace, now: number): number => {
  if (pace.flight.length >= (isDown(pace) ? 1 : widthOf(pace))) return Number.POSITIVE_INFINITY
  const spacing = pace.maxRate === null ? 0 : pace.nextAt - now
  return Math.max(
    0,
    pace.gateUntil - now,
    spacing,
    announcedWait(pace, now) ?? Math.max(shapeWait(pace, now), longerWait(pace, now)),
  )
}

/** So much failed that the source counts as down: it is asked now and then by one request, until one is answered. */
export const isDown = (pace: Pace): boolean => pace.circuit.downSince !== null

/** A server that is overloaded says the same as a limiter: it is one as long as other requests are answered. */
export const mayBeRefusal = ({ circuit, traffic, shape }: Pace): boolean =>
  circuit.downSince === null && traffic.total > 0 && (shape.kind !== 'seeking' || shape.tries < 8)

const shapeSent = (pace: Pace, at: number): Shape => {
  const { shape, traffic, flight } = pace
  switch (shape.kind) {
    case 'bucket':
      return bucketSent(shape, at)
    case 'window':
      return windowSent(shape, traffic, flight, at, leftOf(pace))
    case 'open':
    case 'seeking':
      return shape
  }
}

/** After a pause for the longer quota the other limit is not reckoned from before it. */
const bothSent = (pace: Pace, at: number): Pick<Pace, 'shape' | 'longer'> => {
  if (pace.longer === null) return { shape: shapeSent(pace, at), longer: null }
  const longer = windowSent(pace.longer, pace.traffic, pace.flight, at, leftOf(pace))
  const shape = wasRenewed(pace, pace.longer) ? withoutWalls(pace.shape) : pace.shape
  return { shape: shapeSent({ ...pace, shape }, at), longer }
}

const sent = (before: Pace, at: number): Pace => {
  // Who was waited for in vain is late: with what is known without him the next request need not be a probe.
  const pace = settle(afterWait(before), at)
  return {
    ...pace,
    nextId: pace.nextId + 1,
    flight: [...pace.flight, { id: pace.nextId, at, width: pace.flight.length + 1 }],
    nextAt: pace.maxRate === null ? 0 : Math.max(at, pace.nextAt) + 1000 / pace.maxRate,
    ...bothSent(pace, at),
  }
}

/** An early probe that came to nothing leaves room for another. */
const probeless = ({ shape, longer }: Pace, own: Sent): Pick<Pace, 'shape' | 'longer'> => ({
  shape: shape.kind === 'window' && shape.probing === own.at ? { ...shape, probing: null } : shape,
  longer: longer?.probing === own.at ? { ...longer, probing: null } : longer,
})

/** A rate beyond this was not tried, whatever the pace says. */
const mostTried = (pace: Pace): number =>
  pace.longer === null ? mostOf(pace) : Math.min(mostOf(pace), leavingRate(pace.traffic))

const shapeAccepted = (before: Pace, own: Sent, now: number): Pace => {
  const longer = before.longer === null ? null : windowAccepted(before.longer, before.traffic, own.at)
  const pace = { ...before, longer }
  const { shape } = pace
  switch (shape.kind) {
    case 'open':
      return tryCap(pace, own, now)
    case 'window':
      return { ...pace, shape: windowAccepted(shape, pace.traffic, own.at) }
    case 'bucket':
      return {
        ...pace,
        shape: bucketAccepted(shape, own.at, now, mostTried(pace), meanRate(pace.traffic, now), jobOf(pace)),
      }
    case 'seeking':
      return own.at > shape.heardAt ? released(pace, shape, own, now) : settle(pace, now)
  }
}

/** What failed is no success, but an answer has passed the limiter. What has none says nothing, and may have. */
const shapeFailed = (pace: Pace, own: Sent, now: number, letIn: boolean): Pace => {
  if (letIn) return shapeAccepted(pace, own, now)
  const { shape } = pace
  if (shape.kind === 'seeking') return settle({ ...pace, shape: unanswered(shape, own.at) }, now)
  return { ...pace, ...probeless(pace, own) }
}

const accepted = (pace: Pace, own: Sent, now: number, limits: readonly AnnouncedLimit[]): Pace => {
  const answer = { width: own.width, tookMs: unexceptional(pace.latency, now - own.at) }
  const latency = observeLatency(pace.latency, answer.tookMs)
  const throughput = observeThroughput(pace.throughput, answer)
  const most = mostWidthOf(pace)
  const width = widen(pace.width, answer, {
    latency,
    throughput,
    now: widthOf(pace),
    most,
    wentWell: pace.paid ? pace.wentWell : 0,
    left: leftOf(pace),
  })
  const traffic = admit(pace.traffic, own.at)
  const lengths = tried(pace.lengths, pace.announced, limits, own.at, false)
  const announced = hear(pace.announced, withLengths(limits, lengths), own.at, now)
  const even = evenRateOf(pace.shape)
  const crowd = even === null ? pace.crowd : letInAt(pace.crowd, own.width, even)
  const circuit = succeeded(pace.circuit)
  const next = {
    ...pace,
    latency,
    throughput,
    width,
    traffic,
    announced,
    lengths,
    crowd,
    rush: letIn(pace.rush),
    circuit,
  }
  return announcedShape(shapeAccepted(next, own, now), pace.announced, now)
}

/** The pace after a signal. Signals about requests that are not in flight say nothing. */
export const adjust = (pace: Pace, signal: Signal): Pace => {
  if (signal.kind === 'sent') return sent(pace, signal.at)
  if (signal.kind === 'planned') return { ...pace, pages: signal.pages }
  const own = pace.flight.find(({ id }) => id === signal.id)
  if (!own) return pace
  const landed: Pace = { ...pace, flight: pace.flight.filter((each) => each !== own) }
  switch (signal.kind) {
    case 'accepted':
      return accepted(landed, own, signal.at, signal.limits)
    case 'refused': {
      const { at, retryAfterMs, limits } = signal
      const gateUntil = retryAfterMs === null ? pace.gateUntil : Math.max(pace.gateUntil, at + retryAfterMs)
      const lengths = tried(pace.lengths, pace.announced, limits, own.at, true)
      const announced = hear(pace.announced, withLengths(limits, lengths), own.at, at, true)
      const told: Pace = { ...landed, announced, lengths, gateUntil, traffic: refuse(pace.traffic, own.at) }
      const met = announcedRefused(told, own, at) ?? meetWall(unforeseen(told), own, at, retryAfterMs)
      return announcedShape(met, pace.announced, at)
    }
    case 'failed': {
      const { circuit, pauseMs } = failed(pace.circuit, own.at, signal.at, signal.random)
      const gateUntil = Math.max(pace.gateUntil, signal.at + pauseMs)
      const traffic = admit(pace.traffic, own.at)
      return shapeFailed({ ...landed, circuit, gateUntil, traffic }, own, signal.at, signal.letIn)
    }
    case 'dropped':
      return { ...landed, ...probeless(pace, own), traffic: admit(pace.traffic, own.at) }
  }
}
