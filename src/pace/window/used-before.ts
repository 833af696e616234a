/** A quota of which others may have used a part before: what was let in of the first window is not all of it. */
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween, indexFrom } from '../traffic.ts'
import type { Window } from './window.ts'

/** What jitter may take from the length, ms. */
const SLID_MS = 50

/**
 * How many were let in within its length before the wall, where the first of them had left it just as the source let in again: it slides, and
 * others had used a part of it. 0: it does not.
 */
export const slidOut = (
  { traffic }: Pace,
  { windowMs }: Window,
  { wallAt }: Seeking,
  { after, by }: Window['opened'],
): number => {
  const from = indexFrom(traffic.admitted, wallAt - windowMs)
  const leftAt = (traffic.admitted[from] ?? 0) + windowMs
  return leftAt > after - SLID_MS && leftAt <= by ? countBetween(traffic, [], wallAt - windowMs, wallAt + 1) : 0
}

/** So round a number is a whole quota: others would have to have used just so much that this is left. */
export const isRound = (quota: number): boolean => quota >= 100 && quota % 50 === 0
