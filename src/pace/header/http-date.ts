/** Moments in headers. */

export type Headers = { get(name: string): string | null }

const LONGEST = 100
/** A time of day and a zone at the end, maybe with the zone's name in brackets as JavaScript prints it. */
const ZONED = /\d\d:\d\d.*(?:GMT|UTC|Z|[+-]\d\d:?\d\d)(?: \([^()]*\))?$/i
/** The oldest of the three forms of RFC 9110, 5.6.7. It names no zone and means UTC. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

/** An HTTP or ISO date as ms since 1970. Null without a zone: it would be read in the zone of this machine. */
export const parseDate = (text: string): number | null => {
  if (text.length > LONGEST) return null
  const zoned = ASCTIME.test(text) ? `${text} GMT` : text
  const at = ZONED.test(zoned) ? Date.parse(zoned) : Number.NaN
  return Number.isNaN(at) ? null : at
}

/**
 * When the reply was made, by its own `Date` (ms since 1970), since the local clock may be wrong; `now` where it has
 * none.
 */
export const madeAt = (headers: Headers, now: number): number => parseDate(headers.get('date')?.trim() ?? '') ?? now
