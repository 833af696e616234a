/** What a wall turns out to be, once the source lets in again: a window, a rate, or a cap. */
import {
  ONE_SECOND_MS,
  openedWith,
  ROUNDED_MS,
  rateAtWall,
  refusedSince,
  roomBefore,
  wallsOf,
  wentOn,
} from './at-wall.ts'
import { evenRate, startBucket } from './bucket/bucket.ts'
import { type Pace, patienceOf } from './model.ts'
import type { Seeking } from './seeking.ts'
import { countBetween, type Sent } from './traffic.ts'
import { capped, hasHeld, mayBeCap, startWidth, uncapped, type Width } from './width/width.ts'
import { byQuota, guessed, secondsQuota } from './window/guess-quota.ts'
import { onTheWhole } from './window/held-pace.ts'
import { LENGTHS_MS, windowByWalls } from './window/short-window.ts'
import { isRound, slidOut } from './window/used-before.ts'
import { SHORT_MS, usualWindow, usualWindows } from './window/usual-window.ts'
import { countedWindow, isLengthSure, startWindow, type Window } from './window/window.ts'

/** A replayed window that is refused more often than this is none. */
const REPLAY_MISSES = 2
/** Windows of a few seconds are met by an even pace, too. */
const FEW_SECONDS_MS = 12_000
/** So few requests were let in within two round trips, and this time, before the wall: the bucket holds next to nothing. */
const NARROW = 5
const NARROW_MS = 250
const QUICK_MS = 90
/** Walls that may speak for a cap. The first is met at most three above it, since not all in flight are at the server. */
const CAP_WALLS = 3
/** Misses with so many let in between, and so many quotas, do not add up. */
const RARE = 500
const RARE_QUOTAS = 3
/** Lengths of window that differ by less, as a share, are the same. */
const SAME = 0.05
/** So much later than foreseen, as a share of its length, it is another length. */
const JITTER = 0.1

/** All that left before the wall was heard of is back, or late enough to be taken for a straggler. */
const isSettled = (pace: Pace, shape: Seeking, now: number): boolean =>
  !pace.flight.some(({ at }) => at <= shape.heardAt && at + patienceOf(pace) > now)

/**
 * So many let in for each that is refused are nearly all: a rate would be hardly less than what came. A rate that is taken for a cap is
 * refused a few times more; a cap that is taken for a rate where each refusal is a wait costs many times the job.
 */
const MOSTLY = { silent: 4, told: 3 }

/** A cap lets in most of what comes at it; a second wall that lets nothing in is none. */
const speaksForCap = (pace: Pace, shape: Seeking): boolean => {
  const { traffic, width } = pace
  const letIn = countBetween(traffic, [], shape.wallAt, shape.heardAt + 1)
  const refused = refusedSince(pace, shape).length
  // A window that has been seen to open when it should is one.
  if (shape.before !== null && (shape.before.foreseen > 0 || !shape.told)) return false
  if (width.capWalls > 0 && secondsQuota(pace) !== null) return false
  const letsIn = refused <= Math.max(3, 2 * letIn) && (width.capWalls === 0 || letIn > 0 || refused < 3)
  // A single refusal of which all have to wait says nothing of what else would have been let in.
  const letInMost = letIn >= (shape.told ? MOSTLY.told * (refused - 1) : MOSTLY.silent * refused)
  // Where nearly all goes on, one less in flight suits a rate as well, and costs less than to seek one.
  const isOneOfMany = letIn >= MOSTLY.silent * refused
  return (
    letsIn &&
    (width.capWalls < CAP_WALLS || isOneOfMany) &&
    mayBeCap(width, shape.wallWidth, letInMost, pace.crowd.told)
  )
}

/**
 * Requests per second that were let in with the width full, since the cap was found; null where that was not for long. Be it refused by a
 * cap or by a rate: it is hardly less.
 */
const heldRate = ({ traffic, latency, width }: Pace, { wallAt, wallWidth }: Seeking): number | null => {
  if (!hasHeld(width, wallWidth)) return null
  // By Little's law.
  const ms = (width.fullClean * latency.meanMs) / wallWidth
  const count = countBetween(traffic, [], wallAt - ms, wallAt)
  return count > 0 && ms > 0 ? (count * 1000) / ms : null
}

/** The width by this wall. Those beside it count as inside, but for the ones that were refused as well. */
const cappedAt = ({ width, traffic }: Pace, { wallWidth, wallAt, probeAt, told, beside }: Seeking): Width => {
  const outside = traffic.refused.filter((at) => at < wallAt && at >= (beside[0] ?? wallAt)).length
  const alike = Math.max(0, traffic.refused.filter((at) => at === wallAt).length - 1)
  return capped(width, {
    widest: wallWidth,
    inside: beside.length - outside - alike,
    tollMs: told ? probeAt - wallAt : 0,
  })
}

/** Once all that was in flight at the wall is back: do we know enough to go on without a probe? */
export const settle = (pace: Pace, now: number): Pace => {
  const { shape } = pace
  if (shape.kind !== 'seeking' || shape.tries > 0 || !isSettled(pace, shape, now)) return pace
  const isLong = shape.told && shape.probeAt - shape.wallAt >= SHORT_MS
  if (isLong && !wentOn(pace, shape)) return pace
  if (speaksForCap(pace, shape)) return { ...pace, shape: { kind: 'open' }, width: cappedAt(pace, shape) }
  if (isLong) return pace
  const seen = rateAtWall(pace, shape)
  if (seen === null || seen.share < 0.2) return pace
  const { rate } = seen
  const search = { low: rate * 0.5, high: null, step: 1.4, need: 4, passed: 0, sinceAt: now }
  // It begins to fill now: what runs over while all have to wait is not granted, and must not be reckoned with.
  const bucket = startBucket({ rate, at: now, search, walls: wallsOf(pace, shape), opening: pace.opening })
  return { ...pace, shape: bucket, width: uncapped(pace.width) }
}

/** The window that the release speaks of; null where it speaks of none. */
const windowOf = (pace: Pace, shape: Seeking, openedBy: number): Window | null => {
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
    const isRare = between >= Math.max(RARE, RARE_QUOTAS * before.quota)
    const misses = isRare ? 1 : before.misses + 1
    if (misses > REPLAY_MISSES) return null
    const slid = before.fixed && before.foreseen <= 1 ? slidOut(pace, before, shape, opened) : 0
    if (slid > 0) return { ...countedWindow(slid, before.windowMs, opened, false), misses, missedAt: wallAt }
    // It opened a moment later than foreseen: a matter of jitter.
    if (openedBy - wallAt < Math.min(1500, JITTER * before.windowMs))
      return {
        ...before,
        misses,
        missedAt: wallAt,
        marginMs: before.marginMs + 6,
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
  if (openedBy - wallAt < Math.max(SHORT_MS, shape.sparseMs) || used < 3) return null
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
const shortWindow = (
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

/** Hardly anything was let in at once. Where nothing was, somebody else has emptied the bucket, whatever it holds. */
const isNarrow = (pace: Pace): boolean =>
  pace.opening !== null &&
  pace.opening.admitted.length > 0 &&
  openedWith(pace, Math.max(NARROW_MS, 2 * pace.latency.meanMs)) <= NARROW

/** So many that were let in since the source had let in again are no single tokens. */
const MANY = 10
const usedSince = ({ traffic }: Pace, { countedFrom, wallAt }: Seeking): number =>
  countBetween(traffic, [], countedFrom, wallAt + 1)

/** One request that was let in proves only itself: the width is widened from one again. */
const anew = (width: Width): Width => ({ ...width, limit: 1, settled: null })

/** Nothing has been let in before. */
const isFirst = ({ traffic }: Pace, openedBy: number): boolean => countBetween(traffic, [], 0, openedBy) === 0

/**
 * A probe was let in: when that was tells the kind of limit. Of several that may have been the first, the earliest is taken:
 * a wait that is believed too short is refused and corrected, one that is believed too long is not.
 */
export const released = (before: Pace, shape: Seeking, probe: Sent, now: number): Pace => {
  const openedBy = Math.min(probe.at, shape.unansweredAt ?? probe.at)
  const gapMs = openedBy - shape.wallAt
  const pace: Pace = { ...before, countedFrom: openedBy }
  const even = onTheWhole(pace, shape, openedBy, now)
  if (even !== null) return { ...pace, shape: even }
  const byRelease = windowOf(pace, shape, openedBy)
  const isLong = byRelease !== null && byRelease.windowMs > LENGTHS_MS.at(-1)!
  const window = (isLong ? null : shortWindow(pace, shape, openedBy)) ?? byRelease
  if (window) return { ...pace, shape: window, width: anew(pace.width) }
  // Let in again as soon as our own pace could tell: it was not the rate, and nothing has to be sought.
  if (shape.held?.narrow && gapMs < shape.sparseMs)
    return { ...pace, shape: { ...shape.held, tokens: 0, at: now, clean: 1, barren: 0 } }
  // The run began at a wall: somebody has used up a quota, which is counted from now on. Little as the wait tells of a rate.
  // Nor does one that is told in whole seconds.
  const tellsLittle = shape.told || gapMs >= Math.max(SHORT_MS, shape.sparseMs)
  if (shape.before === null && tellsLittle && isFirst(pace, openedBy))
    return { ...pace, opening: null, shape: { kind: 'open' }, width: anew(pace.width) }
  // A wait for more than a token of several a second, after so many at once, may be for the end of a window: what is let in now tells.
  if (shape.before === null && shape.told && gapMs > ONE_SECOND_MS && usedSince(pace, shape) >= MANY)
    return { ...pace, shape: { kind: 'open' }, width: anew(pace.width) }
  const narrow = isNarrow(pace)
  if (shape.before !== null) {
    // Neither a fixed nor a sliding window: some counters only estimate what has slid out. An even pace suits them all, and
    // no more than was let in on the whole: the windows that were made of the refusals may be too short by far.
    const { quota, windowMs } = shape.before
    const { total, admitted } = pace.traffic
    const brought = (total * 1000) / Math.max(1, openedBy - (admitted[0] ?? openedBy))
    const rate = Math.min(brought, 0.97 * evenRate(quota, windowMs))
    // What was asked for as a window had no rush before its wall.
    const holdsOne = narrow && quota <= NARROW
    return { ...pace, shape: { ...startBucket({ rate, at: now, narrow: holdsOne }), steady: !holdsOne } }
  }
  // Where answers are so quick, what was let in within a second is no measure: the rate is sought step by step.
  const low = 1000 / Math.max(gapMs, 1)
  // A wait for a token of several a second is rounded up to one second; a longer one is for something else.
  const isMore = gapMs > ONE_SECOND_MS
  const guess = guessed(pace, shape, gapMs, now)
  const rateHeld = heldRate(pace, shape)
  if (rateHeld !== null) {
    const { windowMs } = guess
    // What went well before the first wall may have been room under a cap. Savings that are not there are spent in vain after each wait.
    const opening = shape.told ? null : pace.opening
    const bucket = startBucket({
      rate: rateHeld,
      at: now,
      walls: wallsOf(pace, shape),
      opening,
      holds: isMore || pace.width.tollMs > ONE_SECOND_MS ? null : pace.opening,
      windowMs,
    })
    // The cap stays: if it is one, its rate is met where a few more are asked for at once.
    return { ...pace, shape: { ...bucket, sure: true, ceiling: rateHeld }, width: { ...pace.width, limit: 2 } }
  }
  const known = secondsQuota(pace)
  if (known !== null) return { ...pace, shape: byQuota(pace, shape, known, now), width: { ...startWidth, limit: 1 } }
  // A guess is bold only if it is above what the gap itself tells.
  if (!narrow && pace.latency.meanMs >= QUICK_MS && (shape.told || guess.rate > 1.3 * low))
    return { ...pace, shape: guess, width: { ...startWidth, limit: 1 } }
  const room = roomBefore(pace)
  // A wait fills what little it holds: where answers are quick, trials that are paid from that would go well at any rate.
  const isQuick = shape.told && pace.latency.meanMs < QUICK_MS
  const saved = isQuick && room !== null ? Math.min(NARROW, room.count) : 1
  // Where the wait that ends the trials tells the rate, they may be far apart: until then most of what flows in is lost.
  const step = narrow || (isQuick && !isMore) ? 2.5 : 1.6
  const search = { low, high: null, step, need: narrow ? saved + 1 : 4, passed: 0, sinceAt: now }
  // A wait that was told is rounded up to seconds: the rate is higher than it says.
  const rate = shape.told && !isMore ? 3 : low
  const bucket = startBucket({
    rate,
    at: now,
    search,
    walls: wallsOf(pace, shape),
    narrow,
    opening: pace.opening,
    ...(isMore ? { holds: null } : {}),
    room,
  })
  return { ...pace, shape: bucket, width: uncapped(pace.width) }
}
