/** What of a window is kept for the next run, and how that begins with it: what is known roughly is handed on as roughly. */
import { evenRate } from '../bucket/bucket.ts'
import { indexFrom, type Sent, type Traffic } from '../traffic.ts'
import { EARLY_MISSES, LONG_MS, startWindow, type Window } from './window.ts'

/** Plain JSON. `recent`: when the requests had left that may still count against the quota, ms since 1970. */
export type KeptWindow = {
  kind: 'quota'
  quota: number
  windowMs: number
  fixed: boolean
  /** It was not told whether it slides. */
  mayBeFixed?: boolean
  /** Lengths that it may have as well, the longest first, ms. */
  shorter?: readonly number[]
  /** The quota may be higher: in so many pauses to come one more is tried. */
  unsure?: number
  openedAt: number
  uncertainMs?: number
  recent: number[]
}

export const beginWindow = (kept: KeptWindow, now: number): Window => {
  const { quota, windowMs, fixed, mayBeFixed = fixed, shorter = [], unsure = 0, openedAt, uncertainMs = 50 } = kept
  // A clock that was ahead must not make windows of negative length.
  const by = openedAt - Math.max(0, Math.ceil((openedAt - now) / windowMs)) * windowMs
  const window = startWindow(quota, windowMs, { after: by - uncertainMs, by }, fixed)
  // When it opens was looked for by the run before: that is not paid for again.
  const earlyMisses = mayBeFixed && !fixed ? EARLY_MISSES - 1 : EARLY_MISSES
  return { ...window, mayBeFixed, shorter, unsure, proven: false, resumedAt: 0, earlyMisses }
}

/** A quota beyond which single instants are not kept. */
const MOST_RECENT = 2000

export const keepWindow = (window: Window, traffic: Traffic, flight: readonly Sent[], now: number): KeptWindow => {
  const { quota, fixed, mayBeFixed, unsure, opened, longer } = window
  // A shorter length that was let in once is tried again.
  const windowMs = longer ?? window.windowMs
  const shorter = longer === null ? window.shorter : [window.windowMs, ...window.shorter]
  const sent = [...traffic.admitted, ...flight.map(({ at }) => at)].sort((a, b) => a - b)
  const recent = sent
    .slice(indexFrom(sent, now - windowMs))
    .slice(-MOST_RECENT)
    .map(Math.round)
  const uncertainMs = Math.round(opened.by - opened.after)
  const openedAt = Math.round(opened.by)
  return { kind: 'quota', quota, windowMs, fixed, mayBeFixed, shorter, unsure, openedAt, uncertainMs, recent }
}

/** A window of a few seconds that was refuted, and has not been seen to open since, may be none. */
export const isDoubtful = ({ misses, foreseen, windowMs }: Window): boolean =>
  misses > 0 && foreseen === 0 && windowMs < LONG_MS

/** Requests per second that were let in on the whole, and no more than the quota evenly. */
export const broughtBy = ({ quota, windowMs }: Window, { admitted }: Traffic, now: number): number =>
  Math.min(evenRate(quota, windowMs), (admitted.length * 1000) / Math.max(1, now - (admitted[0] ?? now)))
