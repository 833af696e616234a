/**
 * How many requests may be in flight at once. Little's law: rate times latency; found by widening while answers come no
 * later for it. Two things hold it down besides: what a wall not yet met would cost, and a cap that was met.
 */
import type { Latency } from './latency.ts'

export type Width = {
  /** What latency allows; grows in fractions. */
  limit: number
  /** At most so many at once are taken, as far as refusals tell; null: none known. */
  cap: number | null
  /** The highest that the cap can be, by the widest that was refused, and how long a refusal at it makes everybody wait, ms. */
  capMost: number
  tollMs: number
  /** Refusals that spoke for a cap; with two of them it is taken for sure. */
  capWalls: number
  /** Requests let in, in a row, that had left when the width was full, and how wide it was. */
  fullClean: number
  fullAt: number
  /** Where the narrowing began that is on: the width, and the latency then. */
  narrowing: { limit: number; meanMs: number } | null
}

export const startWidth: Width = {
  limit: 1,
  cap: null,
  capMost: 0,
  tollMs: 0,
  capWalls: 0,
  fullClean: 0,
  fullAt: 0,
  narrowing: null,
}

/** Latency at which widening stops, and at which it is taken back, as multiples of what an unhurried answer takes. */
const CROWDED = 1.5
const OVERCROWDED = 2
/** Below this latency does not narrow it: our own business, not the source's, may be what delays the answers. */
const LEAST = 4

/**
 * A wall that was not expected refuses all that is in flight: this many at once keep that below one percent of the job.
 * `pages` is how many requests the job takes, `accepted` how many went well so far.
 */
export const exposure = (pages: number, accepted: number): number => Math.max(8, 0.006 * pages) + accepted / 100

/** Requests that may be in flight, at least one. */
export const widthNow = (width: Width, exposed: number, most: number | null): number =>
  Math.max(
    1,
    Math.floor(Math.min(width.limit, exposed, width.cap ?? Number.POSITIVE_INFINITY, most ?? Number.POSITIVE_INFINITY)),
  )

/** After so many clean answers at full width, times the width, a cap that is not sure is tried again. */
const RETRY_CAP = 8

const SURE_CAP = 3000
/** Of so many tries of a wider cap one is let in: of one that is as high as can be, and of others. */
const TRIES = { highest: 20, lower: 8 }

/** Whether a try of a wider cap, if it comes to what may be expected, saves more requests of those `left` than its refusal costs. */
const isWorthTrying = ({ capMost, tollMs }: Width, cap: number, { meanMs }: Latency, left: number): boolean =>
  (left * Math.max(1, capMost + 1 - cap)) / cap >
  (cap < capMost ? TRIES.lower : TRIES.highest) * ((tollMs * cap) / meanMs)

/**
 * The width after an answer to a request that left as the `sentWidth`-th in flight, when `now` were allowed. `left`: how many
 * more requests the job takes.
 */
export const widen = (
  given: Width,
  latency: Latency,
  sentWidth: number,
  now: number,
  left = Number.POSITIVE_INFINITY,
): Width => {
  const isWider = now > given.fullAt
  const width = isWider ? { ...given, fullClean: 0, fullAt: now } : given
  const { limit, cap } = width
  const fullClean = sentWidth >= now ? width.fullClean + 1 : width.fullClean
  if (cap !== null && limit >= cap) {
    const due = width.capWalls < 2 ? RETRY_CAP * cap : SURE_CAP
    if (sentWidth >= cap && fullClean > due && isWorthTrying(width, cap, latency, left))
      return { ...width, limit: cap + 1, cap: cap + 1, fullClean: 0 }
    return { ...width, fullClean }
  }
  // What is not used says nothing: a width grows only while the requests fill at least half of it.
  if (sentWidth < now / 2) return width
  const crowded = latency.samples > 20 ? latency.meanMs / latency.baseMs : 1
  if (crowded > OVERCROWDED) {
    // The mean still climbs when narrowing begins.
    const meanMs = Math.max(latency.meanMs, width.narrowing?.meanMs ?? 0)
    const narrowing = { limit: width.narrowing?.limit ?? limit, meanMs }
    return { ...width, fullClean, narrowing, limit: Math.max(Math.min(limit, LEAST), limit - 1 / limit) }
  }
  if (crowded > CROWDED) return { ...width, fullClean }
  // The width that is really used leads: beyond it nothing has been tried.
  const wider = Math.min(limit + (limit < 8 ? 1 : 1.5 / limit), now + 8)
  return { ...width, fullClean, narrowing: null, limit: wider }
}

/**
 * Latency that does not fall as the width is narrowed does not come from our crowding: an unhurried answer takes so long.
 * The latency with that corrected, or null.
 */
export const rebased = ({ limit, narrowing }: Width, latency: Latency): Latency | null =>
  narrowing !== null && limit <= 0.8 * narrowing.limit && latency.meanMs > 0.85 * narrowing.meanMs
    ? { ...latency, baseMs: latency.meanMs / 1.2 }
    : null

/**
 * A wall met with `wallWidth` requests in flight may be a cap. It is not when so many went well at that very width
 * before, nor when it was met far below a width that was taken for a cap.
 */
export const mayBeCap = (width: Width, wallWidth: number): boolean =>
  wallWidth >= 4 &&
  (width.cap === null ? width.fullClean < wallWidth : wallWidth >= width.cap - 1 && width.fullClean < 6 * wallWidth)

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
 * were at the source when it was made: those are the cap.
 */
export const capped = (width: Width, { widest, inside, tollMs }: CapWall): Width => {
  // What was let in at the cap before it was tried again stays: requests overtake each other on their way.
  const capMost = Math.max(widest - 1, (width.cap ?? 0) - 1)
  const cap = width.cap === null && tollMs > 0 ? Math.min(capMost, Math.max(inside, Math.ceil(capMost / 2))) : capMost
  return {
    ...startWidth,
    limit: Math.max(1, Math.min(tollMs > 0 ? cap / 2 : 2, cap)),
    cap,
    capMost,
    tollMs,
    capWalls: width.capWalls + 1,
    fullAt: cap,
  }
}
