/**
 * Two limits of which a source announces one. What it announces holds; a refusal that it does not explain is of the other one, which is
 * found out like any limit of which nothing is said. A long window that is announced goes on being counted; a short one has its even
 * pace beside the shape.
 */
import { binding, creditOf, isLong } from './announced.ts'
import { type Bucket, bucketSent, bucketWait } from './bucket/bucket.ts'
import { bucketAccepted } from './bucket/bucket-accepted.ts'
import type { AnnouncedLimit } from './header/limit-headers.ts'
import { mostByWidth, type Pace } from './model.ts'
import type { Sent } from './traffic.ts'
import { meetWall } from './wall.ts'
import { SHORT_MS } from './window/usual-window.ts'
import { windowWait } from './window/window.ts'

/** The even pace of a short limit that is announced; null: there is none, or it has not begun. */
const evenOf = ({ announced, unannounced, beside, shape }: Pace): Bucket | null => {
  if (unannounced) return beside
  const limit = binding(announced)
  return limit !== null && limit.windowMs < SHORT_MS && shape.kind === 'bucket' ? shape : null
}

/** Whether all short limits that are announced had room for what was refused: by what its own reply says, else by those before. */
const hadRoom = ({ announced, traffic, flight }: Pace, limits: readonly AnnouncedLimit[]): boolean => {
  const short = announced.filter((each) => !isLong(each))
  return limits.length > 0
    ? limits.every(({ windowMs, remaining }) => (windowMs ?? SHORT_MS) >= SHORT_MS || (remaining ?? 0) >= 1)
    : short.every((each) => (creditOf(each, traffic, flight) ?? 0) >= 1)
}

/** Whether it was sent to find out about the limit that is not announced: what becomes of it tells of that one. */
const isTry = ({ shape, beside, traffic, flight }: Pace, own: Sent): boolean => {
  switch (shape.kind) {
    case 'open':
      return false
    case 'seeking':
      return true
    case 'window':
      return shape.probing === own.at || windowWait({ ...shape, bonus: 0 }, traffic, flight, own.at, 0) > 0
    case 'bucket':
      return shape.search !== null && shape.rate <= (beside?.rate ?? 0)
  }
}

/** The even pace as it was before refusals that were none of its own. */
const unblamed = (even: Bucket): Bucket =>
  even.barren === 0 ? even : { ...even, rate: Math.max(even.rate, even.ceiling ?? 0), barren: 0 }

/** Before a wall that no announced limit explains: what binds is another one, which has to be found out beside them. */
const unforeseen = (pace: Pace): Pace => {
  const { announced, unannounced, shape, origin } = pace
  if (unannounced || (binding(announced) === null && !announced.some(isLong))) return pace
  const even = evenOf(pace)
  const isAnnounced = even !== null || (shape.kind === 'window' && origin === 'announced')
  return { ...pace, unannounced: true, beside: even && unblamed(even), shape: isAnnounced ? { kind: 'open' } : shape }
}

/**
 * Refused again and again with nothing let in between it was not the even pace, but another limit: where that has to be sought, the first
 * of those refusals was its wall, and the latest is a probe.
 */
const refusedInARow = (pace: Pace, even: Bucket, own: Sent, now: number, waitMs: number | null): Pace => {
  const other = { ...unforeseen(pace), beside: unblamed(even) }
  const since = even.barren > 0 && other.shape.kind !== 'bucket' ? even.barrenSince : own.at
  const met = meetWall({ ...other, heardAt: since - 1 }, { ...own, at: since }, now, waitMs)
  return since < own.at && met.shape.kind === 'seeking'
    ? meetWall({ ...met, heardAt: own.at - 1 }, own, now, waitMs)
    : met
}

/** The pace after a refusal that no long window explains which is announced. `limits`: what its reply says. */
export const meetWallBeside = (
  pace: Pace,
  own: Sent,
  now: number,
  waitMs: number | null,
  limits: readonly AnnouncedLimit[],
): Pace => {
  const even = evenOf(pace)
  if (hadRoom(pace, limits)) return meetWall(unforeseen(pace), own, now, waitMs)
  if (even === null) return meetWall(pace, own, now, waitMs)
  // Who is told to wait for no longer than a token may be refused again and again: somebody else takes them.
  const mayBeOther = waitMs === null || waitMs >= SHORT_MS
  if (!pace.unannounced) {
    const met = meetWall({ ...pace, shape: even }, own, now, waitMs)
    return met.shape.kind === 'seeking' && mayBeOther ? refusedInARow(pace, even, own, now, waitMs) : met
  }
  if (isTry(pace, own)) return meetWall(pace, own, now, waitMs)
  // What was in flight at the first of them is refused by the same wall.
  if (even.barren > 0 && own.at > pace.heardAt && mayBeOther) return refusedInARow(pace, even, own, now, waitMs)
  const { shape, longer, stood } = pace
  const met = meetWall({ ...pace, shape: even, longer: null, stood: null }, own, now, waitMs)
  return met.shape.kind === 'bucket'
    ? { ...met, shape, longer, stood, beside: met.shape }
    : meetWall(pace, own, now, waitMs)
}

/** Milliseconds until the even pace beside the shape has the next request leave. */
export const waitBeside = ({ beside }: Pace, now: number): number => (beside === null ? 0 : bucketWait(beside, now))

export const sentBeside = ({ beside }: Pace, at: number): Bucket | null => beside && bucketSent(beside, at)

/** What was let in tells the even pace as well. */
export const letInBeside = (pace: Pace, own: Sent, now: number): Pace =>
  pace.beside === null ? pace : { ...pace, beside: bucketAccepted(pace.beside, own.at, now, mostByWidth(pace)) }
