/**
 * Whether a cap is one. A bucket that holds a few tokens and fills quickly refuses those that leave together, as a cap does, and a cap that
 * is believed in is never exceeded: two tokens at fifty a second were asked for as five at once, at a third of the rate. So it is exceeded
 * once at an even pace. A cap refuses that as soon as one too many is out; a bucket lets it in until its rate is met.
 */
import { startBucket } from '../bucket/bucket.ts'
import { leftOf, type Pace } from '../model.ts'
import type { Sent } from '../traffic.ts'
import { isTrialDue, startWidth, type Width } from './width.ts'

/** The cap that is tried, and the pace that the highest comes to that it can be, requests per second. `refuted`: much more went through. */
export type CapTrial = { width: Width; most: number; refuted: boolean }

/** A step higher, and so many requests at it for each of the cap: as many more are out after two round trips. */
const STEP = 1.25
const ROUNDS = 2
/** Where so much more than the cap allows goes through, it is none. Part of what is in flight is always on its way, so somewhat more does. */
const REFUTED = 1.8

/** After an answer to a request that had left with the cap full. A cap of one is no bucket's of a few tokens, and a straggler fills it for long. */
export const tryCap = (pace: Pace, own: Sent, now: number): Pace => {
  const { shape, width, latency } = pace
  const { cap } = width
  if (shape.kind !== 'open' || cap === null || cap < 2 || own.width < cap) return pace
  if (!isTrialDue(width, latency, leftOf(pace))) return pace
  // By Little's law.
  const [rate, most] = [cap, Math.max(cap, width.capMost)].map((wide) => (1000 * wide) / latency.meanMs) as [
    number,
    number,
  ]
  const search = { low: rate, high: null, step: STEP, need: ROUNDS * cap, passed: 0, sinceAt: now }
  const bucket = { ...startBucket({ rate: STEP * rate, at: now, search }), capTrial: { width, most, refuted: false } }
  return { ...pace, shape: bucket, width: { ...startWidth, limit: 2 * cap } }
}

/** The width where a refusal at this pace, of one that had left with so many out, says that it is a cap; null: it is none. */
export const capHolds = ({ width, most, refuted }: CapTrial, rate: number, wide: number): Width | null => {
  if (refuted || rate > REFUTED * most) return null
  const cap = Math.max(width.cap!, Math.min(width.capMost, wide - 1))
  // It was full for long before: refused there it is a rate.
  if (cap === width.cap) return { ...width, capWalls: 2, tried: true }
  return { ...width, cap, limit: cap, fullAt: cap, fullClean: 0, capWalls: cap < width.capMost ? 1 : 2, tried: true }
}

/** Whether it is known that more than that go through at once. */
export const isMore = (trial: CapTrial | null, cap: number): boolean =>
  trial?.refuted === true && cap <= REFUTED * trial.width.capMost
