/**
 * How many requests may be in flight at once. Little's law: rate times latency; found by widening while that
 * brings more. Two things hold it down besides: what a wall not yet met would cost, and a cap that was met.
 */
import { opening, type Settled, settling } from './climb.ts'
import type { Latency } from './latency.ts'
import type { Answer, Throughput } from './throughput.ts'

export type Width = {
  /** What the source makes use of, as far as is known; grows in fractions. */
  limit: number
  /** At most so many at once are taken, as far as refusals tell; null: none known. */
  cap: number | null
  /** The highest that the cap can be, by the widest that was refused, and how long a refusal at it makes everybody wait, ms. */
  capMost: number
  tollMs: number
  /** A wider cap was tried since it was met, and let in. */
  raised: boolean
  /** Refusals that spoke for a cap; with two of them it is taken for sure. */
  capWalls: number
  /** It was exceeded once at an even pace, and was refused: a rate would have let that in. */
  tried: boolean
  /** Requests let in, in a row, that had left when the width was full, and how wide it was. */
  fullClean: number
  fullAt: number
  /** The widest at which so many went well, in a row, that as many at once are hardly too many. */
  held: number
  /** Where it has settled, if more in flight brought no more; null: it is being widened. */
  settled: Settled | null
}

export const startWidth: Width = {
  limit: 1,
  cap: null,
  capMost: 0,
  tollMs: 0,
  raised: false,
  capWalls: 0,
  tried: false,
  fullClean: 0,
  fullAt: 0,
  held: 0,
  settled: null,
}

/** Where a rate is met, and no cap. */
export const uncapped = (width: Width): Width => ({ ...startWidth, limit: Math.max(width.limit, 4) })

/** One more at once is risked after so many that went well. */
const ONE_MORE_AFTER = 100

/** A wall that was not expected may refuse so many: that keeps it below one percent of the job. */
const refusable = (pages: number): number => Math.max(8, 0.006 * pages)

/**
 * With this many at once no more is refused. `pages` is how many requests the job takes, `accepted` how many went well so far,
 * `share` how many of those in flight a wall can refuse.
 */
export const exposure = (pages: number, accepted: number, share = 1): number =>
  Math.max(refusable(pages) + accepted / ONE_MORE_AFTER, refusable(pages) / share)

/** What a wall may cost at most, as a share of the job. */
const MOST_AT_STAKE = 0.02

/** In this share of the job no more is put at stake than at first. */
const AS_AT_FIRST = 1 / 7

/**
 * The same where more in flight surely bring more. Where walls of any size come alike, from one to a thousand as often as from a thousand
 * to a million, how likely one is met in what is left of the job is a matter of the logarithm of the share that is done: the less likely,
 * the more may be in flight, and on the average no more is refused.
 */
export const exposureThatPays = (pages: number, accepted: number, share = 1): number => {
  const likely = Math.max(0, Math.log(pages / Math.max(1, accepted))) / Math.log(1 / AS_AT_FIRST)
  return Math.max(exposure(pages, accepted, share), Math.min(refusable(pages) / likely, MOST_AT_STAKE * pages))
}

/** Requests that may be in flight besides what the source makes use of. */
export const mostWidth = ({ cap }: Width, exposed: number, maxConcurrency: number | null): number =>
  Math.min(exposed, cap ?? Number.POSITIVE_INFINITY, maxConcurrency ?? Number.POSITIVE_INFINITY)

/** Requests that may be in flight, at least one. */
export const widthNow = ({ limit }: Width, most: number): number => Math.max(1, Math.floor(Math.min(limit, most)))

/** After so many clean answers at full width, times the width, a cap that is not sure is tried again. */
const RETRY_CAP = 8

const SURE_CAP = 3000
/** Of so many tries of a wider cap one is let in: of one that is as high as can be, of others, and of those after one that was let in. */
const TRIES = { highest: 20, lower: 8, raised: 2 }

/** Whether a try of a wider cap, if it comes to what may be expected, saves more requests of those `left` than its refusal costs. */
const isWorthTrying = ({ capMost, tollMs, raised }: Width, cap: number, { meanMs }: Latency, left: number): boolean =>
  (left * Math.max(1, capMost + 1 - cap)) / cap >
  (cap >= capMost ? TRIES.highest : raised ? TRIES.raised : TRIES.lower) * ((tollMs * cap) / meanMs)

/** Answers that come sooner make a cap of a few that is none a rate of a hundred, if it were one. */
const LONG_MS = 100
/** A bucket of a few tokens is met with no more in flight. Where each refusal is a wait, that of a larger one tells the rate. */
const FEW = { silent: 12, told: 8 }

/** Whether it is to be exceeded at an even pace now. */
export const isTrialDue = (width: Width, latency: Latency, left: number): boolean =>
  !width.tried &&
  latency.meanMs >= LONG_MS &&
  width.cap !== null &&
  Math.max(width.cap, width.capMost) <= (width.tollMs > 0 ? FEW.told : FEW.silent) &&
  width.limit >= width.cap &&
  width.fullClean >= RETRY_CAP * width.cap &&
  isWorthTrying(width, width.cap, latency, left)

/** Up to this it doubles with each round trip; no more than that is in flight anyway while nothing is known. */
const QUICK = 8

/** What is known when an answer has come. */
export type Known = {
  latency: Latency
  throughput: Throughput
  /** How many may be in flight, and how many might if answers came no later for it. */
  now: number
  most: number
  /** So many went well in the run before; 0: not known. */
  wentWell: number
  /** How many more requests the job takes. */
  left: number
}

/** So many that went well, times the width, say that this many at once are hardly too many. */
const HELD = 6

/** The width after an answer. */
export const widen = (
  given: Width,
  answer: Answer,
  { latency, throughput, now, most, wentWell, left }: Known,
): Width => {
  const isWider = now > given.fullAt
  const held = given.fullClean >= HELD * given.fullAt ? Math.max(given.held, given.fullAt) : given.held
  const width = isWider ? { ...given, fullClean: 0, fullAt: now, held } : given
  const { limit, cap, settled } = width
  const fullClean = answer.width >= now ? width.fullClean + 1 : width.fullClean
  if (cap !== null && limit >= cap) {
    const due = width.capWalls < 2 ? RETRY_CAP * cap : SURE_CAP
    if (answer.width >= cap && fullClean > due && isWorthTrying(width, cap, latency, left))
      return { ...width, limit: cap + 1, cap: cap + 1, raised: true, fullClean: 0 }
    return { ...width, fullClean }
  }
  // What is not used says nothing: a width grows only while the requests fill at least half of it.
  if (answer.width < now / 2) return width
  if (settled !== null) {
    const next = settling(settled, throughput, answer, most)
    return { ...width, fullClean, settled: next, limit: next === null ? limit : (next.look ?? next).width }
  }
  const step = opening(throughput, now)
  // What is allowed grows on meanwhile; what is held must not follow it.
  if (step.kind === 'hold') return { ...width, fullClean, limit: Math.min(limit, now) }
  if (step.kind === 'settle') return { ...width, fullClean, settled: step.settled, limit: step.settled.width }
  // Up to a cap that was met all went well before; the cap itself may be one too many. The width that is really used leads: beyond it nothing has been tried.
  const quick = Math.max(QUICK, cap === null ? wentWell : cap - 1)
  const wider = Math.min(limit + (limit < quick ? 1 : 1.5 / limit), now + 8)
  return { ...width, fullClean, limit: wider }
}

/**
 * A wall met with `wallWidth` requests in flight may be a cap. It is not when so many went well at that very width
 * before, nor when it was met far below a width that was taken for a cap. Nor with so few in flight that any small bucket may have refused, unless
 * `isTold`: how many were out has told a cap, which then is one less. `wentOn`: the source went on letting in nearly all, or
 * nothing speaks against it. Then as many may have gone well as it takes until one more is risked: some of those in flight are
 * always on their way, so a cap lets in a few more for long, until too many happen to be there together.
 */
export const mayBeCap = (width: Width, wallWidth: number, wentOn: boolean, isTold = false): boolean => {
  const least = isTold ? Math.max(2, width.cap ?? 2) : (width.cap ?? 4) + 1
  if (wallWidth < Math.min(4, least)) return false
  if (width.cap === null) return width.fullClean < (wentOn ? ONE_MORE_AFTER : wallWidth)
  return wallWidth >= width.cap - 1 && width.fullClean < HELD * wallWidth
}

/** So much went well at a cap before it was refused just there. */
export const hasHeld = ({ cap, fullClean }: Width, wallWidth: number): boolean =>
  cap !== null && wallWidth >= cap - 1 && fullClean >= HELD * wallWidth

/** A wall that is taken for a cap. */
export type CapWall = {
  /** The most in flight that any request left with which was refused, or overtaken by one that was. */
  widest: number
  /** How many of those in flight were at the source then, as far as can be told. */
  inside: number
  /** How long the refusal makes everybody wait, ms. */
  tollMs: number
}

/**
 * The width by such a wall. More than one less than the widest it cannot be. The answers that come later than the refusal
 * were at the source when it was made: those are the cap, or as many as went well for long.
 */
export const capped = (width: Width, { widest, inside, tollMs }: CapWall): Width => {
  // What was let in at the cap before it was tried again stays: requests overtake each other on their way.
  const capMost = Math.max(widest - 1, (width.cap ?? 0) - 1)
  const cap =
    width.cap === null && tollMs > 0 ? Math.min(capMost, Math.max(inside, width.held, Math.ceil(capMost / 2))) : capMost
  return {
    ...startWidth,
    // It may still be a rate, so it begins low; but to double one's way up to a wide cap takes long.
    limit: Math.max(1, Math.min(tollMs > 0 ? cap / 2 : Math.max(2, Math.floor(cap / 4)), cap)),
    cap,
    capMost,
    tollMs,
    capWalls: width.capWalls + 1,
    tried: width.tried,
    fullAt: cap,
  }
}
