/**
 * Somebody else on the same key, and a bucket that holds next to nothing. Whoever comes first takes what there is: the slower our
 * pace, the more room it leaves to others, and the more of it is refused. But whatever was let in between two refusals was granted:
 * the limit is at least that. So the pace yields only to a little below it, which is enough where it was refused for jitter. Refused
 * there again and again, somebody else is there, and the pace is one for that (`bucket-others.ts`).
 */

import { countBetween, indexFrom, type Sent, type Traffic } from '../traffic.ts'
import type { Bucket, Search } from './bucket.ts'
import { amongOthers, BELOW, evenly, lettingIn, type Others, turningAway, walled } from './bucket-others.ts'
import { isLike } from './bucket-paces.ts'

/** So many runs from one refusal to the next, each of so few requests: it is refused again and again. */
const RUNS = 3
const SHORT = 15
/** Fewer than these in each at ever slower paces, down to such shares of the fastest, of a bucket that holds one token, or two. */
const OFTEN = 40
const FAR = { one: 0.8, two: 0.5 }
/** It holds one, or may hold two. */
const FEW = 2
/** So few in each, on the mean of so many: the limit itself was met, and has fallen. Others leave more. */
const LIMIT = 1.7
const LIMIT_RUNS = { alone: 3, shared: 6 }
/** Shorter ones are alike by chance. */
const LEAST_RUN = 5
/** Two paces that differ by less are the same. */
const SAME = 1.02
/** So many refusals at one pace tell that a slower one does not help. */
const KNOWN = 3
/** So many trials that were refused, each slower than the one before, are enough. */
const DOWN = 3
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

/**
 * It was refused at ever slower paces, and no more seldom: of one token jitter does not do that. Where it may hold two it takes longer to
 * tell, for what is saved up looks alike.
 */
const hasYielded = (bucket: Bucket, { runs: ended }: Bucket, runs: readonly number[]): boolean => {
  const room = roomOf(bucket)
  const far = room <= 1 ? FAR.one : room <= FEW ? FAR.two : 0
  const isOften = runs.length > RUNS && runs.slice(-RUNS - 1).every((run) => run < OFTEN)
  return isOften && meanOf(runs, RUNS) > LIMIT && bucket.rate < far * Math.max(...ended.map(({ rate }) => rate))
}

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
  return Math.min(BELOW.silent * bucket.rate, ((run.length - saved) * 1000) / (run.at(-1)! - from))
}

/** So many may be let in, one after the other, at any pace: what a wait has saved up. */
const fewOf = (bucket: Bucket): number => (bucket.tollMs > 0 ? Math.min(ROOM, roomOf(bucket)) : 1)

/** Refused at less than is granted, it holds no more than it has shown. */
const seen = ({ room }: Bucket): Bucket['room'] => room && { count: room.count, ms: room.ms }

/** One more was refused, of those that were in flight at a wall: that tells of others, and of nothing else. */
export const refusedBeside = (bucket: Bucket, sentAt: number): Bucket => {
  const { others } = bucket
  return others === null ? bucket : { ...bucket, others: turningAway(others, fewOf(bucket), sentAt) }
}

/** After an answer to a request that was let in, while somebody else seems to be there. */
export const acceptedBeside = (bucket: Bucket, others: Others, sentAt: number, now: number, most: number): Bucket =>
  lettingIn(bucket, others, fewOf(bucket), sentAt, now, most)

/**
 * After a trial that was refused, with `slower` for the next. Refused at less than was proven to be granted, or at three paces in a row,
 * each far below the one before, or three times in a row with nothing let in between, it is not the pace: slower ones would be refused as well.
 */
export const trialRefused = (bucket: Bucket, search: Search, slower: Bucket, traffic: Traffic, now: number): Bucket => {
  const proven = Math.max(bucket.proven, grantedTo(bucket, slower.walls, traffic))
  const down = search.low === null ? (search.down ?? 0) + 1 : 0
  const shared: Bucket = { ...slower, proven, search: null, narrow: true, opening: null, holds: null }
  const { least = 0 } = search
  // The source has said that a token is there so soon.
  if (bucket.rate <= SAME * least) return amongOthers(shared, evenly(least), now)
  if (bucket.rate <= proven) return amongOthers(shared, evenly(proven), now)
  if (down >= DOWN || (slower.barren >= DOWN && roomOf(bucket) <= FEW))
    return amongOthers(shared, search.low ?? slower.rate, now)
  return { ...slower, proven, search: slower.search && { ...slower.search, down } }
}

/** The bucket after a refusal: `yielding` is what it is where nobody else is there. */
export const sharing = (
  bucket: Bucket,
  yielding: Bucket,
  traffic: Traffic,
  flight: readonly Sent[],
  sentAt: number,
  now: number,
): Bucket => {
  const { rate, others, most } = bucket
  const runs = runsOf(yielding.walls, traffic, flight)
  const granted = grantedTo(bucket, yielding.walls, traffic)
  const fallen = Math.max(granted, bucket.proven / BELOW.silent)
  const isMet = meanOf(runs, others === null ? LIMIT_RUNS.alone : LIMIT_RUNS.shared) <= LIMIT || isRegular(runs)
  // A trial may well be met with the limit.
  if (isMet && (others === null || others.trial === null)) return { ...yielding, proven: fallen, others: null }
  const proven = Math.max(bucket.proven, granted)
  if (others !== null) return walled({ ...yielding, rate, proven }, others, fewOf(bucket), sentAt, now)
  // What the source says itself is more than was seen to be granted.
  const least = most === null ? evenly(proven) / BELOW.silent : Math.min(evenly(proven), proven / BELOW.silent)
  const alike = yielding.runs.filter((run) => isLike(rate, run))
  // Slower did not help.
  const isFar = hasYielded(bucket, yielding, runs)
  if (isFar || (rate <= SAME * least && (isAgain(runs) || alike.length > KNOWN)))
    return amongOthers({ ...yielding, proven, room: seen(yielding) }, rate, now, alike, isFar || roomOf(bucket) <= 1)
  return { ...yielding, proven, rate: Math.max(yielding.rate, Math.min(rate, least)) }
}
