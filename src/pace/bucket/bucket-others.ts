/**
 * The pace where somebody else uses up the limit, too. What they take comes at their instants, so a refusal says little of our pace: of a
 * bucket of one token they refuse up to a third of whatever is asked. What a page costs at a pace, in time and refusals, does tell. So
 * other paces are tried: first ever faster ones, as long as two in a row are let in, which a pace above the limit never brings; then
 * smaller steps, up and down, and the cheapest is held.
 */

import { type Bucket, evenRate } from './bucket.ts'
import { costAt, type Run } from './bucket-paces.ts'

/**
 * What came of a pace, requests per second: so many let in and refused; `row`: let in since the latest refusal; `single`: refusals in
 * a row before which no more were let in than any pace brings.
 */
export type Tally = { rate: number; count: number; refused: number; row: number; single: number }

/**
 * `held`: the best pace so far. `trial`: the one that is tried in its place, which is so many times (`step`) as fast; null: none, and the
 * next follows once so many (`due`) are refused at the held one. `sinceAt`: what left earlier left at another pace, ms.
 */
export type Others = { held: Tally; trial: Tally | null; step: number; due: number; sinceAt: number }

/** While most that is known is that others are there; of small steps, and of one in time that may have changed everything. */
const STEP = { climb: 2, most: 1.6, fine: 1.26, again: 1.2, least: 1.05 }
/** Of a pace that is refused more often, of those let in, it is not known what it is near. */
const OFTEN = 0.1
/** Others refuse a third. With more, as a share of those let in, the limit is met. */
const AT_MOST = 0.6
/** So many refusals tell, and so many by which only one at a time was let in. */
const KNOWN = 3
const SINGLE = 3
/** A trial that is no better after so many is none. */
const TRIAL = 200
/** After the smallest steps the pace is held for so many requests, or refusals. */
const PAUSE = { count: 300, refused: 4 * KNOWN }
/** Refused so rarely, nobody else is there. */
const RARE = 200
/** So far below what is proven to be granted it never yields, whoever is there; beside others, where refusals are waits, which may cost more. */
export const BELOW = { silent: 1.25, told: 2 }

const anew = (rate: number): Tally => ({ rate, count: 0, refused: 0, row: 0, single: 0 })

/** With room for jitter, which may bring two together. */
export const evenly = (rate: number): number => (rate > 0 ? evenRate(1, 1000 / rate) : 0)

/** The slowest pace that is any use. */
export const leastOf = ({ proven, tollMs }: Bucket): number => evenly(proven) / (tollMs > 0 ? BELOW.told : BELOW.silent)

const goTo = (bucket: Bucket, others: Others, now: number): Bucket => ({
  ...bucket,
  rate: (others.trial ?? others.held).rate,
  others: { ...others, sinceAt: now },
  walls: bucket.walls.slice(-1),
  hasty: 0,
})

const counted = (others: Others, count: (tally: Tally) => Tally): Others =>
  others.trial === null ? { ...others, held: count(others.held) } : { ...others, trial: count(others.trial) }

const isTooFast = ({ single, refused, count }: Tally, few = SINGLE): boolean =>
  single >= few || (refused > few && refused > AT_MOST * count)

/** By so many refusals more or less the cost of a pace may be a matter of chance. */
const chanceOf = ({ refused }: Tally): number => Math.max(1, Math.sqrt(refused))

const isBetter = (trial: Tally, held: Tally, tollMs: number): boolean =>
  trial.count > 1 &&
  trial.refused <= AT_MOST * trial.count &&
  costAt(trial, tollMs, chanceOf(trial)) < costAt(held, tollMs)

/** A faster pace deserves the benefit of the doubt. */
const isWorse = (trial: Tally, { held, step }: Others, tollMs: number): boolean => {
  if (isTooFast(trial) || trial.count >= TRIAL) return true
  if (trial.refused < 2) return false
  const [less, more] = step < 1 ? [1, 0] : [chanceOf(trial), chanceOf(held)]
  return costAt(trial, tollMs, -less) > costAt(held, tollMs, more)
}

/** After a step that was no use: half of it, and once it is small the same down. */
const smaller = (step: number): number =>
  step > STEP.fine * 1.03 ? Math.sqrt(step) : step > 1 ? 1 / step : 1 / Math.sqrt(step)

const given = (others: Others, step: number): Others => ({
  ...others,
  trial: null,
  step,
  due: others.held.refused + KNOWN,
})

/** While a trial is on. `few` may be let in at any pace, one after the other. */
const onTrial = (bucket: Bucket, others: Others, trial: Tally, few: number, now: number, most: number): Bucket => {
  const { held, step } = others
  const { tollMs } = bucket
  if (step >= STEP.climb) {
    const faster = trial.rate * step
    if (trial.row > few && trial.refused <= AT_MOST * trial.count)
      return goTo(bucket, { ...others, held: trial, due: KNOWN, trial: faster > most ? null : anew(faster) }, now)
    return isTooFast(trial) ? goTo(bucket, given(others, Math.sqrt(step)), now) : { ...bucket, others }
  }
  if (isBetter(trial, held, tollMs)) {
    const further = step < 1 ? step : Math.min(STEP.most, step ** 2)
    return goTo(bucket, { ...others, held: trial, trial: null, due: KNOWN, step: further }, now)
  }
  return isWorse(trial, others, tollMs) ? goTo(bucket, given(others, smaller(step)), now) : { ...bucket, others }
}

/** While a pace is held. */
const onHold = (bucket: Bucket, others: Others, now: number, most: number): Bucket => {
  const { held, step, due } = others
  const { rate, count, refused } = held
  const least = leastOf(bucket)
  const slower = Math.max(least, rate / STEP.most)
  if ((count + 1) / (refused + 1) > RARE) return { ...bucket, others: null }
  const tryAt = (next: Others): Bucket => goTo(bucket, { ...next, trial: anew(rate * next.step) }, now)
  if (slower < rate / 1.02) {
    if (refused >= due && refused > AT_MOST * count) return tryAt({ ...others, step: slower / rate })
    if (isTooFast(held, SINGLE + 1))
      return goTo(bucket, { ...others, held: anew(slower), step: Math.min(step, STEP.fine), due: KNOWN }, now)
  }
  const isOften = refused >= OFTEN * count
  if (step >= STEP.climb && (isOften || count < TRIAL) && rate * step <= most) return tryAt(others)
  const isSettled = Math.max(step, 1 / step) < STEP.least
  if (refused < due || (isSettled && count < PAUSE.count && refused < PAUSE.refused)) return { ...bucket, others }
  const known = { ...held, count: count / KNOWN, refused: refused / KNOWN }
  const next = isSettled ? { ...others, held: known, step: isOften ? STEP.climb : STEP.again } : others
  const isOut = rate * next.step > most || (next.step < 1 && rate * next.step < least)
  return isOut ? { ...bucket, others: { ...next, step: smaller(next.step) } } : tryAt(next)
}

const next = (bucket: Bucket, others: Others, few: number, now: number, most: number): Bucket =>
  others.trial === null ? onHold(bucket, others, now, most) : onTrial(bucket, others, others.trial, few, now, most)

/** The bucket at a pace of which so much is known, from which a better one is looked for; `climbs`: it may be far too slow. */
export const amongOthers = (
  bucket: Bucket,
  rate: number,
  now: number,
  runs: readonly Run[] = [],
  climbs = false,
): Bucket => {
  const held = { ...anew(rate), count: runs.reduce((sum, { count }) => sum + count, 0), refused: runs.length }
  const step = climbs || held.refused > OFTEN * held.count || runs.length === 0 ? STEP.climb : STEP.fine
  return goTo(bucket, { held, trial: null, step, due: KNOWN, sinceAt: now }, now)
}

/** After an answer to a request that was let in. `most`: requests per second that can be tried. */
export const lettingIn = (
  bucket: Bucket,
  others: Others,
  few: number,
  sentAt: number,
  now: number,
  most: number,
): Bucket =>
  sentAt < others.sinceAt
    ? bucket
    : next(
        bucket,
        counted(others, (tally) => ({ ...tally, count: tally.count + 1, row: tally.row + 1 })),
        few,
        now,
        most,
      )

/** After a refusal of a request that left at `sentAt`, of which nothing is concluded yet. */
export const turningAway = (others: Others, few: number, sentAt: number): Others =>
  sentAt < others.sinceAt
    ? others
    : counted(others, (tally) => {
        const { refused, row, single } = tally
        return { ...tally, refused: refused + 1, row: 0, single: row > few ? 0 : row > 0 ? single + 1 : single }
      })

/** After a wall. */
export const walled = (bucket: Bucket, others: Others, few: number, sentAt: number, now: number): Bucket =>
  next(bucket, turningAway(others, few, sentAt), few, now, bucket.most ?? Number.POSITIVE_INFINITY)
