/**
 * A look whether the limit was raised. Where the rate is known it need not creep up: at times a tenth more is asked for, for so
 * long that it cannot be paid from what is saved up near the limit. Mostly that is refused, which is one more wall to reckon
 * the rate from; else a tenth more is tried, and so on.
 */
import { type Bucket, heldAt, OVER, type Search } from './bucket.ts'

const HIGHER = 1.1
const NEED = 60
/** A look after so many requests without a refusal, and later by so many for each that the wait after a refusal will lose. */
const EVERY = 500
/** Where it is the even pace of a window: none of what a higher one finds is saved up, so each look is refused at once. */
const EVERY_OF_WINDOW = 650
/** Sooner where no refusal has told that the rate is near the limit, and one costs nothing but itself. */
const UNMET_EVERY = 150
/** As if so many had been let in already, at most, where an earlier run has found the limit. */
export const LET_IN_BEFORE = EVERY - UNMET_EVERY
const PER_LOST = 20
/** And for no more of the job than that: the limit may have been raised. */
const MOST_OF_LEFT = 1 / 2
/** Where nothing can be saved up few requests tell, and a look is worth it once the rate has crept past what was refused. */
const NARROW_NEED = 5
const NARROW_EVERY = 300
const PASSED = 1.02
/** So much higher went well, by two steps and more, that it is another limit. */
const MOVED = 1.4

/** Requests that the wait after a refusal will lose: what the bucket cannot hold. */
const lostBy = ({ rate, tollMs, burst, holds, steady }: Bucket): number =>
  Math.max(0, (rate * tollMs) / 1000 - (holds === null || steady ? burst : heldAt(holds, rate)))

/** Requests in a window, if it is one: until so many are used up any rate goes through. */
const quotaOf = ({ rate, windowMs }: Bucket): number => (rate * windowMs) / 1000
const WINDOWS = 2

export const isLookDue = (bucket: Bucket, left = Number.POSITIVE_INFINITY): boolean => {
  const { narrow, sure, met, explained, most, clean, rate, ceiling, tollMs, holds, steady } = bucket
  if (most !== null) return false
  if (narrow) return clean >= NARROW_EVERY && (ceiling === null || rate > PASSED * ceiling)
  if (ceiling === null) return false
  const usual = steady || explained > 0 ? EVERY_OF_WINDOW : EVERY
  const every = met || explained > 0 || (tollMs > 0 && (holds === null || steady)) ? usual : UNMET_EVERY
  return sure && Math.min(clean, 2 * left) >= Math.max(every + PER_LOST * lostBy(bucket), WINDOWS * quotaOf(bucket))
}

/** A bucket may hold so many times what is counted on. */
export const HOLDS = 2

/** A rate that has met no limit is looked up from, and each step takes more than may have been saved up. */
const outdoesSavings = ({ met, search, rate, burst }: Bucket): boolean =>
  !met && search?.from !== undefined && NEED * (1 - search.from / rate) > HOLDS * burst

/**
 * Whether a look goes on in ever longer steps: not where each refusal makes everybody wait, unless the wait tells the rate, nor where
 * savings may pay for it, nor where it is a matter of spacing, nor after a bold guess, which begins with a long one.
 */
export const strides = (bucket: Bucket): boolean => {
  const { narrow, looksUp, tollMs, holds, walls } = bucket
  return !narrow && !looksUp && (holds === null ? tollMs === 0 : walls.length > 0 || outdoesSavings(bucket))
}

export const lookUp = (bucket: Bucket, now: number, left = Number.POSITIVE_INFINITY): Bucket => {
  const { rate, narrow, walls, rested } = bucket
  // A bucket that has rested may be full, whatever we count on: at the first look that is used up, and not at a higher step.
  const saved = walls.length === 0 ? Math.round(Math.min(rested / (HIGHER - 1), MOST_OF_LEFT * left)) : 0
  const need = narrow ? NARROW_NEED : Math.max(NEED, saved, HIGHER * quotaOf(bucket))
  return {
    ...bucket,
    rate: HIGHER * rate,
    search: { low: rate, high: null, step: HIGHER, need, passed: 0, sinceAt: now, from: rate },
  }
}

/** What the walls say when a look is refused. */
type Ended = {
  /** The rate as reckoned, and its error as a share. */
  known: { rate: number; error: number } | null
  /** The walls, this one included. */
  walls: Bucket['walls']
  /** Requests per second that were let in within the length of a window before it; 0 where it is none. */
  lately: number
  /** Requests per second that the limit is at least, whatever had been saved up. */
  granted: number
}

/**
 * The bucket of a limit that was raised while it was looked at: the walls before are of another one. The next will tell the rate
 * from this one on; a window lets in no more than its quota, and what of the one before lies within its length.
 */
const moved = ({ rate, burst, windowMs }: Bucket, held: number, { walls, lately }: Ended): Partial<Bucket> => {
  const anew = { search: null, walls: walls.slice(-1), explainedSince: walls.at(-1)!.at, clean: 0 }
  if (windowMs === 0)
    return { ...anew, rate: Math.sqrt(held * rate), sure: false, tokens: -Math.min(1, (burst - 1) / 2) }
  const limit = Math.max(held, Math.min(rate, lately))
  // What is full opens again within its length, on the mean after half of it.
  return { ...anew, rate: limit, explained: 1, ceiling: rate, sure: true, tokens: (-limit * windowMs) / 2000 }
}

/** What the refusal that ends the look makes of the bucket. */
export const lookedUp = (bucket: Bucket, { from, low, passed }: Search, ended: Ended): Partial<Bucket> => {
  const { rate, burst, steady, walls } = bucket
  const { known, granted } = ended
  // Before the first wall what went through may have been paid from savings. A rate that has met no limit may be far too low.
  const saved = bucket.met ? from! : Math.max(from!, Math.min(low!, granted))
  const held = walls.length === 0 ? saved : low!
  if (strides(bucket) && held > MOVED * from!) return { ...moved(bucket, held, ended), proven: held }
  const reckonedRate = known !== null && known.error < 0.02 && !steady ? known.rate * (1 - known.error / 4) : held
  return {
    search: null,
    rate: Math.min(HIGHER * held, Math.max(0.97 * held, reckonedRate)),
    sure: true,
    met: true,
    ceiling: held * OVER,
    clean: 60,
    // What was taken ahead of a short window's quota is not there now.
    tokens: burst < 2 ? -passed * (1 - held / rate) : -Math.min(1, (burst - 1) / 2),
  }
}
