/** Walls each of which makes everybody wait, of a source that is neither known nor met for the first time: what was let in between them tells. */
import { hasLetInAgain, ONE_SECOND_MS, ROUNDED_MS, usedSince, wallsOf } from '../at-wall.ts'
import { type Bucket, evenRate, startBucket } from '../bucket/bucket.ts'
import { asEven } from '../bucket/bucket-window.ts'
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween } from '../traffic.ts'
import { SHORT_MS, usualWindow } from './usual-window.ts'
import { countedWindow, type Window } from './window.ts'

/** Fewer are no quota. */
export const FEW = 3

/**
 * Requests per second, where hardly anything was let in between the latest three walls, each of them a long wait: from wall to wall that is
 * what the source grants, be it a bucket or a counter. null: more was, or it is not met so often.
 */
export const fewAtATime = (
  { traffic }: Pace,
  { told, wallAt, countedFrom }: Seeking,
  openedBy: number,
): number | null => {
  if (!told || openedBy - wallAt < SHORT_MS) return null
  const last = traffic.refused.findLast((at) => at < countedFrom)
  const first = last && traffic.refused.findLast((at) => at < last - SHORT_MS)
  if (first === undefined) return null
  const count = countBetween(traffic, [], first, wallAt + 1)
  return count > 0 && count < 2 * FEW ? (count * 1000) / (wallAt - first) : null
}

/**
 * The window of a few seconds that begins where it let in last, and ends where it does so again; null: it is the first time, or the wait
 * is one of a second, which any rate names.
 */
export const countedFew = (pace: Pace, shape: Seeking, openedBy: number, now: number): Window | Bucket | null => {
  const { countedFrom, refusedAt, probeAt, heardAt } = shape
  if (!hasLetInAgain(pace, shape) || probeAt - heardAt < ONE_SECOND_MS) return null
  const opened = { after: Math.max(refusedAt, openedBy - ROUNDED_MS), by: openedBy }
  const windowMs = usualWindow(opened.after - countedFrom, openedBy - countedFrom) ?? openedBy - countedFrom
  const used = usedSince(pace, shape)
  if (windowMs >= SHORT_MS) return countedWindow(used, windowMs, opened, false)
  const bucket = startBucket({ rate: evenRate(used, windowMs), at: now, walls: wallsOf(pace, shape), explained: 2 })
  return { ...bucket, ...asEven(bucket, used, windowMs), tollMs: openedBy - shape.wallAt }
}
