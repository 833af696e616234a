/**
 * A look whether the limit was raised. Where the rate is known it need not creep up: at times a tenth more is asked for, for so
 * long that it cannot be paid from what is saved up near the limit. Mostly that is refused, which is one more wall to reckon
 * the rate from; else a tenth more is tried, and so on.
 */
import type { Bucket, Search } from './bucket.ts'

const HIGHER = 1.1
const NEED = 60
/** A look after so many requests without a refusal, and later by so many for each that the wait after a refusal will lose. */
const EVERY = 650
const PER_LOST = 20
/** Where nothing can be saved up few requests tell, and a look is worth it once the rate has crept past what was refused. */
const NARROW_NEED = 5
const NARROW_EVERY = 300
const PASSED = 1.02

export const isLookDue = ({ narrow, sure, most, clean, burst, rate, ceiling, tollMs }: Bucket): boolean => {
  if (most !== null || ceiling === null) return false
  if (narrow) return clean >= NARROW_EVERY && rate > PASSED * ceiling
  return sure && clean >= EVERY + PER_LOST * Math.max(0, (rate * tollMs) / 1000 - burst)
}

export const lookUp = (bucket: Bucket, now: number): Bucket => {
  const { rate, narrow } = bucket
  const need = narrow ? NARROW_NEED : NEED
  return {
    ...bucket,
    rate: HIGHER * rate,
    search: { low: rate, high: null, step: HIGHER, need, passed: 0, sinceAt: now, from: rate },
  }
}

/** What the refusal that ends the look makes of the bucket. `known`: the rate as reckoned, and its error as a share. */
export const lookedUp = (
  { rate, burst, steady, walls }: Bucket,
  { from, low, passed }: Search,
  known: { rate: number; error: number } | null,
): Partial<Bucket> => {
  // Before the first wall what went through may have been paid from savings.
  const held = walls.length === 0 ? from! : low!
  const reckonedRate = known !== null && known.error < 0.02 && !steady ? known.rate * (1 - known.error / 4) : held
  return {
    search: null,
    rate: Math.min(HIGHER * held, Math.max(0.97 * held, reckonedRate)),
    sure: true,
    ceiling: held * 1.015,
    clean: 60,
    // What was taken ahead of a short window's quota is not there now.
    tokens: burst < 2 ? -passed * (1 - held / rate) : -Math.min(1, (burst - 1) / 2),
  }
}
