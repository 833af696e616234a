/** What a request that was let in does to the bucket: its rate grows. */
import { type Bucket, OVER } from './bucket.ts'
import { isLookDue, type Job, lookUp, nextStep } from './bucket-look-up.ts'
import { acceptedBeside } from './bucket-shared.ts'
import { tried } from './bucket-trial.ts'

/** So far above a rate that was refused, it is not the limit any more. */
const PASSED = 1.015

/**
 * With each answer a rate grows by so much at most. As many come in a round trip as are in flight, all of which left at a lower rate: where it
 * had been known, so little is enough to find out that the limit was raised, and does not leap far above it.
 */
const RISE = { unknown: 0.02, known: 0.005 }

const LOOK_UP = 1.6
/** So far below the mean, the rate leaps by so much with each request. */
const FAR = 4
const LEAP = 1.3

/** While nothing is refused: quickly back to near where the last refusal was met, later by a creep that grows. */
const raised = (bucket: Bucket, mean: number): number => {
  const { rate, burst, ceiling, sure, clean, narrow, tollMs, walls, fallback, windowMs, explained, rested } = bucket
  // A bold guess is of a whole quota: a hundredth more would be refused, and taken for a wrong guess.
  if (fallback !== null) return rate
  // Far below what was let in on the whole, and nothing was refused: by hundredths it would take hours.
  if (clean >= 3 && rate < mean / FAR) return rate * LEAP
  // The limit was raised: what was refused before goes through. Before the first wall it may be savings that pay.
  const isPassed = ceiling !== null && rate > PASSED * ceiling && walls.length > 0
  if (!narrow && (!sure || isPassed)) return rate * (1 + Math.min(sure ? RISE.known : RISE.unknown, 0.0001 * clean))
  if (!narrow && ceiling !== null && rate < 0.9 * ceiling) return rate * 1.02
  // What is saved up would pay for a creep; a look higher tells more. Nor is there anything between a quota and the next one.
  if (burst >= 2 || windowMs > 0 || explained > 0 || (rested >= 2 && walls.length === 0)) return rate
  if (narrow && clean > 60 && ceiling !== null && rate < 0.8 * ceiling) return rate * 1.004
  const over = clean / 300 - 0.3
  if (over <= 0) return rate
  // Near where a refusal was met there is little to find: now and then a look whether the limit was raised, the more
  // seldom the longer a refusal makes us wait.
  const near = ceiling !== null && rate > 0.97 * ceiling ? (narrow ? 0.4 : tollMs > 0 ? 0.35 : 0.8) : 1
  return rate * (1 + (near * 0.015 * (1 + over)) / 300)
}

/** A bold guess has held: it stands, unless a much higher rate goes through as well. */
const settled = ({ rate, looksUp }: Bucket, now: number): Partial<Bucket> =>
  looksUp
    ? {
        steady: true,
        rate: rate * LOOK_UP,
        search: {
          low: rate,
          high: null,
          step: LOOK_UP,
          need: Math.max(5, rate / 2),
          passed: 0,
          sinceAt: now,
          from: rate,
        },
      }
    : { steady: true, sure: true, ceiling: rate * OVER }

/**
 * `most`: requests per second that the width allows; a higher rate was not tried, whatever the pace says. `mean`: what was
 * let in per second on the whole.
 */
export const bucketAccepted = (
  bucket: Bucket,
  sentAt: number,
  now: number,
  most: number,
  mean = 0,
  job?: Job,
): Bucket => {
  const { search } = bucket
  // A bold guess that held so long is right: it is a short window, and nothing is saved up in those.
  const bold = bucket.fallback !== null && bucket.clean >= 20
  const next = {
    ...bucket,
    clean: bucket.clean + 1,
    barren: 0,
    hasty: bucket.clean >= 30 ? 0 : bucket.hasty,
    fallback: bold ? null : bucket.fallback,
    opening: bold ? null : bucket.opening,
    ...(bold ? settled(bucket, now) : {}),
  }
  if (bold) return next
  const highest = Math.min(most, bucket.most ?? most)
  if (next.others !== null) return acceptedBeside(next, next.others, sentAt, now, highest)
  if (search === null && isLookDue(next, job)) return lookUp(next, now, job)
  if (search === null)
    return bucket.rate < highest ? { ...next, rate: Math.min(raised(bucket, mean), bucket.most ?? most) } : next
  if (sentAt < search.sinceAt || bucket.rate > most) return next
  const passed = search.passed + 1
  if (passed < search.need) return { ...next, search: { ...search, passed } }
  return tried(next, { ...search, step: nextStep(bucket, search, job), low: bucket.rate }, now)
}
