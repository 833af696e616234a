/**
 * After a wall that nobody foresaw: one request at a time finds out when the source lets in again. How long that takes
 * tells what kind of limit it is.
 */
import type { Bucket } from './bucket/bucket.ts'
import { isLengthSure, type Window } from './window/window.ts'

export type Seeking = {
  kind: 'seeking'
  /** When the first refused request had left, ms. */
  wallAt: number
  /** When its answer came: nothing that was in flight then counts as a probe. */
  heardAt: number
  /** The most in flight that it, or one that it may have overtaken, left with. */
  wallWidth: number
  /** When those had left, no later than it, that were in flight when its answer came: they were at the source with it. */
  beside: readonly number[]
  /** Since when the quota that is used up may have been counted: the first request that was let in. */
  countedFrom: number
  /** The latest refused request had left then: the release is later. */
  refusedAt: number
  probeAt: number
  /** Since that refusal nothing was heard of a probe that left, or was due, then: it may have been let in. null: none. */
  unansweredAt: number | null
  tries: number
  /** The source said how long to wait. */
  told: boolean
  /** A release that is no later than this after the wall may be due to our own slow pace, ms. */
  sparseMs: number
  /** The model that the wall contradicts. */
  before: Window | null
  /** The rate that was held, of a bucket that holds next to nothing, when it was refused again and again. */
  held: Bucket | null
  /** The limit that had held until then: it goes on if the wall is of another. */
  kept: Bucket | Window | null
}

/** A request that left at `sentAt` has failed without an answer: a probe, or one that has made the next probe late. */
export const unanswered = (seeking: Seeking, sentAt: number): Seeking => ({
  ...seeking,
  unansweredAt: seeking.unansweredAt ?? Math.max(sentAt, seeking.probeAt),
})

const QUICK_MS = [100, 320, 1000, 3000]
/** Seconds after the first request of a window at which windows of the usual lengths end. */
const LIKELY_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
/** Lengths of windows that may end at whole multiples of them since 1970, ms. */
const WHOLE_MS = [60, 300, 600, 900, 1800, 3600, 86_400].map((seconds) => seconds * 1000)
const PATIENCE_MS = 12_000
/** Each probe waits for so much of what was waited already: it finds the opening that much late, on the mean by half of it. */
const MORE = 0.25
/** A probe waits for an instant at which windows tend to end, if that is so near: by so much it is late anyway, on the mean. */
const NEAR = MORE / 2
const NEAR_MS = MORE * PATIENCE_MS
/** And for so much of a long window that turned out to be of another length, which is hardly a moment longer. */
const LEAST = 0.05
/** So much of a window whose length is sure is waited until the next probe. */
const WITHIN = 0.5

/** After so many lengths of it the wall is of something else. */
const WINDOWS = 2

/** When to try next, after a refusal heard at `now`, where the source does not say. `now` is ms since 1970, so that minutes are minutes. */
export const nextProbeAt = ({ wallAt, countedFrom, tries, before }: Seeking, now: number): number => {
  // A window that is known opens a moment late, if it is jitter; else it is of another length.
  // Of a wall that is long ago these instants have passed: what was refused just now is not asked for again at once.
  const isToCome = (ms: number): boolean => tries === 0 || wallAt + ms > now
  const quick = before !== null && tries > 0 ? undefined : QUICK_MS.slice(tries).find(isToCome)
  // Patience grows with what was waited; instants at which windows tend to end are tried on the way.
  if (quick === undefined && before !== null && isLengthSure(before) && now - wallAt < WINDOWS * before.windowMs) {
    // Its length is known: if not at its end, it opens at some time within.
    const ends = countedFrom + Math.ceil((now + 20 - countedFrom) / before.windowMs) * before.windowMs + 15
    return Math.min(now + WITHIN * before.windowMs, ends)
  }
  // What was taken for a short window is looked for at its length, then ever later.
  const first = before === null || before.misses > 0 ? PATIENCE_MS : Math.max(before.windowMs, now - wallAt)
  const least = Math.max(Math.min(PATIENCE_MS, first), LEAST * (before?.windowMs ?? 0))
  const patient = quick === undefined ? now + Math.max(least, MORE * (now - wallAt)) : Math.max(now, wallAt + quick)
  const likely = [
    ...LIKELY_S.map((seconds) => countedFrom + seconds * 1000 + 15),
    // A window that is not longer than what was waited would have ended.
    ...WHOLE_MS.filter((length) => length > now - wallAt).map((length) => Math.ceil(now / length) * length + 15),
  ].filter((at) => at > (quick === undefined ? now + 20 : patient))
  // Where such an instant follows so soon, one probe does for both.
  const soon = patient + (before === null ? Math.min(NEAR_MS, NEAR * (patient - countedFrom)) : 0)
  const next = Math.min(...likely)
  return next <= soon ? next : patient
}
