/** When a wait that a refusal has brought is over: what the bucket is, and whether it is a cap that was met. */
import { waited } from './bucket-waits.ts'
import type { Pace } from './model.ts'
import { uncapped } from './width.ts'

/** At a rate that keeps so much less in flight than the cap, it is not the cap that refuses. */
const BELOW_CAP = 0.85

export const afterWait = (pace: Pace): Pace => {
  const { shape, traffic, width, latency } = pace
  if (shape.kind !== 'bucket' || !shape.isWaiting) return pace
  const bucket = waited(shape, traffic)
  // By Little's law.
  const inFlight = (bucket.rate * latency.meanMs) / 1000
  const isRate = width.cap !== null && bucket.met && inFlight < BELOW_CAP * width.cap
  return { ...pace, shape: bucket, width: isRate ? uncapped(width) : width }
}
