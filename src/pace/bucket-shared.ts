/**
 * Somebody else on the same key, and a bucket that holds one token. Whoever comes first takes it: the slower our pace, the more
 * room it leaves to others, and the more of it is refused. So what is refused says little. Both paces are tried, and the faster
 * one is held as long as it brings more.
 */
import type { Bucket } from './bucket.ts'
import { reckoned } from './bucket-rate.ts'
import type { Sent, Traffic } from './traffic.ts'

/** So much slower, and less let in, speaks for others; the faster pace is to bring so much more. */
const SLOWER = 1.5
const LESS = 0.9
const FASTER = 1.2
/** Of the faster pace, held at least while it brings more; of what is let in, when it does not. */
const HELD = 0.97
const GRANTED = 0.9
/** By so many walls it is told what a pace brings. */
const LATELY = 4

/** Requests per second that were let in between these walls, waits included; 0 with too few to tell. */
const broughtBy = (walls: Bucket['walls'], traffic: Traffic, flight: readonly Sent[]): number => {
  const brought = reckoned(walls, traffic, flight, false)
  return brought !== null && brought.error < 0.1 ? brought.rate : 0
}

/** The bucket after a refusal: `yielding` is what it is where nobody else is there, `slower` the rate without a floor. */
export const sharing = (
  { rate, best, floor, shared }: Bucket,
  yielding: Bucket,
  slower: number,
  traffic: Traffic,
  flight: readonly Sent[],
): Bucket => {
  const { walls } = yielding
  const brought = broughtBy(walls, traffic, flight)
  if (shared === 0) return yielding
  if (shared !== null) {
    const isOver = walls.length >= 2 * LATELY && brought > 0 && brought < FASTER * shared
    if (isOver) return { ...yielding, rate: Math.min(slower, brought), shared: 0, floor: GRANTED * brought }
    return { ...yielding, rate: Math.max(slower, floor), floor }
  }
  const top = best === null || brought > best.goodput ? { rate, goodput: brought } : best
  const lately = reckoned(walls.slice(-LATELY), traffic, flight, false)?.rate ?? 0
  if (lately === 0 || rate >= top.rate / SLOWER || brought >= LESS * top.goodput) return { ...yielding, best: top }
  return { ...yielding, rate: top.rate, floor: HELD * top.rate, shared: lately, walls: walls.slice(-1), hasty: 0 }
}
