/** How long answers take. */

export type Latency = {
  samples: number
  /** Moving average of the latest answers, ms. */
  meanMs: number
  /** The quickest of them, ms: it grows towards the mean, so that one of long ago does not count for ever. */
  quickestMs: number
}

const WEIGHT = 1 / 32
const FORGOTTEN = 1 / 400

export const noLatency: Latency = { samples: 0, meanMs: 0, quickestMs: 0 }

/** What an answer counts for: one in a thousand takes a minute, and must not pass for the usual. */
export const unexceptional = ({ samples, meanMs }: Latency, tookMs: number): number =>
  samples >= 5 ? Math.min(tookMs, 4 * meanMs) : tookMs

/** A mean, never a minimum: with service times that vary, the quickest answer says little of the usual one. */
export const observeLatency = (latency: Latency, tookMs: number): Latency => {
  const samples = latency.samples + 1
  const took = unexceptional(latency, tookMs)
  const meanMs = latency.meanMs + (took - latency.meanMs) * Math.max(WEIGHT, 1 / samples)
  const quickestMs = latency.quickestMs + (meanMs - latency.quickestMs) * FORGOTTEN
  return { samples, meanMs, quickestMs: samples === 1 ? took : Math.min(took, quickestMs) }
}

/** With fewer answers the quickest of them is not quick. */
const TELLING = 8
/** A refusal takes hardly longer than the quickest answer: up to so many times as long, for it may be held up on its way. */
const HELD_UP = 1.6
const LEAST_SHARE = 1 / 3

/**
 * The share of those in flight that a wall can refuse. What was let in before it and is still being served is not refused, only what
 * leaves until the first refusal is heard of; by Little's law that is the time a refusal takes beside the time of an answer.
 */
export const refusableShare = ({ samples, meanMs, quickestMs }: Latency): number =>
  samples < TELLING ? 1 : Math.min(1, Math.max(LEAST_SHARE, (HELD_UP * quickestMs) / meanMs))
