/** How long answers take, and how long they take when the source is not hurried. */

export type Latency = {
  samples: number
  /** Moving average of the latest answers, ms. */
  meanMs: number
  /** What an answer takes at little load, ms: the average of the first ones; later it only follows downwards, slowly. */
  baseMs: number
}

const FIRST = 20
const WEIGHT = 1 / 32

export const noLatency: Latency = { samples: 0, meanMs: 0, baseMs: 0 }

/** A mean, never a minimum: with service times that vary, the quickest answer says little of the usual one. */
export const observeLatency = (latency: Latency, tookMs: number): Latency => {
  const samples = latency.samples + 1
  const weight = Math.max(WEIGHT, 1 / samples)
  // One answer in a thousand takes a minute: it must not pass for the usual.
  const took = samples > 5 ? Math.min(tookMs, latency.meanMs * 4) : tookMs
  const meanMs = latency.meanMs + (took - latency.meanMs) * weight
  if (samples <= FIRST) return { samples, meanMs, baseMs: latency.baseMs + (took - latency.baseMs) / samples }
  const baseMs = meanMs < latency.baseMs ? latency.baseMs + (meanMs - latency.baseMs) * 0.002 : latency.baseMs
  return { samples, meanMs, baseMs }
}
