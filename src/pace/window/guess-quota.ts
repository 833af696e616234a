/** The even pace of a quota for a second or two: told by refusals, or guessed boldly by what was let in. */
import { REORDER_MS } from '../announced.ts'
import { hasLetInAgain, ONE_SECOND_MS, openedWith, ROUNDED_MS, refusedSince, wallsOf, wentOn } from '../at-wall.ts'
import { type Bucket, evenRate, startBucket } from '../bucket/bucket.ts'
import { asEven } from '../bucket/bucket-window.ts'
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween } from '../traffic.ts'
import { type Explained, quotaByWalls } from './short-window.ts'
import { usualWindow } from './usual-window.ts'

/**
 * After two walls a source that lets in so many at once looks like a window, too: answers take so long that each second brings as
 * many. After three it is told apart.
 */
const SECOND_MS = 1000
const WINDOW_WALLS = 3

/** The quota for each second that explains all that was refused; null: none does. */
export const secondsQuota = ({ traffic, flight }: Pace): Explained | null => {
  const found = quotaByWalls(traffic, flight, SECOND_MS, 0)
  return found !== null && found.windows >= WINDOW_WALLS ? found : null
}

/** So many refused in a row at the wall, and nothing let in: it was not just below the rate of a bucket. */
const IN_A_ROW = 4

/**
 * Whether the rate may be far higher than what was let in before the wall. A bucket lets in most of what comes a little faster than it
 * fills; a window that is full lets in nothing.
 */
const mayBeLow = (pace: Pace, shape: Seeking): boolean =>
  refusedSince(pace, shape).length < IN_A_ROW || wentOn(pace, shape)

/** How long the wall has made everybody wait, ms. */
const tollOf = ({ told, wallAt }: Seeking, now: number): number => (told ? now - wallAt : 0)

/**
 * A bold guess: all that was let in within the last second or so may be the quota of a short window. An even pace then
 * meets no other wall; if it does at once, what the gap tells is fallen back to.
 */
export const guessed = (pace: Pace, shape: Seeking, gapMs: number, now: number): Bucket => {
  const windowMs = usualWindow(gapMs - (shape.told ? ROUNDED_MS : 0)) ?? gapMs
  // What was let in at first is no quota where less was let in since.
  const atFirst = hasLetInAgain(pace, shape) ? 0 : openedWith(pace, windowMs)
  // Of those that left just after the wall some may have overtaken it.
  const latest = Math.max(
    1,
    atFirst,
    countBetween(pace.traffic, [], shape.wallAt - windowMs, shape.wallAt + REORDER_MS),
  )
  // In half a window or less so much was not let in because it is a quota.
  const openedMs = shape.wallAt - (pace.opening?.admitted[0] ?? 0)
  const isLow = mayBeLow(pace, shape) || openedMs < windowMs / 2
  const bucket = startBucket({
    rate: evenRate(latest, windowMs),
    at: now,
    walls: wallsOf(pace, shape),
    fallback: 1000 / Math.max(gapMs, 1),
    looksUp: shape.told && isLow,
    explained: isLow ? 0 : 1,
    opening: pace.opening,
    // A longer wait than a second is not for a token of several a second.
    ...(gapMs > ONE_SECOND_MS ? { holds: null } : {}),
    windowMs,
  })
  return { ...bucket, tollMs: tollOf(shape, now) }
}

/** An even pace of a quota that explains all that was refused. */
export const byQuota = (pace: Pace, shape: Seeking, { quota, windows }: Explained, now: number): Bucket => {
  const rate = evenRate(quota, SECOND_MS)
  const bucket = startBucket({ rate, at: now, walls: wallsOf(pace, shape), explained: windows })
  return { ...bucket, ...asEven(bucket, quota, SECOND_MS), tollMs: tollOf(shape, now) }
}
