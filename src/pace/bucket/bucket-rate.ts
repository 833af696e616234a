/** The rate of the source's bucket, reckoned from the refusals at which it was empty. */

import { countBetween, type Sent, type Traffic } from '../traffic.ts'
import type { Bucket } from './bucket.ts'

/**
 * Requests per second between the walls, and by how much it may be wrong (share); null with too few to tell. Time in
 * which the bucket ran over counts only where it is known how much it holds.
 */
export const reckoned = (
  walls: Bucket['walls'],
  traffic: Traffic,
  flight: readonly Sent[],
  countsLoss: boolean,
): { rate: number; error: number } | null => {
  const last = walls.at(-1)
  if (!last) return null
  for (const first of walls) {
    const ms = last.at - first.at - (countsLoss ? last.lostMs - first.lostMs : 0)
    const count = countBetween(traffic, flight, first.at, last.at)
    if (ms <= 0 || count < 3) continue
    return { rate: ((count + 0.5) * 1000) / ms, error: 1 / count }
  }
  return null
}

/**
 * Requests per second by the differences between runs from wall to wall. What a pause saves up, and what it loses, is the
 * same in each run: it is in neither the difference of their counts nor of their times. null while the runs are too alike,
 * and do not agree on a mean either.
 */
export const betweenRuns = (walls: Bucket['walls'], traffic: Traffic, flight: readonly Sent[]): number | null => {
  const runs = walls.slice(1).map((wall, i) => {
    const from = walls[i]!.at
    return { seconds: (wall.at - from) / 1000, count: countBetween(traffic, flight, from, wall.at) }
  })
  const long = runs.filter(({ count }) => count >= 20)
  if (long.length < 2) return null
  const shortest = long.reduce((a, b) => (b.seconds < a.seconds ? b : a))
  const longest = long.reduce((a, b) => (b.seconds > a.seconds ? b : a))
  const [means, last] = [long.slice(-2).map(({ seconds, count }) => count / seconds), long.at(-1)!]
  if (Math.abs(means[0]! / means[1]! - 1) < 0.03) return last.count / last.seconds
  const apart = longest.count - shortest.count
  return apart < 20 ? null : apart / (longest.seconds - shortest.seconds)
}
