/** An instant (ms since 1970) to the minute, in UTC, as sentences say it. Throws RangeError beyond what a date can be. */
export const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
