/**
 * Speed and remaining time, from what was committed. Pure.
 *
 * Speed is the slope over a window of the last samples, so that it neither jumps with a batch nor remembers the start.
 * The range of the estimate is the work left divided by the fastest and slowest recent speed.
 */
export type Sample = { at: number; cars: number; pages: number; requests: number }

/** `first`: what there was when the process began its work, which may have gone on with a run. */
export type Estimate = {
  first: Sample
  samples: readonly Sample[]
}

const WINDOW_MS = 10_000
const RECENT_MS = 60_000

export const startEstimate = (first: Sample): Estimate => ({ first, samples: [first] })

/** Adds what has been done by `sample.at`; older samples than a minute are dropped. */
export const observe = (estimate: Estimate, sample: Sample): Estimate => {
  const fresh = estimate.samples.filter((old) => old.at >= sample.at - RECENT_MS)
  return { ...estimate, samples: [...fresh, sample] }
}

const slope = (from: Sample, to: Sample, what: 'cars' | 'pages' | 'requests'): number =>
  to.at > from.at ? Math.max(0, ((to[what] - from[what]) * 1000) / (to.at - from.at)) : 0

/** Per second, over the last ten seconds; null: nothing was done yet, so that there is none to tell. */
export const speedOf = (estimate: Estimate, what: 'cars' | 'pages' | 'requests'): number | null => {
  const last = estimate.samples.at(-1)!
  if (last[what] === estimate.first[what]) return null
  const from = estimate.samples.find((sample) => sample.at >= last.at - WINDOW_MS)!
  return slope(from, last, what)
}

/** How long `left` more of `what` takes, in ms: from the best to the worst recent speed. null while nothing moves. */
export const etaOf = (
  estimate: Estimate,
  what: 'cars' | 'pages',
  left: number | null,
): { low: number; high: number } | null => {
  if (left === null) return null
  if (left <= 0) return { low: 0, high: 0 }
  const last = estimate.samples.at(-1)!
  const first = estimate.samples[0]!
  const speeds = [speedOf(estimate, what), slope(first, last, what)].filter(
    (speed) => speed !== null && speed > 0,
  ) as number[]
  if (speeds.length === 0 || last.at - first.at < 1000) return null
  const fastest = Math.max(...speeds)
  const slowest = Math.min(...speeds)
  return { low: Math.round((left / fastest) * 950), high: Math.round((left / slowest) * 1100) }
}
