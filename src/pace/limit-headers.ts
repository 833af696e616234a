/** What a reply's headers say about when to come back. */

type Headers = { get(name: string): string | null }

/**
 * `Retry-After` in milliseconds from the moment of the reply; null when absent or malformed. RFC 9110, 10.2.3: a number
 * of seconds or an HTTP date. A date is measured against the reply's own `Date`, since the local clock may be wrong;
 * `now` (ms since 1970) stands in only where the reply has none.
 */
export const retryAfterMs = (headers: Headers, now: number): number | null => {
  const value = headers.get('retry-after')?.trim()
  if (!value) return null
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  if (!/[a-z]/i.test(value)) return null
  const at = Date.parse(value)
  if (Number.isNaN(at)) return null
  const date = Date.parse(headers.get('date') ?? '')
  return Math.max(0, at - (Number.isNaN(date) ? now : date))
}
