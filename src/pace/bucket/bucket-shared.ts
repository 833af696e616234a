/**
 * Somebody else on the same key, and a bucket that holds next to nothing. Whoever comes first takes what there is: the slower our
 * pace, the more room it leaves to others, and the more of it is refused. But whatever was let in between two refusals was granted:
 * the limit is at least that. So the pace yields only to a little below it, which is enough where it was refused for jitter. Refused
 * there again and again, somebody else is there: it goes back up, and on as far as so much turns out to be granted.
 */

import { countBetween, indexFrom, type Sent, type Traffic } from '../traffic.ts'
import { type Bucket, evenRate } from './bucket.ts'

/**
 * Somebody else seems to be there. `isSo`: a faster pace has shown it. `step`: so much faster a pace is tried next. `trial`: the
 * pace that is tried, requests per second, or null.
 */
export type Others = { isSo: boolean; step: number; trial: number | null }

/** So many runs from one refusal to the next, each of so few requests: it is refused again and again. */
const RUNS = 3
const SHORT = 15
/** So few in each, on the mean of so many: the limit itself was met, and has fallen. Others leave more. */
const LIMIT = 1.7
const LIMIT_RUNS = { alone: 3, shared: 6 }
/** Shorter ones are alike by chance. */
const LEAST_RUN = 5
/** So far below what is proven it yields while nobody else seems to be there. */
const BELOW = 1.25
/** Two paces that differ by less are the same. */
const SAME = 1.02
/** Steps upwards: the first, and the smallest that is worth it. */
const STEP = 2
const LEAST_STEP = 1.05
/** What a bucket holds at most that was taken for one that holds next to nothing. */
const ROOM = 5

const runsOf = (walls: Bucket['walls'], traffic: Traffic, flight: readonly Sent[]): number[] => {
  const latest = walls.slice(-LIMIT_RUNS.shared - 1)
  return latest.slice(1).map(({ at }, i) => countBetween(traffic, flight, latest[i]!.at, at))
}

/** Infinity with fewer than `count`. */
const meanOf = (runs: readonly number[], count: number): number =>
  runs.length < count ? Number.POSITIVE_INFINITY : runs.slice(-count).reduce((sum, run) => sum + run, 0) / count

/** Most are let in, but it is refused again and again. */
const isAgain = (runs: readonly number[]): boolean =>
  meanOf(runs, RUNS) > LIMIT && runs.length >= RUNS && runs.slice(-RUNS).every((run) => run < SHORT)

/** So many in each, give or take one: what is saved up is used up at the same pace each time. Others come at random. */
const isRegular = (runs: readonly number[]): boolean => {
  const latest = runs.slice(-LIMIT_RUNS.shared)
  const least = Math.min(...latest)
  return latest.length === LIMIT_RUNS.shared && least >= LEAST_RUN && Math.max(...latest) - least <= 1
}

/**
 * What it holds at most if the limit is at least that: all that was let in before the first wall and one, less what was granted. Of one
 * that was empty at first that tells nothing, unless more flowed in than was let in: then it had run over.
 */
const roomOf = ({ room, proven }: Bucket): number => {
  if (room === null) return ROOM
  const { count, ms, emptyMs } = room
  if (emptyMs !== undefined && (proven * emptyMs) / 1000 < count + 1) return Number.POSITIVE_INFINITY
  return Math.max(1, Math.floor(count + 1 - (proven * ms) / 1000))
}

/** Refused at less than is granted, it holds no more than it has shown. */
const seen = ({ room }: Bucket): Bucket['room'] => room && { count: room.count, ms: room.ms }

/** Requests per second that were granted from the wall before to the latest. */
const grantedTo = (bucket: Bucket, walls: Bucket['walls'], { admitted }: Traffic): number => {
  const [before, last] = walls.slice(-2)
  if (before === undefined || last === undefined) return 0
  const run = admitted.slice(indexFrom(admitted, before.at + 1), indexFrom(admitted, last.at))
  // At a wall it was empty; in a wait it may have filled, as far as it holds so much. Else all that flowed in since the wall is granted.
  const room = bucket.tollMs === 0 ? Number.POSITIVE_INFINITY : roomOf(bucket)
  const [from, saved] = Number.isFinite(room) ? [run[0]!, room] : [before.at, 1]
  if (run.length <= saved) return 0
  // Those that left within a moment tell of no rate: it was not more than was asked for, give or take jitter.
  return Math.min(BELOW * bucket.rate, ((run.length - saved) * 1000) / (run.at(-1)! - from))
}

/** With room for jitter, which may bring two together. */
const evenly = (rate: number): number => (rate > 0 ? evenRate(1, 1000 / rate) : 0)

/** The pace goes to `rate`, and how often it is refused is counted anew. */
const goTo = (rate: number, bucket: Bucket, others: Others): Bucket => ({
  ...bucket,
  rate,
  others,
  walls: bucket.walls.slice(-1),
  hasty: 0,
})

/** While somebody else seems to be there: a faster pace is held as far as it is proven to be granted. */
const amongOthers = (rate: number, refused: Bucket, others: Others, runs: readonly number[]): Bucket => {
  const { proven, room } = refused
  const { isSo, step, trial } = others
  if (trial !== null) {
    if (proven * Math.sqrt(step) >= trial)
      return goTo(proven, refused, { isSo: true, step: isSo ? step : STEP, trial: null })
    if (runs.length < RUNS) return { ...refused, rate }
    return isSo
      ? goTo(proven, refused, { ...others, step: Math.sqrt(step), trial: null })
      : { ...refused, others: null }
  }
  if (!isAgain(runs)) return { ...refused, rate: Math.max(rate, evenly(proven)) }
  if (step >= LEAST_STEP) return goTo(step * proven, refused, { ...others, trial: step * proven })
  if (runs.length < 2 * RUNS) return { ...refused, rate: evenly(proven) }
  // No pace helps: what was thought to be granted was saved up.
  const less = { ...refused, proven: proven / BELOW, room: room && { ...room, count: room.count + 1 } }
  return goTo(less.proven, less, { ...others, step: STEP })
}

/** The bucket after a refusal: `yielding` is what it is where nobody else is there. */
export const sharing = (bucket: Bucket, yielding: Bucket, traffic: Traffic, flight: readonly Sent[]): Bucket => {
  const { rate, others } = bucket
  const runs = runsOf(yielding.walls, traffic, flight)
  const granted = grantedTo(bucket, yielding.walls, traffic)
  const fallen = Math.max(granted, bucket.proven / BELOW)
  if (meanOf(runs, others === null ? LIMIT_RUNS.alone : LIMIT_RUNS.shared) <= LIMIT || isRegular(runs))
    return { ...yielding, proven: fallen, others: null }
  const proven = Math.max(bucket.proven, granted)
  if (others !== null) return amongOthers(rate, { ...yielding, proven }, others, runs)
  const least = evenly(proven) / BELOW
  // Slower did not help. So much has to be granted again: the limit may have fallen.
  if (isAgain(runs) && rate <= SAME * least)
    return goTo(
      proven,
      { ...yielding, proven: fallen, room: seen(yielding) },
      { isSo: false, step: BELOW, trial: proven },
    )
  return { ...yielding, proven, rate: Math.max(yielding.rate, Math.min(rate, least)) }
}
