/**
 * A limiter that is no window, though it was taken for one: some only estimate what has slid out, by how many were counted in this window
 * and in the one before. While it is empty it lets in its whole quota at once, and then less, for the earlier window counts for its share.
 */
import { evenRate } from '../bucket/bucket.ts'
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween } from '../traffic.ts'
import type { Window } from './window.ts'

/** Windows of a few seconds are met by an even pace, too. */
export const FEW_SECONDS_MS = 12_000
/** Our first requests may have fallen into two windows, so a window may let in only half as many. */
const LESS = 0.51
/** So near its quota an estimate may be wrong. */
const UNDER = 0.97
/** A window that has ended when it should more often than that is one, and its limit has fallen. */
const ENDED = 1

/** The window was made of the very first wall, when the limiter had been empty: its quota is right, whatever else is not. */
const isOfFirstWall = ({ misses, windowMs }: Window, { told }: Seeking): boolean =>
  !told && misses === 0 && windowMs <= FEW_SECONDS_MS

/** Whether it lets in less than half of what it did at first. */
export const letsInLess = ({ traffic }: Pace, shape: Seeking, openedBy: number): boolean => {
  const { before, countedFrom, wallAt } = shape
  if (before === null || !isOfFirstWall(before, shape) || before.foreseen > ENDED) return false
  const from = Math.min(countedFrom, wallAt - before.windowMs)
  return countBetween(traffic, [], from, openedBy) < LESS * before.quota
}

/**
 * Requests per second that suit any limiter that the window was made of. No more than was let in on the whole where its quota may be one of
 * a wall at which less was let in, or its length too short by far.
 */
export const evenRateForAny = ({ traffic }: Pace, shape: Seeking, before: Window, openedBy: number): number => {
  const even = UNDER * evenRate(before.quota, before.windowMs)
  const { total, admitted } = traffic
  return isOfFirstWall(before, shape)
    ? even
    : Math.min(even, (total * 1000) / Math.max(1, openedBy - (admitted[0] ?? openedBy)))
}
