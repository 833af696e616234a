/** What a refusal does to the bucket: it was empty, and the rate is corrected. */
import { ROUNDED_MS } from '../at-wall.ts'
import { countBetween, indexFrom, type Sent, type Traffic } from '../traffic.ts'
import { type Bucket, burstOf, heldAt, isTold, refilled } from './bucket.ts'
import { HOLDS, lookedUp } from './bucket-look-up.ts'
import { leastOf } from './bucket-others.ts'
import { meanRun, notYielding, type Run, withRun } from './bucket-paces.ts'
import { betweenRuns, reckoned } from './bucket-rate.ts'
import { sharing, trialRefused } from './bucket-shared.ts'
import { tried } from './bucket-trial.ts'
import { asWindow, lately } from './bucket-window.ts'

/** Walls that are remembered: the rate is reckoned from the first to the last. */
const WALLS = 12

/** Requests per second that were granted before a wall to a bucket that was full at first: of all spans that end there. */
const grantedFull = ({ rate, burst, holds, search }: Bucket, { admitted }: Traffic, wallAt: number): number => {
  const store = Math.max(HOLDS * burst, holds === null ? 0 : 1 + heldAt(holds, search?.from ?? rate))
  const before = admitted.slice(0, indexFrom(admitted, wallAt))
  return before.reduce((most, at, i) => Math.max(most, ((before.length - i - store) * 1000) / (wallAt - at)), 0)
}

/** Of the rate, as let in: with less the rate is too high, whoever else uses up the limit. */
const TOO_MUCH = 0.7
/** So many soon refusals before this one are no chance. */
const FALLEN = 2
/** And so many that nothing can be saved up. */
const NARROW = 3
/** After so many that went well a refusal is met near the limit. */
const MET = 60
/** By so many requests between refusals the rate is well known, however soon the last one came. */
const WELL_KNOWN = 100
/** Enough to tell half from all, as a share. */
const ROUGH = 0.2
/** After so few requests a rate was far from right; of what the runs tell, the limit is looked for no further up than this. */
const SOON = 150
const NEAR = 1.2
/** How much slower after a refusal that came so soon: what jitter refuses at this pace, a slower one lets in. */
const shrinkAfter = (clean: number, hasty: number): number => {
  const share = clean < 20 ? 0.06 : clean < 60 ? 0.04 : clean < 150 ? 0.02 : 0.01
  // Again and again so soon: it is far from right.
  return Math.min(0.25, share * 2 ** Math.max(0, hasty - 2))
}

/** Of the time since the wall before, beside the wait that it brought: with more of it lost, less was asked for than the rate allows. */
const MOSTLY_IDLE = 0.5

/**
 * Whether so little was asked for since the wall before that the bucket cannot have been empty: it is not the rate that
 * was refused, and what was let in says how much was wanted, not how much is granted.
 */
const wasIdle = ({ walls, tollMs }: Bucket, lostMs: number, sentAt: number): boolean => {
  const last = walls.at(-1)
  if (last === undefined) return false
  const [lost, passed] = [lostMs - last.lostMs - tollMs, sentAt - last.at - tollMs]
  return lost > 0 && lost > MOSTLY_IDLE * passed
}

/** Until there is a token, in whole seconds, rounded up. A longer wait is for something else: a window, a counter. */
const mayBeToken = ({ rate }: Bucket, tollMs: number): boolean => tollMs <= ROUNDED_MS + 1000 / rate

/** The rate after a refusal at this one. */
const afterRefusal = (
  bucket: Bucket,
  known: { rate: number; error: number } | null,
  runs: number | null,
  isIdle: boolean,
  ended: readonly Run[],
): number => {
  const { rate, narrow, hasty, search, steady } = bucket
  const clean = narrow ? meanRun(ended) : bucket.clean
  const slower = rate * (1 - shrinkAfter(clean, narrow && !isIdle ? hasty : 0))
  if (isIdle) return slower
  if (steady && hasty < 2) return runs === null ? slower : Math.min(slower, Math.max(runs, 0.6 * rate))
  if (narrow) return slower
  if (known === null) return rate * 0.7
  const reckonedRate = known.rate * (1 - known.error / 4)
  // Refused soon and again: the rate is not nearly right, and what was let in between tells more than it.
  if (search !== null || hasty > 0) return Math.min(slower, reckonedRate)
  const least = rate * (clean < 5 ? 0.5 : clean < 30 ? 0.8 : clean < 150 ? 0.95 : 0.985)
  return Math.min(slower, Math.max(reckonedRate, least))
}

/**
 * The walls since the limit fell: a rate that had held for long is refused soon, again and again, and what was let in since the first
 * of those is all that is granted. null: nothing speaks for it.
 */
const fallenSince = (
  { sure, narrow, hasty, rate }: Bucket,
  walls: Bucket['walls'],
  traffic: Traffic,
  flight: readonly Sent[],
): Bucket['walls'] | null => {
  const since = walls.slice(-hasty - 2)
  if (!sure || narrow || hasty < FALLEN || since.length < hasty + 2) return null
  if (countBetween(traffic, flight, walls[0]!.at, since[0]!.at) < SOON) return null
  const granted = reckoned(since, traffic, flight, false)
  return granted !== null && granted.error < ROUGH && granted.rate < TOO_MUCH * rate ? since : null
}

/**
 * A bucket that was empty when the run began, of which it is not known how much it holds, is refused again and again though less is asked
 * for than all walls together say was granted: it is a matter of spacing, so it holds next to nothing.
 */
const turnsOutNarrow = (bucket: Bucket, known: { rate: number } | null): boolean =>
  bucket.opening?.admitted.length === 0 && bucket.hasty >= NARROW && known !== null && bucket.rate < known.rate

/** Above so many per second the end of a window of a second or two is waited for, by short pauses. */
const SLOW = 8
const SHORT_PAUSE_MS = 50

/**
 * The least pause after refusals in a row, ms. Of a slow even pace it is what its requests are apart: a counter that counts refused ones as
 * well is as full as before by then, and sooner it is fuller. Where it is no even pace somebody else may take what is let in meanwhile.
 */
const leastPauseOf = ({ narrow, steady, rate }: Bucket): number =>
  steady && !narrow && rate <= SLOW ? 1000 / rate : SHORT_PAUSE_MS

/** The bucket after a refusal of a request that left at `sentAt`. */
export const bucketRefused = (
  bucket: Bucket,
  sentAt: number,
  now: number,
  traffic: Traffic,
  flight: readonly Sent[],
  tollMs = 0,
): Bucket => {
  const filled = refilled(bucket, now)
  const isIdle = bucket.search === null && wasIdle(bucket, filled.lostMs, sentAt)
  let walls: Bucket['walls'] = [...bucket.walls, { at: sentAt, lostMs: filled.lostMs }].slice(-WALLS)
  const countsLoss = bucket.narrow || bucket.opening !== null
  const holds = mayBeToken(bucket, tollMs) ? bucket.holds : null
  const isWaiting = tollMs > 0 && holds !== null
  const whole = reckoned(walls, traffic, flight, countsLoss)
  const latest = reckoned(walls.slice(-2), traffic, flight, countsLoss)
  // The limit has moved: what was reckoned before is of another limit.
  if (!isWaiting && whole && latest && latest.error < 0.05 && Math.abs(latest.rate / whole.rate - 1) > 0.15)
    walls = walls.slice(-2)
  const since = isWaiting ? null : fallenSince(bucket, walls, traffic, flight)
  if (since !== null) walls = since
  const known = reckoned(walls, traffic, flight, countsLoss)
  const saved = known && bucket.opening && known.error < 0.12 ? burstOf(bucket.opening, known.rate) : bucket.burst
  // Where the wait will tell, nothing is concluded before.
  const isLess = bucket.spending && !isWaiting
  const burst = isLess ? Math.max(1, bucket.burst / 2) : saved
  const slower = bucket.rate * (1 - shrinkAfter(bucket.clean, bucket.hasty))
  const window = asWindow(bucket, slower, traffic, flight)
  // A counter that is overrun lets nothing in for a while: that is one wall.
  const isSame = bucket.steady && bucket.clean === 0 && bucket.barren > 0
  const emptied: Bucket = {
    ...filled,
    burst,
    opening: isLess ? null : bucket.opening,
    tokens: burst >= 2 ? -Math.min(1, (burst - 1) / 2) : 0,
    at: now,
    clean: 0,
    walls,
    spending: false,
    ceiling: bucket.rate,
    sure: bucket.sure || bucket.clean >= 60 || (known !== null && known.error < 0.05),
    met: bucket.clean >= MET || (known !== null && known.error < 1 / WELL_KNOWN),
    steady: bucket.steady && bucket.hasty < 2,
    barren: bucket.barren + 1,
    barrenSince: bucket.barren === 0 ? sentAt : bucket.barrenSince,
    hasty: isSame ? bucket.hasty : bucket.search === null && bucket.clean < 30 ? bucket.hasty + 1 : 0,
    tollMs,
    holds,
    isWaiting: isWaiting && window.windowMs === 0,
    windowMs: window.windowMs,
    explained: window.explained,
  }
  const { search, fallback } = bucket
  if (window.rate !== undefined) return { ...emptied, ...window }
  if (fallback !== null) {
    const trial = { low: fallback * 0.7, high: bucket.rate, step: 1.4, need: 3, passed: 0, sinceAt: now }
    return { ...emptied, fallback: null, rate: fallback, search: trial }
  }
  // Nothing was let in since the last wall: it is still the same one, as at the end of a short window. Wait longer.
  if (bucket.clean === 0 && bucket.barren > 0 && search === null && bucket.others === null) {
    const pauseMs = leastPauseOf(bucket) * 2 ** bucket.barren
    const least = isTold(bucket) ? Math.min(bucket.rate, leastOf(bucket)) : 0
    const rate = Math.max(bucket.rate * 0.93, least)
    return { ...emptied, ceiling: bucket.ceiling, rate, tokens: 1 - (pauseMs * bucket.rate) / 1000 }
  }
  if (search?.from !== undefined)
    return {
      ...emptied,
      ...lookedUp(bucket, search, {
        known,
        walls,
        lately: lately(bucket, traffic, sentAt),
        granted: grantedFull(bucket, traffic, sentAt),
      }),
      ...(isWaiting ? { walls } : {}),
    }
  if (search !== null && (bucket.narrow || known === null || known.error > 0.12)) {
    const high = Math.min(search.high ?? Number.POSITIVE_INFINITY, bucket.rate)
    // What was taken for good is refused now: it was paid from savings.
    const low = search.low !== null && search.low < high ? search.low : null
    const further = tried(emptied, { ...search, low, high, refused: (search.refused ?? 0) + 1 }, now)
    const mayHoldNothing = bucket.narrow || bucket.opening?.admitted.length === 0
    return mayHoldNothing ? trialRefused(bucket, search, further, traffic, now) : further
  }
  const runs = betweenRuns(walls, traffic, flight)
  const ended = withRun(bucket.runs, bucket)
  const afterwards = afterRefusal(bucket, known, runs, isIdle, ended)
  // Refused so soon, and each time with a wait: it is not hurried back to where that was, if the runs tell of less.
  const isSoon = bucket.steady && tollMs > 0 && bucket.clean < SOON
  const tells = since !== null ? afterwards : isSoon ? runs : null
  const ceiling = tells !== null ? Math.min(bucket.rate, NEAR * Math.max(tells, afterwards)) : bucket.rate
  const yielding: Bucket = { ...emptied, ceiling, search: null, rate: afterwards }
  if (turnsOutNarrow(bucket, known)) return { ...yielding, narrow: true, opening: null, holds: null }
  if (!bucket.narrow && !isTold(bucket)) return yielding
  const shared = sharing(bucket, { ...yielding, runs: ended }, traffic, flight, sentAt, now)
  return shared.others === null ? { ...shared, rate: notYielding(shared.rate, ended, tollMs) } : shared
}
