/**
 * A quota for each window of time, replayed: a request may leave as soon as the one `quota` places before it has left the window.
 * That is legal for a sliding window and a fixed one of any phase; of windows that open at set instants the whole quota is there then.
 */
import type { Bucket } from '../bucket/bucket.ts'
import { countBetween, indexFrom, noTraffic, type Sent, type Traffic } from '../traffic.ts'
import { isFollowedBy, isOther, windowTold } from './window-told.ts'

export type Window = {
  kind: 'window'
  quota: number
  windowMs: number
  /** A window opened in (after, by]. */
  opened: { after: number; by: number }
  /** Windows open at set instants, each with the whole quota; else only what has slid out is free again. */
  fixed: boolean
  /** It may as well open at set instants: an early probe tells. */
  mayBeFixed: boolean
  /** So long it was closed before it opened, ms: it is not shorter. */
  closedMs: number
  /** Kept between what is due and what is sent, against jitter, ms. */
  marginMs: number
  /** Refusals that this model did not foresee. */
  misses: number
  /** When the latest of those had left. */
  missedAt: number
  /** Early probes that were refused. */
  earlyMisses: number
  /** An early probe is under way that left at this instant. */
  probing: number | null
  /** When the first request after the latest pause left, and whether one since was let in. */
  resumedAt: number
  proven: boolean
  /** Pauses that ended as foreseen. */
  foreseen: number
  /** Requests beyond the quota that are tried in this window, to see whether it was raised. */
  bonus: number
  /** How many had been let in when that was last tried. */
  triedAt: number
  /** Lengths that it may have as well, the longest first, ms. */
  shorter: readonly number[]
  /** What it was before one of these was let in, which has not been seen again yet, ms; null: it has. */
  longer: number | null
  /** It was counted at a wall, and somebody may have used some of it before: in so many pauses to come one more is tried. */
  unsure: number
  /** The bucket of one token in whose place it was put, should it be none. */
  held?: Bucket | null
}

const MARGIN_MS = 12
/** So long after an opening it may still be tried whether the window has opened then. */
const TRIED_LATE_MS = 500
/** Lengths differ by far more, and a connection or a busy loop may delay a request. */
const TRIED_MARGIN_MS = 100
export const EARLY_MISSES = 2
const PAUSE_MS = 1000
/** So many pauses must have ended as foreseen before more than one request goes first. */
const TRUSTED = 2
/** One request more is tried so often, with half as many left to gain by it, and not before so many pauses. */
const TRY_EVERY = 900
const TRY_AFTER = 4

export const startWindow = (quota: number, windowMs: number, opened: Window['opened'], fixed: boolean): Window => ({
  kind: 'window',
  quota: Math.max(1, quota),
  windowMs,
  // Within each length of a window one has opened.
  opened: { after: Math.max(opened.after, opened.by - windowMs), by: opened.by },
  fixed,
  mayBeFixed: fixed,
  closedMs: 0,
  marginMs: MARGIN_MS,
  misses: 0,
  missedAt: Number.NEGATIVE_INFINITY,
  earlyMisses: 0,
  probing: null,
  resumedAt: opened.by,
  proven: true,
  foreseen: 0,
  bonus: 0,
  triedAt: 0,
  shorter: [],
  longer: null,
  unsure: 0,
})

/** Where a first one more goes through, a second time tells whether that was all. */
const UNSURE = 2

/** A window whose quota was counted at a wall: of the first one others may have used a part. One request more tells, in the first pause. */
export const countedWindow = (...counted: Parameters<typeof startWindow>): Window => ({
  ...startWindow(...counted),
  unsure: UNSURE,
  bonus: 1,
})

/** So many pauses that ended as foreseen leave no doubt of the length; of a few seconds some lengths pass for others. */
const BEYOND_DOUBT = 6
export const LONG_MS = 24_000

export const isLengthSure = ({ foreseen, windowMs }: Window): boolean => foreseen >= BEYOND_DOUBT && windowMs >= LONG_MS

/** The last instant up to `now` at which a window had surely opened. */
const openedBy = ({ opened, windowMs }: Window, now: number): number =>
  opened.by + Math.floor((now - opened.by) / windowMs) * windowMs

/** Where a boundary that lies in (after, by] is looked for: on a whole multiple of the window since 1970, else in the middle. */
const earlyTarget = ({ after, by }: { after: number; by: number }, windowMs: number): number => {
  const aligned = Math.floor(by / windowMs) * windowMs + 15
  return aligned > after && aligned < by ? aligned : (after + by) / 2
}

/** When an early probe is worth it, as an instant before the next sure opening; null: not. */
const earlyAt = (window: Window, nextOpening: number, freeAt: number): number | null => {
  const { opened, windowMs, earlyMisses, probing, fixed, mayBeFixed, marginMs } = window
  if (!mayBeFixed || earlyMisses >= EARLY_MISSES || probing !== null) return null
  // Where it is not told whether it slides, only what is let in long before a place is free says so.
  if (!fixed && freeAt - nextOpening > PAUSE_MS) return nextOpening + marginMs
  if (opened.by - opened.after < Math.max(100, 0.01 * windowMs)) return null
  const early = nextOpening - (opened.by - earlyTarget(opened, windowMs))
  return fixed || freeAt - early > PAUSE_MS ? early : null
}

/** When a shorter length is tried, which the window may have as well, ms; null: it is not. */
const shorterAt = ({ shorter, longer, bonus, unsure, probing, opened }: Window, freeAt: number): number | null => {
  if (shorter.length === 0 || longer !== null || bonus > 0 || unsure > 0 || probing !== null) return null
  const at = opened.by + shorter[0]! + TRIED_MARGIN_MS
  return freeAt - at > PAUSE_MS / 2 ? at : null
}

/** How many of the quota are used at `now`, and when the next is free. */
const usage = (
  window: Window,
  traffic: Traffic,
  flight: readonly Sent[],
  now: number,
): { used: number; freeAt: number } => {
  const { quota, windowMs, marginMs, fixed, opened } = window
  const slid = now - windowMs - marginMs
  // What left while the window may or may not have been open counts: when the next one opens is known no better.
  const uncertainMs = opened.by - opened.after
  const from = fixed ? Math.max(slid, openedBy(window, now - marginMs) - uncertainMs) : slid
  const { admitted } = traffic
  const flying = flight.filter(({ at }) => at >= from).length
  const used = admitted.length - indexFrom(admitted, from) + flying
  if (used < quota) return { used, freeAt: now }
  // The admitted one that has to leave the window first; those in flight are the youngest.
  const oldest = admitted[admitted.length - (quota - flying)] ?? now
  return { used, freeAt: oldest + windowMs + marginMs }
}

/** Milliseconds until the next request may leave. */
export const windowWait = (
  window: Window,
  traffic: Traffic,
  flight: readonly Sent[],
  now: number,
  patienceMs: number,
): number => {
  // After a pause one goes first, until the model is trusted; a straggler is not waited for.
  if (!window.proven && window.foreseen < TRUSTED && now - window.resumedAt < patienceMs)
    return window.resumedAt + patienceMs - now
  const { used, freeAt } = usage(window, traffic, flight, now)
  if (used < window.quota) return 0
  // One more than the quota is tried when all of that is back, and in a pause: so its refusal speaks of nothing else.
  if (used < window.quota + window.bonus && flight.length <= used - window.quota && freeAt - now > PAUSE_MS) return 0
  const tried = shorterAt(window, freeAt)
  if (tried !== null && tried <= now) return 0
  if (!window.mayBeFixed) return Math.max(1, Math.min(freeAt, tried ?? freeAt) - now)
  const lateMs = window.fixed ? window.marginMs : TRIED_LATE_MS
  const opening = openedBy(window, now - lateMs) + window.windowMs
  const early = earlyAt(window, opening, freeAt)
  if (early !== null && early <= now) return 0
  const opensAt = window.fixed ? opening + window.marginMs : freeAt
  return Math.max(1, Math.min(freeAt, opensAt, early ?? freeAt) - now)
}

/** The window after a pause: now and then with one request more than the quota; where that goes through, with twice as many. */
const afterPause = (window: Window, { total }: Traffic, now: number, left: number): Window => {
  const resumed = { ...window, resumedAt: now, proven: false, bonus: window.unsure > 0 ? 1 : 0 }
  return window.foreseen >= TRY_AFTER && Math.min(total - window.triedAt, 2 * left) >= TRY_EVERY
    ? { ...resumed, bonus: 1, triedAt: total }
    : resumed
}

/** `left`: how many more requests the job takes. */
export const windowSent = (
  window: Window,
  traffic: Traffic,
  flight: readonly Sent[],
  now: number,
  left = Number.POSITIVE_INFINITY,
): Window => {
  const last = Math.max(traffic.admitted.at(-1) ?? 0, flight.at(-1)?.at ?? 0)
  const resumed = now - last > PAUSE_MS ? afterPause(window, traffic, now, left) : window
  return usage(window, traffic, flight, now).used >= window.quota + window.bonus
    ? { ...resumed, probing: now }
    : resumed
}

/** How long after the opening that is known the one is, ms, that an early probe looked for; a wait may have made it late. */
const probedAfter = ({ opened, windowMs }: Window, sentAt: number): number =>
  Math.round((sentAt - (opened.after + opened.by) / 2) / windowMs) * windowMs

/** A shorter length was let in; a window that opens at set instants may just have opened, though. */
const shorterLetIn = (window: Window, sentAt: number): Window => {
  const { shorter, windowMs, opened } = window
  return {
    ...window,
    windowMs: shorter[0]!,
    shorter: shorter.slice(1),
    longer: windowMs,
    probing: null,
    opened: { after: sentAt - (opened.by - opened.after), by: sentAt },
  }
}

/** A request was let in: the opening before it is the latest, and an early probe moves it forward. */
export const windowAccepted = (window: Window, traffic: Traffic, sentAt: number): Window => {
  const { opened, windowMs, probing, resumedAt } = window
  const since = openedBy(window, sentAt)
  // More than the quota went through: it was counted too low. Before an early probe it was another window.
  const from = window.fixed ? since : sentAt - windowMs
  const used =
    probing === sentAt || (!window.fixed && window.bonus === 0) ? 0 : countBetween(traffic, [], from, sentAt + 1)
  const quota = Math.max(window.quota, used)
  const bonus = quota > window.quota ? 2 * window.bonus : window.bonus
  const proven =
    !window.proven && sentAt >= resumedAt
      ? { ...window, quota, bonus, proven: true, foreseen: window.foreseen + 1 }
      : { ...window, quota, bonus }
  if (probing !== sentAt) {
    const passed = Math.floor((sentAt - opened.by) / windowMs) * windowMs
    return passed > 0
      ? { ...proven, longer: null, opened: { after: opened.after + passed, by: opened.by + passed } }
      : proven
  }
  const passed = probedAfter(window, sentAt)
  if (window.shorter.length > 0) return shorterLetIn(proven, sentAt)
  const by = Math.min(sentAt, opened.by + passed)
  // Of what slides nothing was free yet.
  return {
    ...proven,
    fixed: window.mayBeFixed,
    probing: null,
    opened: { after: Math.min(opened.after + passed, by), by },
  }
}

/** Whether the source says that a place is free when the window opens next, or when the first of those that fill it leaves it. */
const isForeseen = (window: Window, { admitted }: Traffic, sentAt: number, next: Window['opened']): boolean => {
  const { opened, windowMs, fixed } = window
  const by = openedBy(window, sentAt)
  // Of a longer one that is near enough: in the meantime it may have moved a little.
  if (windowMs >= LONG_MS) return Math.abs(next.by - by - windowMs) < 1500
  if (isFollowedBy({ after: by - (opened.by - opened.after), by }, next, windowMs)) return true
  const oldest = admitted[indexFrom(admitted, sentAt - windowMs)]
  return !fixed && oldest !== undefined && isFollowedBy({ after: oldest, by: oldest }, next, windowMs)
}

/**
 * What the refusal of a request says to the window; null: when it lets in again has to be sought. `next`: when the next
 * window opens, if the source said so.
 */
export const windowRefused = (
  window: Window,
  traffic: Traffic,
  flight: readonly Sent[],
  sentAt: number,
  next: Window['opened'] | null,
): Window | null => {
  const { opened, windowMs, quota } = window
  if (next !== null && window.probing === sentAt)
    return { ...windowTold(window, next), earlyMisses: window.earlyMisses + 1 }
  if (window.longer !== null) return null
  if (window.probing === sentAt && window.shorter.length > 0)
    return { ...window, probing: null, proven: true, shorter: [] }
  if (window.probing === sentAt) {
    const after = Math.min(opened.by, Math.max(opened.after, sentAt - probedAfter(window, sentAt)))
    // What is refused when it must have opened slides.
    const earlyMisses = after === opened.by ? EARLY_MISSES : window.earlyMisses + 1
    return { ...window, probing: null, proven: true, earlyMisses, opened: { ...opened, after } }
  }
  const isSliding = !window.fixed && window.bonus > 0
  const since = isSliding ? sentAt - windowMs : Math.max(sentAt - windowMs, openedBy(window, sentAt))
  // What was let in may have left in the very same millisecond.
  const used = countBetween(traffic, [], since, sentAt + 1) + countBetween(noTraffic, flight, since, sentAt)
  const foreseen = next !== null && isForeseen(window, traffic, sentAt, next)
  // Where more than one went through beyond it, there may be still more in the next one.
  const refuted = {
    ...window,
    quota: used,
    bonus: 0,
    unsure: used < 0.9 * quota ? UNSURE : window.bonus > 1 || used !== quota ? window.unsure - 1 : 0,
  }
  if (next !== null && window.bonus > 0 && used >= 0.9 * quota && isOther(window, next))
    return { ...windowTold(refuted, next), proven: window.proven }
  // Much of the quota went through: it is smaller than it seemed, and the next opening is known.
  return used >= (foreseen ? 0.3 : 0.9) * quota ? refuted : null
}
