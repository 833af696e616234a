/**
 * A source that takes so many at once, seen as a rate that lets nothing be saved up: whatever the pace, it refuses some of
 * those that leave while so many are out, and none of the others. Of a rate any of those that leave at the same pace may be refused.
 */
import { startWidth, type Width } from './width.ts'

/**
 * `letIn`: how many were let in since the latest refusal that had left as the first, the second, and so on, of those in flight at once,
 * at `rate` requests per second or a little more. `odds`: how likely it is that all that was refused had left with so many out by
 * chance, by how many. `told`: that a cap was told by it.
 */
export type Crowd = { letIn: readonly number[]; rate: number; odds: readonly number[]; told: boolean }

/** The most at once that is counted, and one more. */
const WIDEST = 32
/** Less likely than that it is no chance. */
const CHANCE = 1e-3
/** A pace so much higher is another one: more are out at it, and more is refused. */
const ALIKE = 1.05

const each = (one: (width: number) => number): number[] => Array.from({ length: WIDEST }, (_, i) => one(i + 1))
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

export const noCrowd: Crowd = {
  letIn: each(() => 0),
  rate: Number.POSITIVE_INFINITY,
  odds: each(() => 1),
  told: false,
}

/** After an answer to one that had left with so many in flight, where the pace is so many requests per second. */
export const letInAt = (crowd: Crowd, width: number, pace: number): Crowd => {
  const { letIn, rate } = crowd
  const isOther = pace > ALIKE * rate || rate === Number.POSITIVE_INFINITY
  const counted = isOther ? noCrowd.letIn : letIn
  const at = Math.min(width, WIDEST) - 1
  return { ...crowd, rate: isOther ? pace : rate, letIn: counted.with(at, counted[at]! + 1) }
}

/** What comes now is not compared with what was let in before. */
export const apart = ({ odds }: Crowd): Crowd => ({ ...noCrowd, odds })

/** From one refusal to the next the pace is much the same: had it been by chance, any of those may have been refused. */
export const refusedAt = ({ letIn, odds }: Crowd, width: number): Crowd => ({
  ...noCrowd,
  odds: odds.map((odd, i) => (width <= i ? 1 : (odd * (1 + sum(letIn.slice(i)))) / (1 + sum(letIn)))),
})

/** How many it takes at once; null: nothing speaks for it. */
export const takenAtOnce = ({ odds }: Crowd): number | null => {
  const cap = odds.findLastIndex((odd) => odd < CHANCE)
  return cap < 1 ? null : cap
}

/** The width of a source that takes so many at once, and whose refusals make everybody wait so long, ms. */
export const widthAt = (cap: number, tollMs: number): Width => ({
  ...startWidth,
  limit: cap,
  cap,
  capMost: cap,
  tollMs,
  capWalls: 2,
  fullAt: cap,
})
