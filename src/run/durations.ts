/** How long things took that happen often, counted by upper bounds, so that counts of several processes can be added up. Pure. */

/** `counts`: those that took no longer than each of BOUNDS_MS and longer than the one before; the last: longer than all. */
export type Durations = { counts: number[]; sumMs: number }

export const BOUNDS_MS: readonly number[] = [3, 6, 12, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600]

export const noDurations = (): Durations => ({ counts: Array(BOUNDS_MS.length + 1).fill(0), sumMs: 0 })

/** With one more, which took `tookMs`. */
export const withDuration = ({ counts, sumMs }: Durations, tookMs: number): Durations => {
  const at = BOUNDS_MS.findIndex((bound) => tookMs <= bound)
  const bucket = at < 0 ? BOUNDS_MS.length : at
  return { counts: counts.map((count, i) => (i === bucket ? count + 1 : count)), sumMs: sumMs + Math.max(0, tookMs) }
}

/** Of counts that another version may have kept with other bounds; then they begin anew. */
export const durationsOf = (kept: Durations | undefined): Durations =>
  kept?.counts?.length === BOUNDS_MS.length + 1 ? kept : noDurations()

/** Those of `now` that were not there `before`; both of the same job, in this order. */
export const durationsSince = (now: Durations, before: Durations): Durations => ({
  counts: now.counts.map((count, i) => count - before.counts[i]!),
  sumMs: now.sumMs - before.sumMs,
})

/** Those of two jobs together. */
export const durationsTogether = (a: Durations, b: Durations): Durations => ({
  counts: a.counts.map((count, i) => count + b.counts[i]!),
  sumMs: a.sumMs + b.sumMs,
})

export const howMany = ({ counts }: Durations): number => counts.reduce((sum, count) => sum + count, 0)

/** What they took on average, ms; null: there are none. */
export const meanMs = (durations: Durations): number | null => {
  const times = howMany(durations)
  return times === 0 ? null : durations.sumMs / times
}

/**
 * So long a `share` (0 to 1) of them took at most, ms; null: there are none. Within two bounds they count as evenly spread,
 * and what is beyond the last one as there, as Prometheus's `histogram_quantile` has it.
 */
export const quantileMs = (durations: Durations, share: number): number | null => {
  const wanted = howMany(durations) * share
  let below = 0
  for (const [i, count] of durations.counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = BOUNDS_MS[i - 1] ?? 0
      return from + ((BOUNDS_MS[i] ?? from) - from) * ((wanted - below) / count)
    }
    below += count
  }
  return null
}
