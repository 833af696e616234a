import { type Headers, madeAt, parseDate } from './http-date.ts'

/**
 * `Retry-After` in milliseconds from the moment of the reply; null when absent or malformed. RFC 9110, 10.2.3: a number
 * of seconds or an HTTP date. A date is measured against the reply's own `Date`, since the local clock may be wrong;
 * `now` (ms since 1970) stands in only where the reply has none. A long wait is never shortened.
 */
export const retryAfterMs = (headers: Headers, now: number): number | null => {
  const value = headers.get('retry-after')?.trim()
  if (!value) return null
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(value)) return Number(value) * 1000
  const at = parseDate(value)
  return at === null ? null : Math.max(0, at - madeAt(headers, now))
}
