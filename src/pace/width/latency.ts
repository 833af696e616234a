/** How long answers take. */

export type Latency = {
  samples: number
  /** Moving average of the latest answers, ms. */
  meanMs: number
}

const WEIGHT = 1 / 32

export const noLatency: Latency = { samples: 0, meanMs: 0 }

/** What an answer counts for: one in a thousand takes a minute, and must not pass for the usual. */
export const unexceptional = ({ samples, meanMs }: Latency, tookMs: number): number =>
  samples >= 5 ? Math.min(tookMs, 4 * meanMs) : tookMs

/** A mean, never a minimum: with service times that vary, the quickest answer says little of the usual one. */
export const observeLatency = (latency: Latency, tookMs: number): Latency => {
  const samples = latency.samples + 1
  const took = unexceptional(latency, tookMs)
  return { samples, meanMs: latency.meanMs + (took - latency.meanMs) * Math.max(WEIGHT, 1 / samples) }
}
