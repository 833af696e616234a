/** When a wait that a refusal has brought is over: what the bucket is, and whether it is a cap that was met. */
import { REORDER_MS } from './announced.ts'
import type { Bucket } from './bucket/bucket.ts'
import { waited } from './bucket/bucket-waits.ts'
import type { Pace } from './model.ts'
import { countBetween } from './traffic.ts'
import { capped, uncapped, type Width } from './width/width.ts'

/** At a rate that keeps so much less in flight than the cap, it is not the cap that refuses. */
const BELOW_CAP = 0.85

/** So many let in for each that is refused, and so much faster than the rate: it was not the rate that refused. */
const WENT_ON = 3
const FAR_MORE = 2

/** The width, if the refusal that has brought the wait was by a cap: most went on, far faster than the rate that it passed for. */
const cappedAt = ({ traffic, wall, width }: Pace, { rate, tollMs }: Bucket): Width | null => {
  if (wall?.out === undefined) return null
  const { sentAt, width: widest, inside } = wall.out
  const refused = traffic.refused.filter((at) => at >= sentAt).length
  const letIn = countBetween(traffic, [], sentAt + REORDER_MS, wall.at + 1)
  const isCap = letIn >= WENT_ON * refused && letIn * 1000 >= FAR_MORE * rate * (wall.at - sentAt)
  return isCap ? capped(width, { widest, inside, tollMs }) : null
}

export const afterWait = (pace: Pace): Pace => {
  const { shape, traffic, width, latency } = pace
  if (shape.kind !== 'bucket' || !shape.isWaiting) return pace
  const cap = cappedAt(pace, shape)
  if (cap !== null) return { ...pace, shape: { kind: 'open' }, width: cap }
  const bucket = waited(shape, traffic)
  // By Little's law.
  const inFlight = (bucket.rate * latency.meanMs) / 1000
  const isRate = width.cap !== null && bucket.met && inFlight < BELOW_CAP * width.cap
  return { ...pace, shape: bucket, width: isRate ? uncapped(width) : width }
}
