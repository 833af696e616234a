/** What was let in and what was refused at a wall, and before the very first one. */
import { REORDER_MS } from './announced.ts'
import type { Bucket } from './bucket/bucket.ts'
import type { Pace } from './model.ts'
import type { Seeking } from './seeking.ts'
import { countBetween, indexFrom } from './traffic.ts'

/** `Retry-After` is in whole seconds, rounded up. */
export const ROUNDED_MS = 1000
/** A wait of one second, and an answer. */
export const ONE_SECOND_MS = 1500

/** When those had left that were refused, from the wall on. */
export const refusedSince = ({ traffic }: Pace, { wallAt }: Seeking): readonly number[] =>
  traffic.refused.filter((at) => at >= wallAt)

/** What the source let in among that which was in flight at the wall, per second; null where it cannot be told. */
export const rateAtWall = (pace: Pace, shape: Seeking): { rate: number; share: number } | null => {
  const refused = refusedSince(pace, shape)
  const ms = (refused.at(-1) ?? shape.wallAt) - shape.wallAt
  const letIn = countBetween(pace.traffic, [], shape.wallAt, shape.wallAt + ms)
  // One alone may have overtaken the first that was refused.
  if (refused.length < 3 || ms < 20 || letIn === 1) return null
  return { rate: ((letIn + 0.5) * 1000) / ms, share: letIn / (letIn + refused.length - 1) }
}

export const wallsOf = (pace: Pace, shape: Seeking): Bucket['walls'] => {
  const last = pace.traffic.refused.at(-1) ?? shape.wallAt
  const first = { at: shape.wallAt, lostMs: 0 }
  return last > shape.wallAt ? [first, { at: last, lostMs: 0 }] : [first]
}

/** Something that left after the wall was let in all the same: no quota is used up, whatever wait is asked for. */
export const wentOn = ({ traffic }: Pace, { wallAt, heardAt }: Seeking): boolean =>
  countBetween(traffic, [], wallAt + REORDER_MS, heardAt + 1) > 0

/** After an earlier wall it has let in again before this one. */
export const hasLetInAgain = ({ traffic }: Pace, { countedFrom }: Seeking): boolean =>
  countedFrom > (traffic.admitted[0] ?? countedFrom)

/** How many were let in before the wall since the source let in last. */
export const usedSince = ({ traffic }: Pace, { countedFrom, wallAt }: Seeking): number =>
  countBetween(traffic, [], countedFrom, wallAt + 1)

/** How many requests were let in within so many ms before the very first wall. */
export const openedWith = ({ opening }: Pace, ms: number): number =>
  opening === null ? 0 : opening.admitted.filter((at) => at >= opening.wallAt - ms).length

/** How many were let in within so many ms at most, before the very first wall: not just before it, for we may have been held up then. */
export const mostWithin = ({ opening }: Pace, ms: number): number => {
  const admitted = opening?.admitted ?? []
  return admitted.reduce((most, at, i) => Math.max(most, i + 1 - indexFrom(admitted, at - ms)), 0)
}

/** What the source let in before the very first wall, those included that left with the one that was refused. */
export const roomBefore = ({ opening, traffic }: Pace): Bucket['room'] => {
  if (opening === null) return null
  const { admitted, wallAt } = opening
  const firstAt = admitted[0] ?? wallAt
  const count = admitted.length + countBetween(traffic, [], wallAt, wallAt + 1)
  const emptyAt = traffic.refused.findLast((at) => at < firstAt)
  return { count, ms: wallAt - firstAt, ...(emptyAt === undefined ? {} : { emptyMs: wallAt - emptyAt }) }
}
