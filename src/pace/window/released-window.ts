/** The window that a wall turns out to be, by when the source lets in again. */
import { ROUNDED_MS } from '../at-wall.ts'
import type { Pace } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween } from '../traffic.ts'
import { FEW } from './long-wait.ts'
import { LENGTHS_MS, windowByWalls } from './short-window.ts'
import { FEW_SECONDS_MS } from './sliding-counter.ts'
import { isRound, slidOut } from './used-before.ts'
import { SHORT_MS, usualWindow, usualWindows } from './usual-window.ts'
import { countedWindow, isLengthSure, startWindow, type Window } from './window.ts'

/** A replayed window that is refused more often than this is none. */
const REPLAY_MISSES = 2
/** But one that ended as foreseen so often is one: what is refused a moment before its end is a matter of jitter. */
const CONFIRMED = 4
/** Misses with so many let in between, and so many quotas, do not add up. */
const RARE = 500
const RARE_QUOTAS = 3
/** Lengths of window that differ by less, as a share, are the same. */
const SAME = 0.05
/** So much later than foreseen, as a share of its length, it is another length. */
const JITTER = 0.1

/** The window that the release speaks of; null where it speaks of none. */
export const windowOf = (pace: Pace, shape: Seeking, openedBy: number): Window | null => {
  const { before, countedFrom, refusedAt, wallAt } = shape
  const used = countBetween(pace.traffic, [], countedFrom, openedBy)
  const opened = { after: shape.told ? Math.max(refusedAt, openedBy - ROUNDED_MS) : refusedAt, by: openedBy }
  if (before) {
    // The run began at a wall, with what an earlier one has kept: that has sent more since, and the length is not refuted.
    if (pace.traffic.total <= 1)
      return { ...startWindow(before.quota, before.windowMs, opened, before.fixed), mayBeFixed: before.mayBeFixed }
    // What was let in so early once, and is not again, is of neither length; an even pace suits that, if it is so short.
    if ((before.longer ?? Number.POSITIVE_INFINITY) <= FEW_SECONDS_MS) return null
    const between = countBetween(pace.traffic, [], before.missedAt, wallAt)
    // It opened a moment later than foreseen: a matter of jitter.
    const isLate = openedBy - wallAt < Math.min(1500, JITTER * before.windowMs)
    const isRare = between >= Math.max(RARE, RARE_QUOTAS * before.quota)
    // That happens at the end of a window, so not twice in one.
    const isJitter = isLate && before.foreseen >= CONFIRMED && wallAt - before.missedAt >= before.windowMs
    const misses = isRare ? 1 : isJitter ? before.misses : before.misses + 1
    if (misses > REPLAY_MISSES) return null
    const slid = before.fixed && before.foreseen <= 1 ? slidOut(pace, before, shape, opened) : 0
    if (slid > 0) return { ...countedWindow(slid, before.windowMs, opened, false), misses, missedAt: wallAt }
    if (isLate)
      return {
        ...before,
        misses,
        missedAt: wallAt,
        marginMs: before.marginMs + Math.max(6, before.marginMs / 2),
        probing: null,
        proven: true,
        shorter: [],
      }
    const { after, by } = before.opened
    // A length that is nearly the known one is that: in a sliding window it is not the last opening that counts.
    // One that was seen to slide so often still does: what was refused is a matter of its quota.
    const slides = !before.fixed && isLengthSure(before)
    const isSame = slides || (!before.fixed && Math.abs((opened.by - by) / before.windowMs - 1) < SAME)
    const windowMs = isSame ? before.windowMs : (usualWindow(opened.after - by, opened.by - after) ?? opened.by - by)
    // So short a one is met by an even pace.
    if (windowMs < SHORT_MS) return null
    // What went through since it opened is the quota, unless somebody else took nearly all of it; when one that slides did is a guess.
    const quota = used >= (before.fixed || shape.told ? 0.3 : 0.5) * before.quota ? used : before.quota
    // What lets in although it would still be full if it slid opens at set instants.
    const fixed = !isSame && countBetween(pace.traffic, [], openedBy - windowMs, openedBy) >= quota
    // The length is as sure as before.
    const foreseen = slides ? before.foreseen : 0
    // That one more is refused is known.
    const start = before.unsure === 0 && quota === before.quota ? startWindow : countedWindow
    const window = start(quota, windowMs, opened, fixed)
    return { ...window, mayBeFixed: !isSame, misses, missedAt: wallAt, foreseen }
  }
  if (openedBy - wallAt < Math.max(SHORT_MS, shape.sparseMs) || used < FEW) return null
  // What a source that says nothing refuses tells of the quota alone, not of the length as well.
  const start = shape.told || !isRound(used) ? countedWindow : startWindow
  // Usual lengths that end just between the last refusal and the release: it may slide, or have begun with us. The longest is legal.
  const [longest, ...shorter] = usualWindows(opened.after - countedFrom, openedBy - countedFrom).reverse()
  if (!shape.told && longest !== undefined) return { ...start(used, longest, opened, false), shorter }
  const exact = usualWindow(opened.after - countedFrom, openedBy - countedFrom)
  if (exact !== undefined) return start(used, exact, opened, false)
  const windowMs = usualWindow(openedBy - countedFrom) ?? openedBy - countedFrom
  return { ...start(used, windowMs, opened, true), closedMs: opened.after - wallAt }
}

/** The window of a few seconds that explains what was refused; null where none does. Where waits were asked for nothing else was tried. */
export const shortWindow = (
  { traffic }: Pace,
  { refusedAt, wallAt, told, before }: Seeking,
  openedBy: number,
): Window | null => {
  if (told || (before !== null && (before.windowMs > LENGTHS_MS.at(-1)! || before.misses > REPLAY_MISSES))) return null
  const found = windowByWalls(
    traffic,
    refusedAt,
    openedBy,
    before !== null && before.foreseen > 0 ? before.windowMs : null,
  )
  if (found === null) return null
  const { quota, windowMs, opened } = found
  const window = startWindow(quota, windowMs, opened ?? { after: openedBy - 50, by: openedBy }, opened !== null)
  const misses = before === null || before.foreseen > 1 ? 0 : before.misses + 1
  return { ...window, misses, missedAt: wallAt, triedAt: before?.triedAt ?? 0 }
}
