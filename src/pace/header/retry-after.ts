import { type Headers, madeAt, parseDate } from './http-date.ts'
import { ofInstant, SMALLEST_INSTANT } from './reset-time.ts'

/** In milliseconds, beside it: Azure and OpenAI. */
const IN_MS = ['retry-after-ms', 'x-ms-retry-after-ms']
/** Instead of it: Docker Hub and Better Auth, Symfony, Bucket4j. */
const INSTEAD = ['retry-after', 'x-retry-after', 'x-ratelimit-retry-after', 'x-rate-limit-retry-after-seconds']

const LONGEST = 100
const NUMBER = /^\d{1,15}(?:\.\d{1,9})?$/

/** Two limiters in a row say one each. */
const ofNumbers = (numbers: readonly string[], at: number): number | null => {
  const value = Math.max(...numbers.map(Number))
  return value >= SMALLEST_INSTANT ? ofInstant(value, at) : value * 1000
}

const parse = (text: string | undefined, at: number): number | null => {
  if (!text || text.length > LONGEST) return null
  const numbers = text.split(', ')
  if (numbers.every((each) => NUMBER.test(each))) return ofNumbers(numbers, at)
  const until = parseDate(text)
  return until === null ? null : Math.max(0, until - at)
}

const firstOf = <T>(names: readonly string[], read: (name: string) => T | null): T | null =>
  names
    .values()
    .map(read)
    .find((value) => value !== null) ?? null

/**
 * `Retry-After` in milliseconds from the moment of the reply; null when absent or malformed. RFC 9110, 10.2.3: a number
 * of seconds or an HTTP date. A date is measured against the reply's own `Date`, since the local clock may be wrong;
 * `now` (ms since 1970) stands in only where the reply has none. A long wait is never shortened, but for the part of a
 * second that was rounded up. Some write the number of an instant, which would be half a century.
 */
export const retryAfterMs = (headers: Headers, now: number): number | null => {
  const at = madeAt(headers, now)
  const waitMs = firstOf(INSTEAD, (name) => parse(headers.get(name)?.trim(), at))
  const exactMs = firstOf(IN_MS, (name) => {
    const text = headers.get(name)?.trim() ?? ''
    return NUMBER.test(text) ? Number(text) : null
  })
  if (waitMs === null || exactMs === null) return waitMs ?? exactMs
  return waitMs - exactMs < 1000 ? exactMs : waitMs
}
