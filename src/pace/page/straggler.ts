/**
 * When a page is so late that it is worth asking for a second time. Pure: instants and spans come in as arguments.
 *
 * At the end of a sweep, when nothing else is left to ask for, one slow answer holds up the whole run. A second request
 * for the same page, whose answer counts if it is the first, costs little there and ends the wait. Before the end the
 * same request would only take the place of a page that nobody has asked for yet.
 * Source: Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013 ("hedged
 * requests", sent once the first has been out for longer than the 95th percentile).
 */

/** How long the last pages took from request to last byte, ms, oldest first. */
export type Latencies = readonly number[]

const REMEMBERED = 100
/** With fewer there is no telling what is late. */
const FEWEST = 5
const TIMES_MEAN = 3
const PERCENTILE = 0.95
/** Less than this is not worth a second request, however fast the source is otherwise. */
const LEAST_MS = 400

/** With one more page that came. */
export const withLatency = (latencies: Latencies, ms: number): Latencies => [
  ...latencies.slice(1 - REMEMBERED),
  Math.max(0, ms),
]

/**
 * From when on a page counts as overdue, ms since it was asked for: the largest of three times the mean, the 95th
 * percentile and 400 ms. Infinity while too few pages have come.
 */
export const overdueAfterMs = (latencies: Latencies): number => {
  if (latencies.length < FEWEST) return Number.POSITIVE_INFINITY
  const ascending = [...latencies].sort((a, b) => a - b)
  const mean = ascending.reduce((sum, ms) => sum + ms, 0) / ascending.length
  const late = ascending[Math.ceil(PERCENTILE * ascending.length) - 1]!
  return Math.max(TIMES_MEAN * mean, late, LEAST_MS)
}

/** Whether one more page may be asked for a second time: at most one in a hundred that were asked for, and two. */
export const mayAskTwice = (pagesAsked: number, askedTwice: number): boolean =>
  askedTwice < Math.floor(pagesAsked / 100) + 2
