/** What a source says of the next window, while nothing is known but the first: its length follows. */
import { SHORT_MS, usualWindow } from './usual-window.ts'
import type { Window } from './window.ts'

/** Whether a window of this length that opened in `opened` is followed by the one that opens in `next`; 1% forgiven. */
export const isFollowedBy = (opened: Window['opened'], next: Window['opened'], ms: number): boolean =>
  next.after - opened.by <= 1.01 * ms && next.by - opened.after >= 0.99 * ms

/** The source said when the next window opens, in (after, by]: its length follows. */
export const windowTold = (window: Window, next: Window['opened']): Window => {
  const { opened, windowMs: known } = window
  // It may have opened just before, and be used up already.
  const isKnown =
    isFollowedBy(opened, next, known) || (window.probing !== null && isFollowedBy(opened, next, 2 * known))
  const told = isKnown ? known : usualWindow(next.after - opened.by, next.by - opened.after)
  const windowMs = told ?? known
  const anew = { after: next.after - windowMs, by: next.by - windowMs }
  return { ...window, windowMs, opened: anew, fixed: true, mayBeFixed: true, probing: null, proven: true }
}

/**
 * Whether a window whose quota is used up for the first time opens at another time than foreseen: then it is of another length. Of one that
 * slides something may be free before, but not later.
 */
export const isOther = (
  { opened, windowMs, closedMs, fixed, foreseen, unsure }: Window,
  next: Window['opened'],
): boolean => {
  if (unsure === 0 || foreseen > 0) return false
  const shorter = usualWindow(next.after - opened.by, next.by - opened.after) ?? 0
  return (
    next.after - opened.by > 1.01 * windowMs ||
    (fixed && shorter < windowMs && shorter >= closedMs && shorter >= SHORT_MS)
  )
}
