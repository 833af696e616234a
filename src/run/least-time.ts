/** The least time in which the pages of a run can be read, by what was learned of the source: what its duration is measured against. Pure. */

export type LeastTimeFacts = {
  pages: { done: number; total: number | null }
  /** As it was known at the run's end; null: nothing was kept. `burst` lacks where an earlier version ran. */
  learned: { requestsPerSecond: number | null; burst?: number; concurrency: number } | null
  /** What an answer took on average, ms; null: not known. */
  answerMs: number | null
}

/** `by`: what forbids to be faster, the source's limit or how many requests it bears at the same time. */
export type LeastTime = { ms: number; by: 'limit' | 'width' }

/**
 * The least time for the n pages that were read; null: not known.
 *
 * A limiter of rate r that lets a burst of b through at once lets at most b + r·t requests through in a time t, whether it
 * is a bucket or a window with the quota b (the envelope of Cruz, "A calculus for network delay", IEEE Trans. Inf. Theory
 * 37(1), 1991), so n pages take at least (n − b) / r. Where no limit was met, or the burst is enough for all, n answers of a
 * mean time w at a width of c take n·w / c, by Little's law.
 */
export const leastTime = ({ pages, learned, answerMs }: LeastTimeFacts): LeastTime | null => {
  const n = Math.min(pages.done, pages.total ?? pages.done)
  if (n === 0 || learned === null) return null
  const { requestsPerSecond, burst, concurrency } = learned
  if (requestsPerSecond !== null) {
    if (burst === undefined) return null
    if (n > burst) return { ms: ((n - burst) * 1000) / requestsPerSecond, by: 'limit' }
  }
  return answerMs === null || concurrency < 1 ? null : { ms: (n * answerMs) / concurrency, by: 'width' }
}
