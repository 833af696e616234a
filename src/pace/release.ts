/** What a wall turns out to be, once the source lets in again: a window, a rate, or a cap. */
import {
  mostWithin,
  ONE_SECOND_MS,
  ROUNDED_MS,
  rateAtWall,
  refusedSince,
  roomBefore,
  usedSince,
  wallsOf,
  wentOn,
} from './at-wall.ts'
import { startBucket } from './bucket/bucket.ts'
import { type Pace, patienceOf } from './model.ts'
import type { Seeking } from './seeking.ts'
import { countBetween, type Sent } from './traffic.ts'
import { capped, hasHeld, mayBeCap, startWidth, uncapped, type Width } from './width/width.ts'
import { counterByAnswers, evenly } from './window/counter-fit.ts'
import { byQuota, guessed, secondsQuota } from './window/guess-quota.ts'
import { onTheWhole } from './window/held-pace.ts'
import { countedFew, fewAtATime } from './window/long-wait.ts'
import { windowAround, withLonger } from './window/longer-quota.ts'
import { shortWindow, windowOf } from './window/released-window.ts'
import { LENGTHS_MS } from './window/short-window.ts'
import { evenRateForAny, FEW_SECONDS_MS, letsInLess } from './window/sliding-counter.ts'
import { SHORT_MS } from './window/usual-window.ts'

/** So few requests were let in within any two round trips, and this time, before the wall: the bucket holds next to nothing. */
const NARROW = 5
const NARROW_MS = 250
const QUICK_MS = 90
/** Walls that may speak for a cap. The first is met at most three above it, since not all in flight are at the server. */
const CAP_WALLS = 3

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
  // A long wait made a window of it; a cap would name the same wait again.
  if (shape.before !== null && shape.probeAt - shape.heardAt < SHORT_MS - ROUNDED_MS) return false
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

/** One request that was let in proves only itself: the width is widened from one again. */
const anew = (width: Width): Width => ({ ...width, limit: 1, settled: null })

/** A window that has ended when it should more often than that is one. */
const ENDED = 3

/** The even pace of the counter that a refuted window turns out to be; null: none that is longer explains what was answered. */
const counted = (pace: Pace, { before }: Seeking, now: number, longerThanMs = 0): Pace | null => {
  if (before === null || before.foreseen > ENDED) return null
  const counter = counterByAnswers(pace.traffic, now)
  if (counter === null || counter.windowMs <= longerThanMs) return null
  return { ...pace, shape: evenly(counter), width: anew(pace.width) }
}

/** Once all that was in flight at the wall is back: do we know enough to go on without a probe? */
export const settle = (pace: Pace, now: number): Pace => {
  const { shape } = pace
  if (shape.kind !== 'seeking' || shape.tries > 0 || !isSettled(pace, shape, now)) return pace
  // Of a few seconds some windows pass for counters.
  const counter = counted(pace, shape, now, FEW_SECONDS_MS)
  if (counter !== null) return counter
  const isLong = shape.told && shape.probeAt - shape.wallAt >= SHORT_MS
  if (isLong && !wentOn(pace, shape)) return pace
  const longer = windowAround(pace, shape, shape.wallAt)
  if (speaksForCap(pace, shape)) return { ...pace, longer, shape: { kind: 'open' }, width: cappedAt(pace, shape) }
  if (isLong) return pace
  const seen = rateAtWall(pace, shape)
  if (seen === null || seen.share < 0.2) return pace
  const { rate } = seen
  const search = { low: rate * 0.5, high: null, step: 1.4, need: 4, passed: 0, sinceAt: now }
  // It begins to fill now: what runs over while all have to wait is not granted, and must not be reckoned with.
  const bucket = startBucket({ rate, at: now, search, walls: wallsOf(pace, shape), opening: pace.opening })
  return { ...pace, longer, shape: bucket, width: uncapped(pace.width) }
}

/** Hardly anything was let in at once. Where nothing was, somebody else has emptied the bucket, whatever it holds. */
const isNarrow = (pace: Pace): boolean =>
  pace.opening !== null &&
  pace.opening.admitted.length > 0 &&
  mostWithin(pace, Math.max(NARROW_MS, 2 * pace.latency.meanMs)) <= NARROW

/** So many that were let in since the source had let in again are no single tokens. */
const MANY = 10

/** Nothing has been let in before. */
const isFirst = ({ traffic }: Pace, openedBy: number): boolean => countBetween(traffic, [], 0, openedBy) === 0

/**
 * A probe was let in: when that was tells the kind of limit. Of several that may have been the first, the earliest is taken:
 * a wait that is believed too short is refused and corrected, one that is believed too long is not.
 */
export const released = (before: Pace, shape: Seeking, probe: Sent, now: number): Pace => {
  const openedBy = Math.min(probe.at, shape.unansweredAt ?? probe.at)
  const longer = windowAround(before, shape, openedBy)
  if (longer !== null) {
    const since = { ...shape, before: null, countedFrom: Math.max(shape.countedFrom, longer.opened.by) }
    return released({ ...before, longer }, since, probe, now)
  }
  const gapMs = openedBy - shape.wallAt
  const pace: Pace = { ...before, countedFrom: openedBy }
  // Where two limits are known already, the one that lets in late is no new one.
  const isBoth = shape.kept !== null && shape.before !== null
  const even = isBoth ? null : onTheWhole(pace, shape, openedBy, now)
  if (even !== null) return { ...pace, shape: even }
  const both = withLonger(pace, shape, openedBy)
  if (both !== null) return { ...both, width: anew(pace.width) }
  const byRelease = windowOf(pace, shape, openedBy)
  const isLong = byRelease !== null && byRelease.windowMs > LENGTHS_MS.at(-1)!
  const short = isLong ? null : shortWindow(pace, shape, openedBy)
  const counter = short === null ? counted(pace, shape, now) : null
  if (counter !== null) return counter
  const window = short ?? byRelease
  const held = (shape.held?.narrow ? shape.held : shape.before?.held) ?? null
  if (window && !letsInLess(pace, shape, openedBy))
    return { ...pace, shape: { ...window, held }, width: anew(pace.width) }
  // Let in again as soon as our own pace could tell: it was not the rate, and nothing has to be sought. Nor is it a window that was refuted.
  if (held !== null && (shape.before !== null || gapMs < shape.sparseMs))
    return { ...pace, renewedAt: openedBy, shape: { ...held, tokens: 0, at: now, clean: 1, barren: 0 } }
  // The run began at a wall: somebody has used up a quota, which is counted from now on. Little as the wait tells of a rate.
  // Nor does one that is told in whole seconds.
  const tellsLittle = shape.told || gapMs >= Math.max(SHORT_MS, shape.sparseMs)
  if (shape.before === null && tellsLittle && isFirst(pace, openedBy))
    return { ...pace, opening: null, shape: { kind: 'open' }, width: anew(pace.width) }
  // A wait for more than a token of several a second, after so many at once, may be for the end of a window: what is let in now tells.
  if (shape.before === null && shape.told && gapMs > ONE_SECOND_MS && usedSince(pace, shape) >= MANY)
    return {
      ...pace,
      shape: countedFew(pace, shape, openedBy, now) ?? { kind: 'open' },
      width: anew(pace.width),
    }
  const narrow = isNarrow(pace)
  if (shape.before !== null) {
    // Neither a fixed nor a sliding window: an even pace suits them all.
    const { quota } = shape.before
    const rate = evenRateForAny(pace, shape, shape.before, openedBy)
    // What was asked for as a window had no rush before its wall.
    const holdsOne = narrow && quota <= NARROW
    return { ...pace, shape: { ...startBucket({ rate, at: now, narrow: holdsOne }), steady: !holdsOne } }
  }
  const few = fewAtATime(pace, shape, openedBy)
  if (few !== null) return { ...pace, shape: { ...startBucket({ rate: few, at: now }), steady: true } }
  // Where somebody else may have taken the only token at the end of a wait, each of them is for one.
  const tokenMs = narrow && shape.told ? gapMs / (shape.tries + 1) : gapMs
  const low = 1000 / Math.max(tokenMs, 1)
  // A wait for a token of several a second is rounded up to one second; a longer one is for something else.
  const isMore = tokenMs > ONE_SECOND_MS
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
  // A guess is bold only if it is above what the gap itself tells. A cap lets in again at once; of quick answers it lets in hundreds a second.
  const isQuickCap = pace.latency.meanMs < QUICK_MS && pace.width.capWalls > 0 && shape.tries === 0
  if (!narrow && !isQuickCap && (shape.told || guess.rate > 1.3 * low))
    return { ...pace, shape: guess, width: { ...startWidth, limit: 1 } }
  const room = roomBefore(pace)
  // A wait fills what little it holds: where answers are quick, trials that are paid from that would go well at any rate.
  const isQuick = shape.told && pace.latency.meanMs < QUICK_MS
  const saved = isQuick && room !== null ? Math.min(NARROW, room.count) : 1
  // Where the wait that ends the trials tells the rate, they may be far apart: until then most of what flows in is lost.
  const step = narrow || (isQuick && !isMore) ? 2.5 : 1.6
  const search = {
    low,
    high: null,
    step,
    need: narrow ? saved + 1 : 4,
    passed: 0,
    sinceAt: now,
    ...(narrow && shape.told ? { least: low } : {}),
  }
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
