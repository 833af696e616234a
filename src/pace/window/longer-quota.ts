/**
 * A quota for a longer time beside a limit that is known already: so many a second, and so many an hour. It is met as a wall at which the known
 * limit, that has held so far, lets nothing in for far longer than it can be shut itself.
 */
import { ONE_SECOND_MS } from '../at-wall.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { Pace, Shape } from '../model.ts'
import type { Seeking } from '../seeking.ts'
import { countBetween, type Traffic } from '../traffic.ts'
import { windowOf } from './released-window.ts'
import { FEW_SECONDS_MS } from './sliding-counter.ts'
import { slidOut } from './used-before.ts'
import { type Window, windowRefused, windowWait } from './window.ts'

/** Longer than any limit of a rate makes wait. */
const RENEWAL_MS = 3000

/** A pace at which so much was let in, for so long, is that of a limit. */
const PROVEN = { count: 10, seconds: 3 }

/** The wall that a rate is made of is so many: its first refusal, and its last. */
const OF_A_WALL = 2

/** A window that ended as foreseen so often is one. */
const ENDED = 2

/** A window is shut for its own length at most, and a moment of jitter. */
const SHUT = 1.2

/** Of several refusals shortly after one another it is the first. */
export const standsFor = ({ barren, clean }: Bucket): boolean => barren === 0 && clean >= PROVEN.count

/** The bucket at the pace that is known; null: none is. */
export const settledBucket = (bucket: Bucket | null): Bucket | null => {
  if (bucket === null || bucket.fallback !== null) return null
  const { search } = bucket
  if (search === null) return bucket
  return search.from === undefined ? null : { ...bucket, rate: search.from, search: null }
}

/** So many times what was let in before the very first wall: no quota explains both that wall and this one. */
const FAR_MORE = 3

/**
 * The same if it had held for long, and is no mere guess: it was refused in between, or has let in far more than `opened`, what was let in
 * before the very first wall.
 */
export const provenBucket = (bucket: Bucket | null, opened: number): Bucket | null => {
  const settled = settledBucket(bucket)
  if (settled === null || settled.clean < PROVEN.seconds * settled.rate) return null
  const isFarMore = opened > 0 && settled.clean >= FAR_MORE * opened
  return settled.met || settled.walls.length > OF_A_WALL || isFarMore ? settled : null
}

/** The limit that goes on once the quota is renewed; null: the wall may well have been its own. */
const known = ({ kept, before, wallAt }: Seeking, openedBy: number): Bucket | Window | null => {
  if (kept !== null) return kept
  return before !== null && before.foreseen >= ENDED && openedBy - wallAt > SHUT * before.windowMs ? before : null
}

/** A quota that allows more than so much of the rate that is known is another guess at the same limit. */
const LESS = 0.8

const rateOf = (shape: Bucket | Window): number =>
  shape.kind === 'bucket' ? shape.rate : (shape.quota * 1000) / shape.windowMs

/** Both limits, as far as the release tells; null: it speaks of one. */
export const withLonger = (pace: Pace, shape: Seeking, openedBy: number): Pace | null => {
  const goesOn = known(shape, openedBy)
  if (goesOn === null) return null
  // What the known limit has refused has not renewed another quota.
  const isFirst = shape.before === null || shape.before === goesOn
  const from = isFirst ? (pace.renewedAt ?? pace.traffic.admitted[0] ?? shape.wallAt) : shape.countedFrom
  const longer = windowOf(pace, { ...shape, before: isFirst ? null : shape.before, countedFrom: from }, openedBy)
  if (longer === null || longer.windowMs <= FEW_SECONDS_MS || rateOf(longer) > LESS * rateOf(goesOn)) return null
  return { ...pace, longer, renewedAt: openedBy, shape: goingOn(goesOn, openedBy) }
}

/** So many let in since it opened, and no more than so much of its quota, are not refused by a window. */
const WITHIN = { letIn: 2, share: 0.9 }

/**
 * The window that a wall was met in, if that is of a faster limit: some had been let in since it opened, it is not used up, and the source lets
 * in again soon. null: it was no such window, or the wall is its own.
 */
export const windowAround = (pace: Pace, shape: Seeking, openedBy: number): Window | null => {
  const { before, wallAt, refusedAt } = shape
  if (before === null || before.windowMs <= FEW_SECONDS_MS || openedBy - wallAt >= ONE_SECOND_MS) return null
  // A faster limit would have been met in the windows before. One that was refuted already may be no window.
  if (before.foreseen > ENDED || before.misses > 0) return null
  // Of a window that slides a place became free just then.
  if (slidOut(pace, before, shape, { after: refusedAt, by: openedBy }) > 0) return null
  const { quota, windowMs, opened } = before
  const since = opened.by + Math.floor((wallAt - opened.by) / windowMs) * windowMs
  const letIn = countBetween(pace.traffic, [], since, wallAt + 1)
  if (letIn < WITHIN.letIn || letIn >= WITHIN.share * quota) return null
  return { ...before, bonus: 0, probing: null, proven: true }
}

/** The known limit when it goes on: what was refused meanwhile was no matter of it. */
const goingOn = (shape: Bucket | Window, at: number): Bucket | Window =>
  shape.kind === 'bucket'
    ? { ...(settledBucket(shape) ?? shape), walls: [], barren: 0, tokens: Math.min(0, shape.tokens), at }
    : shape

/** So many gaps between requests tell how fast they leave. */
const GAPS = 5

/** Requests per second that left of late: while the quota holds them back, a rate that is tried is not met. */
export const leavingRate = ({ admitted }: Traffic): number => {
  const [first, last] = [admitted.at(-1 - GAPS), admitted.at(-1)]
  return first === undefined || last === undefined ? 0 : (GAPS * 1000) / Math.max(1, last - first)
}

/** Whether the quota was used up by the latest request before now. */
export const wasRenewed = ({ traffic, flight }: Pace, longer: Window): boolean => {
  const lastAt = Math.max(traffic.admitted.at(-1) ?? 0, flight.at(-1)?.at ?? 0)
  return windowWait(longer, traffic, flight, lastAt + 1, 0) > RENEWAL_MS
}

/** From before a pause nothing can be reckoned of a rate. */
export const withoutWalls = (shape: Shape): Shape => (shape.kind === 'bucket' ? { ...shape, walls: [] } : shape)

/** The pace, if it is the longer quota that refuses a request; null: it may be the other limit. `next`: when it is renewed, if the source said so. */
export const refusedByLonger = (pace: Pace, sentAt: number, next: Window['opened'] | null): Pace | null => {
  const { longer, shape, stood } = pace
  if (longer === null) return null
  // The other limit lets in again soon: it is not refused twice in a row.
  const isAgain = shape.kind !== 'bucket' || shape.barren > 0
  if (longer.probing !== sentAt && !isAgain && next === null) return null
  const window = windowRefused(longer, pace.traffic, pace.flight, sentAt, next)
  if (window === null) return null
  return { ...pace, longer: window, shape: shape.kind === 'bucket' && stood !== null ? goingOn(stood, sentAt) : shape }
}
