import { parseDate } from './http-date.ts'

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** The longest window and the longest wait that are believed. */
export const YEAR_MS = 366 * DAY_MS

const LONGEST = 100
const NUMBER = /^\d{1,15}(?:\.\d{1,9})?$/
const DURATION = /^(?:\d{1,15}(?:\.\d{1,9})?(?:ms|[smhd]))+$/
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }
/** In September 2001, or 31 years, or 11 days in ms. */
export const SMALLEST_INSTANT = 1e9

/** From `madeAt` to an instant; null unless it is near. What passed within a day is over: two clocks may differ. */
const until = (at: number, madeAt: number): number | null =>
  at > madeAt - DAY_MS && at <= madeAt + YEAR_MS ? Math.max(0, Math.round(at - madeAt)) : null

/** From `madeAt` to an instant in seconds or else ms since 1970; null unless it is near. */
export const ofInstant = (value: number, madeAt: number): number | null =>
  until(value * 1000, madeAt) ?? until(value, madeAt)

/** A whole window is rounded up to a second more by some. */
const ofNumber = (value: number, madeAt: number, longestMs: number): number =>
  value >= SMALLEST_INSTANT
    ? (ofInstant(value, madeAt) ?? Number.NaN)
    : Math.round(value * 1000 <= longestMs + SECOND_MS ? value * 1000 : value)

const ofDuration = (text: string): number =>
  Math.round(
    [...text.matchAll(/([\d.]+)(ms|[smhd])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0),
  )

/**
 * The time until a reset, in ms from `madeAt`, the moment of the reply (ms since 1970); null where it makes no sense or
 * is over a year. Implementations differ in what they write, so the value tells the unit:
 * - 1e9 and more is an instant, in seconds or else in ms since 1970, whichever lies within a year of the reply.
 * - A smaller number is seconds to go, if that is no longer than `longestMs` and a second.
 * - A number too long for that is milliseconds to go.
 * - `1s`, `6m0s`, `250ms` are sums of what they say.
 * - A date with a zone is itself.
 */
export const parseReset = (text: string, madeAt: number, longestMs: number): number | null => {
  const value = text.trim()
  if (value.length > LONGEST) return null
  if (!NUMBER.test(value) && !DURATION.test(value)) {
    const at = parseDate(value)
    return at === null ? null : until(at, madeAt)
  }
  const waitMs = NUMBER.test(value) ? ofNumber(Number(value), madeAt, longestMs) : ofDuration(value)
  return waitMs <= YEAR_MS ? waitMs : null
}
