/**
 * The rate that explains how much was let in from one refusal to the next, whatever the waits between. At a refusal the bucket is
 * empty. It fills from there on, and may run over: while all have to wait, or while less is asked for. Then it holds what it held at
 * most before the very first refusal, when it was full: the less of that, the higher the rate. So one rate explains all of it.
 */

import { indexFrom, type Traffic } from '../traffic.ts'
import { type Bucket, heldAt, type Opening, storeOf } from './bucket.ts'

/** By so many requests jitter moves the end of a run. */
export const SLACK = 1.5
/** A run of fewer is taken together with the next: jitter would make anything of it. */
const ENOUGH = 20
/** Rates are tried in such steps, up to so many times the least that is possible; the best again in finer ones. */
const COARSE = 1.02
const FINE = 1.001
const MOST = 4
/** A rate that may be wrong by no more than this, as a share, is known. */
export const EXACT = 0.03
/** Of so many requests before a refusal it is told that at a higher rate more would have been let in. */
const LATEST = { from: 6, to: 12 }
/** Refused requests and others may have left at the same instant: some of them came first, ms. */
const SAME_MS = 0.001

/** What was let in from one refusal to the next. */
export type Run = Opening & { seconds: number }

const joined = (before: Run, run: Run): Run => ({
  admitted: [...before.admitted, ...run.admitted],
  wallAt: run.wallAt,
  seconds: before.seconds + run.seconds,
})

export const runsOf = (walls: Bucket['walls'], { admitted }: Traffic): Run[] => {
  const runs: Run[] = []
  let from = walls[0]?.at ?? 0
  for (const { at: wallAt } of walls.slice(1)) {
    const within = admitted.slice(indexFrom(admitted, from + SAME_MS), indexFrom(admitted, wallAt + SAME_MS))
    const isShort = within.length < ENOUGH
    if (isShort && wallAt !== walls.at(-1)!.at) continue
    const run: Run = { admitted: within, wallAt, seconds: (wallAt - from) / 1000 }
    const before = isShort ? runs.pop() : undefined
    runs.push(before === undefined ? run : joined(before, run))
    from = wallAt
  }
  return runs.filter(({ seconds }) => seconds > 0)
}

/** What would be left in the bucket at the end of the run, of which there was nothing. */
export const leftAt = (run: Run, rate: number, store: number): number =>
  Math.min(rate * run.seconds - run.admitted.length, store - storeOf(run, rate))

/**
 * At a higher rate something would have been left over, for in the last few requests nothing ran over: they were asked for one after
 * the other, without a wait in between.
 */
const mostOf = ({ admitted, wallAt }: Run): number => {
  let most = Number.POSITIVE_INFINITY
  let longest = 0
  for (let count = 1; count <= Math.min(LATEST.to, admitted.length); count++) {
    const at = admitted[admitted.length - count]!
    const next = count === 1 ? wallAt : admitted[admitted.length - count + 1]!
    longest = Math.max(longest, next - at)
    if (count >= LATEST.from && longest < (wallAt - at) / 2)
      most = Math.min(most, ((count + SLACK) * 1000) / (wallAt - at))
  }
  return most
}

/** The rates that are off by at most `slack` more than the best of them. */
type Fit = { low: number; best: number; high: number }

const fitted = (from: number, to: number, step: number, offBy: (rate: number) => number, slack: number): Fit => {
  const tried: { rate: number; off: number }[] = []
  for (let rate = from; rate <= to; rate *= step) tried.push({ rate, off: offBy(rate) })
  const best = tried.reduce((a, b) => (b.off < a.off ? b : a))
  const alike = tried.filter(({ off }) => off <= best.off + slack)
  return { low: alike[0]!.rate, best: best.rate, high: alike.at(-1)!.rate }
}

/** Requests per second, and by how much that may be wrong, as a share; `few`: because it was told by so few requests. */
export type Known = Fit & { rate: number; error: number; few: number }

/**
 * The rate by all runs between the walls; null with too few to tell. Where rates far from each other explain them, it is one in
 * between: what comes of that tells them apart.
 */
export const fitRate = (walls: Bucket['walls'], holds: Opening | number, traffic: Traffic): Known | null => {
  const runs = runsOf(walls, traffic)
  const count = runs.reduce((sum, { admitted }) => sum + admitted.length, 0)
  const least = Math.max(...runs.map(({ admitted, seconds }) => (admitted.length - SLACK) / seconds))
  if (count < 3 || !(least > 0)) return null
  const offBy = (rate: number): number => {
    const store = heldAt(holds, rate)
    return runs.reduce((off, run) => off + Math.abs(leftAt(run, rate, store)), 0)
  }
  const most = Math.max(least, Math.min(MOST * least, ...runs.map(mostOf)))
  const slack = SLACK * runs.length
  const fit = fitted(least, most, COARSE, offBy, slack)
  const few = slack / count
  const error = Math.max((fit.high / fit.low - 1) / 2, few)
  const rate =
    error < EXACT ? fitted(fit.best / COARSE, fit.best * COARSE, FINE, offBy, 0).best : Math.sqrt(fit.low * fit.high)
  return { ...fit, rate, error, few }
}
