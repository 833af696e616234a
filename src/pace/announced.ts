/**
 * What the source says of its own limits, request by request. A reply tells how many more it will take; requests that
 * left after the one it answers are taken off. What is announced beats what was guessed.
 */

import type { AnnouncedLimit } from './header/limit-headers.ts'
import { countBetween, noTraffic, type Sent, type Traffic } from './traffic.ts'
import { isFirst } from './window/length-tried.ts'
import { SHORT_MS } from './window/usual-window.ts'

export type Announced = AnnouncedLimit & {
  /** When the request had left whose reply said so, ms. */
  asOf: number
  /** When more quota is there, ms: of the replies that give about the same instant, the earliest; whole seconds are rounded up. */
  opensAt: number | null
  /** The request that was answered was refused: it is not among those that were let in. */
  refused: boolean
  /** The least that was left by the replies since then, ms: what is never used up is a bucket's store. */
  least: number
  leastSince: number
  /** The longest reset that was heard, ms: where the window's length is not said, it is at least that. */
  spanMs: number
  /**
   * When the first request of the window that is on was answered, ms, and what the answer said of its end; null: it is not known. It had
   * arrived by then, however long a connection took.
   */
  first: { at: number; resetMs: number } | null
}

/** Requests may overtake each other by so much on their way. */
export const REORDER_MS = 12
/** Instants that lie no further apart are the same one, given in whole seconds and some time on the way. */
const ROUNDED_MS = 1500

/** Of two that left together the one that leaves more was served before, but where the quota was renewed between. An answer may be late. */
const wasBefore = (known: Announced, { remaining, resetMs }: AnnouncedLimit, asOf: number): boolean =>
  (remaining ?? 0) > (known.remaining ?? 0) && asOf + (resetMs ?? 0) - known.asOf - (known.resetMs ?? 0) < ROUNDED_MS

const follow = (
  known: Announced | undefined,
  limit: AnnouncedLimit,
  asOf: number,
  now: number,
  refused: boolean,
): Announced => {
  const opensAt = limit.resetMs === null ? null : now + limit.resetMs
  const before = known?.opensAt ?? null
  const same = before !== null && opensAt !== null && now < before && Math.abs(before - opensAt) < ROUNDED_MS
  const isAlike = known !== undefined && known.quota === limit.quota
  const together = isAlike && !refused && asOf - known.asOf <= REORDER_MS
  if (together && wasBefore(known, limit, asOf)) return known
  // In a pause nothing is used up, whatever the limit: afterwards it is watched anew.
  const isPause = known !== undefined && asOf - known.asOf > (limit.windowMs ?? Number.POSITIVE_INFINITY)
  const watched = isPause ? undefined : known
  return {
    ...limit,
    asOf: together ? Math.max(asOf, known.asOf) : asOf,
    refused,
    opensAt: same ? Math.min(before, opensAt) : opensAt,
    least: Math.min(watched?.least ?? Number.POSITIVE_INFINITY, limit.remaining ?? 0),
    leastSince: watched?.leastSince ?? now,
    spanMs: Math.max(isAlike ? known.spanMs : 0, limit.resetMs ?? 0),
    first: isFirst(limit) && limit.resetMs !== null ? { at: now, resetMs: limit.resetMs } : same ? known!.first : null,
  }
}

/** So many windows tell what is never used up. */
const WATCHED = 2

/** Requests that no announced limit had any use for, for whole windows; a place is left for jitter. null: not watched so long. */
export const spareOf = (announced: readonly Announced[], now: number): number | null => {
  const isWatched = announced.every(
    ({ least, leastSince, windowMs }) =>
      Number.isFinite(least) && now - leastSince > WATCHED * (windowMs ?? Number.POSITIVE_INFINITY),
  )
  return isWatched ? Math.max(0, Math.min(...announced.map(({ least }) => least)) - 1) : null
}

/** Watched anew from `now` on. */
export const watchedFrom = (announced: readonly Announced[], now: number): readonly Announced[] =>
  announced.map((each) => ({ ...each, least: Number.POSITIVE_INFINITY, leastSince: now }))

/** What is known of a limit already. Of several without names the quota tells which is which. */
const knownAs = (
  known: readonly Announced[],
  limits: readonly AnnouncedLimit[],
  { name, quota }: AnnouncedLimit,
): Announced | undefined => {
  const namesakes = known.filter((each) => each.name === name)
  const isOnly = limits.filter((each) => each.name === name).length === 1
  return namesakes.find((each) => each.quota === quota) ?? (isOnly ? namesakes[0] : undefined)
}

/** With what one more reply says; `asOf`: when its request had left. A reply that was overtaken says nothing new. */
export const hear = (
  known: readonly Announced[],
  limits: readonly AnnouncedLimit[],
  asOf: number,
  now: number,
  refused = false,
): readonly Announced[] => {
  if (limits.length === 0) return known
  if (known.some((each) => each.asOf > asOf + REORDER_MS)) return known
  return limits.map((limit) => follow(knownAs(known, limits, limit), limit, asOf, now, refused))
}

/** Requests that may leave now as far as this limit goes; null where the source does not say. */
export const creditOf = (announced: Announced, traffic: Traffic, flight: readonly Sent[]): number | null => {
  const { remaining, asOf } = announced
  if (remaining === null) return null
  // What left with it and was answered is in `remaining` already, or was served before.
  const since = countBetween(traffic, [], asOf + REORDER_MS, Number.POSITIVE_INFINITY)
  return remaining - since - countBetween(noTraffic, flight, asOf - REORDER_MS, Number.POSITIVE_INFINITY)
}

/** Whether a refusal's own reply says that something was left of each limit that it announces: then none of them has refused. */
export const saysRoom = (limits: readonly AnnouncedLimit[]): boolean =>
  limits.length > 0 && limits.every(({ remaining }) => remaining !== null && remaining >= 1)

/** So long a window is met by counting what is left of it; the counters of a shorter one are stale before they arrive. */
export const isLong = ({ windowMs, spanMs }: Announced): boolean => (windowMs ?? spanMs) >= SHORT_MS

/** What is left of it is known, and is kept to. */
export const isObeyed = (each: Announced): boolean =>
  each.remaining !== null && (each.windowMs !== null || isLong(each))

export type Quota = { quota: number; windowMs: number }

/**
 * The announced limit that the pace is made of. All of them hold, but what is left of a long window is counted besides: so
 * of short ones, which need an even pace, it is the one with the lowest rate, or else the shortest of the long ones. null:
 * none is announced with both.
 */
export const binding = (announced: readonly Announced[]): Quota | null => {
  let found: Quota | null = null
  for (const each of announced) {
    const { quota, windowMs } = each
    if (quota === null || quota <= 0 || windowMs === null || windowMs <= 0) continue
    const isShort = windowMs < SHORT_MS
    if (
      found === null ||
      (isShort && found.windowMs < SHORT_MS
        ? quota / windowMs < found.quota / found.windowMs
        : windowMs < found.windowMs)
    )
      found = { quota, windowMs }
  }
  return found
}

/** A quota whose renewal is so far away ends the run instead of being waited for. */
const LONG_WAIT_MS = 2 * 3_600_000
const LONG_WINDOW_MS = 12 * 3_600_000
/** A long window that ends so soon is waited for all the same. */
const SOON_MS = 60_000

/** Whether what is used up is a daily or monthly quota, to be renewed in `ms`. */
const isQuota = (ms: number, windowMs: number | null): boolean =>
  ms > LONG_WAIT_MS || (ms > SOON_MS && windowMs !== null && windowMs >= LONG_WINDOW_MS)

/** Until a quota is renewed; where the source does not say, at most the length of a long window, else 0. */
const renewalMs = (resetMs: number | null, windowMs: number | null): number =>
  resetMs ?? (windowMs !== null && windowMs >= LONG_WINDOW_MS ? windowMs : 0)

/** When a quota is renewed, ms since 1970; where the source does not say, that is the latest by the length of its window. */
export type Renewal = { at: number; told: boolean }

/**
 * Whether a refusal is of a daily or monthly quota: when it is renewed, or `null` for an ordinary limit.
 * `limits` and `retryAfterMs` are those of the refusal that came at `now`.
 */
export const quotaRenewedAt = (
  limits: readonly AnnouncedLimit[],
  retryAfterMs: number | null,
  now: number,
): Renewal | null => {
  if (retryAfterMs !== null && isQuota(retryAfterMs, null)) return { at: now + retryAfterMs, told: true }
  const spent = limits.find(
    ({ remaining, windowMs, resetMs }) => remaining === 0 && isQuota(renewalMs(resetMs, windowMs), windowMs),
  )
  if (spent === undefined) return null
  const ms = Math.max(renewalMs(spent.resetMs, spent.windowMs), retryAfterMs ?? 0)
  return { at: now + ms, told: spent.resetMs !== null }
}

/** The same before anything is refused: when the quota is renewed of which nothing is left, or null. */
export const quotaSpentUntil = (
  announced: readonly Announced[],
  traffic: Traffic,
  flight: readonly Sent[],
  now: number,
): Renewal | null => {
  for (const each of announced) {
    const credit = creditOf(each, traffic, flight)
    const ms = renewalMs(each.opensAt === null ? null : each.opensAt - now, each.windowMs)
    if (credit !== null && credit < 1 && isQuota(ms, each.windowMs))
      return { at: now + ms, told: each.opensAt !== null }
  }
  return null
}
