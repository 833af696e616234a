/**
 * A look whether the limit was raised. Where the rate is known it need not creep up: at times more is asked for, for so long that it
 * cannot be paid from what is saved up near the limit: as much more as costs hardly more than one refusal, for those in flight are
 * refused as well. Mostly it is refused, which is one more wall to reckon the rate from; else still more is tried, and so on.
 */
import { type Bucket, heldAt, OVER, type Search } from './bucket.ts'

/** The shortest step of a look, and the longest first one. */
const HIGHER = 1.1
const FIRST = 1.5
/** A look that is refused has so many in flight at most, on the mean, that are refused with the first; a further step more. */
const FLYING = { first: 0.5, further: 3 }
/** Of a window so many more than its quota, and so many times as many tell. */
const BEYOND = 2
const WHOLE = 1.5
/** The longest further step: the limit is then between one and so many times what went well. Less where each refusal is a wait. */
const STRIDE = { silent: 1.5, told: 1.21 }
/** It asks for so many more in all than the rate: near the limit less is saved up. */
const MORE = 5.5
/** A look after so many requests without a refusal, and later by so many for each that the wait after a refusal will lose. */
const EVERY = 380
/** Where one token is held, at a rate near what was refused: jitter refuses some besides. Later by as much for so many in flight. */
const EVERY_NARROW = 500
const FLOWN = 2
const NEAR = 0.95
/** Where it is the even pace of a window of which little is known: all of a flight that finds it full is refused. */
const EVERY_OF_WINDOW = 650
/** Of a counter that is known, where a request is alone in flight: that one is refused, and maybe the next. */
const EVERY_ALONE = 440
/** Sooner where no refusal has told that the rate is near the limit, and one costs nothing but itself. */
const UNMET_EVERY = 150
/** As if so many had been let in already, at most, where an earlier run has found the limit. */
export const LET_IN_BEFORE = EVERY - UNMET_EVERY
const PER_LOST = 20
/** And for no more of the job than that: the limit may have been raised. */
const MOST_OF_LEFT = 1 / 2
/** Where nothing can be saved up few requests tell. */
const NARROW_NEED = 5
/** So much higher went well, by two steps and more, that it is another limit. */
const MOVED = 1.4
/** What is reckoned to be granted may be as much more. */
const AT_LEAST = 1.05

/** How many requests of the job are left, and how long an answer takes, ms. */
export type Job = { left: number; latencyMs: number }
const ENDLESS: Job = { left: Number.POSITIVE_INFINITY, latencyMs: Number.POSITIVE_INFINITY }

/** Requests that the wait after a refusal will lose: what the bucket cannot hold. */
const lostBy = ({ rate, tollMs, burst, holds, steady }: Bucket): number =>
  Math.max(0, (rate * tollMs) / 1000 - (holds === null || steady ? burst : heldAt(holds, rate)))

/** Requests in a window, if it is one: until so many are used up any rate goes through. */
const quotaOf = ({ rate, windowMs }: Bucket): number => (rate * windowMs) / 1000
const WINDOWS = 2

/** How many have to be let in without a refusal; Infinity: it is not looked. */
const dueAfter = (bucket: Bucket, latencyMs: number): number => {
  const { rate, narrow, sure, met, explained, most, ceiling, tollMs, holds, steady, windowMs } = bucket
  // Far below what was refused something may have been saved up, if it holds more than it seems to.
  if (narrow && most === null) {
    if (rate <= NEAR * (ceiling ?? 0)) return Number.POSITIVE_INFINITY
    return EVERY_NARROW * Math.max(1, (rate * latencyMs) / 1000 / FLOWN)
  }
  if (most !== null || ceiling === null || !sure) return Number.POSITIVE_INFINITY
  if (explained > 0 && windowMs > 0) return EVERY
  if (explained > 0) return rate * latencyMs < 1000 ? EVERY_ALONE : EVERY_OF_WINDOW
  if (met || (tollMs > 0 && (holds === null || steady))) return steady ? EVERY_OF_WINDOW : EVERY
  return UNMET_EVERY
}

export const isLookDue = (bucket: Bucket, { left, latencyMs }: Job = ENDLESS): boolean =>
  Math.min(bucket.clean, 2 * left) >=
  Math.max(dueAfter(bucket, latencyMs) + PER_LOST * lostBy(bucket), bucket.narrow ? 0 : WINDOWS * quotaOf(bucket))

/** A bucket may hold so many times what is counted on. */
export const HOLDS = 2

/** A rate that has met no limit is looked up from, and each step takes more than may have been saved up. */
const outdoesSavings = ({ met, search, rate, burst }: Bucket): boolean =>
  !met && search?.from !== undefined && search.need * (1 - search.from / rate) > HOLDS * burst

/**
 * Whether a look goes on in ever longer steps: not where each refusal makes everybody wait, unless the wait tells the rate, nor where
 * savings may pay for it, nor where it is a matter of spacing, nor after a bold guess, which begins with a long one.
 */
export const strides = (bucket: Bucket): boolean => {
  const { narrow, looksUp, tollMs, holds, walls } = bucket
  return !narrow && !looksUp && (holds === null ? tollMs === 0 : walls.length > 0 || outdoesSavings(bucket))
}

/** Up from this rate by as much as may be refused in one flight, and `most`. */
const stepOf = (rate: number, latencyMs: number, flying: number, most: number): number =>
  Math.min(most, Math.max(HIGHER, 1 + (flying * 1000) / (rate * latencyMs)))

/** The next step of a look that went well: the limit was raised, and may be far higher. */
export const nextStep = (bucket: Bucket, { step, from }: Search, { latencyMs }: Job = ENDLESS): number => {
  if (from === undefined || bucket.narrow || bucket.looksUp) return step
  const stride = strides(bucket) ? STRIDE.silent : STRIDE.told
  // Where a refusal is a wait, that is what it costs, however many are refused together.
  const most = bucket.tollMs > 0 ? stride : stepOf(bucket.rate, latencyMs, FLYING.further, stride)
  return Math.max(step, Math.min(Math.max(step, HIGHER) ** 2, most))
}

/** How many a window lets in, where its quota explains what was refused; 0: it is none. */
const perWindow = (bucket: Bucket): number => (bucket.explained > 0 ? quotaOf(bucket) : 0)

/** How many requests tell that so much more goes through. */
const neededFor = (bucket: Bucket, step: number): number => {
  if (bucket.narrow) return NARROW_NEED
  const quota = perWindow(bucket)
  // Nothing is saved up in a window: a whole one tells, which has begun by the end of the one that is on.
  return Math.ceil(quota > 0 ? WHOLE * step * quota : Math.max(MORE / (1 - 1 / step), step * quotaOf(bucket)))
}

/** The first step of a look. */
const firstStep = (bucket: Bucket, latencyMs: number): number => {
  const { rate, narrow, steady, windowMs, burst } = bucket
  // All of a flight that finds a window full is refused: in each one more than its quota is asked for, and what an even pace leaves.
  const quota = perWindow(bucket)
  if (quota > 0) return Math.min(FIRST, 1 + BEYOND / quota)
  // Where nothing is counted on that is saved up the spacing may be what is refused.
  return narrow || steady || windowMs > 0 || burst < 2 ? HIGHER : stepOf(rate, latencyMs, FLYING.first, FIRST)
}

export const lookUp = (bucket: Bucket, now: number, { left, latencyMs }: Job = ENDLESS): Bucket => {
  const { rate, walls, rested } = bucket
  const step = firstStep(bucket, latencyMs)
  // A bucket that has rested may be full, whatever we count on: at the first look that is used up, and not at a higher step.
  const most = Math.min((MORE + rested) / (1 - 1 / step), MOST_OF_LEFT * left)
  const saved = walls.length === 0 && rested > 0 ? Math.round(most) : 0
  const need = Math.max(neededFor(bucket, step), saved)
  return {
    ...bucket,
    rate: step * rate,
    search: { low: rate, high: null, step, need, passed: 0, sinceAt: now, from: rate },
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
 * The bucket of a limit that was raised while it was looked at: the walls before are of another one. Beside what it held it has granted
 * so much, be it that it was full; the next wall will tell the rate from this one on. A window lets in no more than its quota, and what of
 * the one before lies within its length.
 */
const moved = (
  { rate, burst, windowMs, tollMs }: Bucket,
  from: number,
  held: number,
  { walls, lately, granted }: Ended,
): Partial<Bucket> => {
  const anew = { search: null, walls: walls.slice(-1), explainedSince: walls.at(-1)!.at, clean: 0 }
  if (windowMs === 0) {
    // Where it brings a wait, that will tell the rate.
    const most = tollMs > 0 ? Number.POSITIVE_INFINITY : AT_LEAST * granted
    const limit = Math.max(from, Math.min(Math.sqrt(held * rate), most))
    return { ...anew, rate: limit, proven: Math.min(held, limit), sure: false, tokens: -Math.min(1, (burst - 1) / 2) }
  }
  const limit = Math.max(held, Math.min(rate, lately))
  // What is full opens again within its length, on the mean after half of it.
  return {
    ...anew,
    rate: limit,
    proven: held,
    explained: 1,
    ceiling: rate,
    sure: true,
    tokens: (-limit * windowMs) / 2000,
  }
}

/** What the refusal that ends the look makes of the bucket. */
export const lookedUp = (bucket: Bucket, { from, low, passed }: Search, ended: Ended): Partial<Bucket> => {
  const { rate, burst, steady, narrow, walls } = bucket
  const { known, granted } = ended
  // Before the first wall what went through may have been paid from savings. A rate that has met no limit may be far too low.
  const saved = bucket.met ? from! : Math.max(from!, Math.min(low!, granted))
  const held = walls.length === 0 ? saved : low!
  if (strides(bucket) && held > MOVED * from!) return moved(bucket, from!, held, ended)
  // That a single token is refused higher up says nothing of the pace that was held.
  const reckonedRate =
    known !== null && known.error < 0.02 && !steady && !narrow ? known.rate * (1 - known.error / 4) : held
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
