/** A pace that was held, and then met a wall that lets nothing in for a while: nothing has to be sought. */
import { type Bucket, OVER, startBucket } from '../bucket/bucket.ts'
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween } from '../traffic.ts'

/** A pace that was held for so many requests is known, whatever it is that refuses; fewer do where the run began with it. */
const LONG_HELD = { found: 150, learned: 20 }
/** So much of the time that it was held it may have been shut since; for longer, another quota is used up. */
const SHUT = 0.5

/**
 * The even pace of what was let in on the whole, of a pace that was held for long and then met a wall that lets nothing in for a while:
 * some counters do that where a bucket would let in now and then. null: it was not held for long.
 */
export const onTheWhole = (pace: Pace, shape: Seeking, openedBy: number, now: number): Bucket | null => {
  const { held, wallAt } = shape
  if (held === null || held.narrow) return null
  const learned = pace.opening === null
  const firstAt = held.walls[0]?.at ?? wallAt
  const from = learned || firstAt >= wallAt ? (pace.traffic.admitted[0] ?? wallAt) : firstAt
  const count = countBetween(pace.traffic, [], from, wallAt + 1)
  const isKnown = count >= (learned ? LONG_HELD.learned : LONG_HELD.found)
  if (!isKnown || openedBy - wallAt > SHUT * (wallAt - from)) return null
  const rate = Math.min(held.rate, (count * 1000) / (openedBy - from))
  return { ...startBucket({ rate, at: now }), steady: true, sure: true, met: true, ceiling: rate * OVER }
}
