/** How the pace follows what the source announces. */
import {
  type Announced,
  binding,
  creditOf,
  isLong,
  type Quota,
  REORDER_MS,
  saysRoom,
  spareOf,
  watchedFrom,
} from './announced.ts'
import { type Bucket, evenRate, startBucket } from './bucket/bucket.ts'
import type { AnnouncedLimit } from './header/limit-headers.ts'
import { type Pace, patienceOf } from './model.ts'
import { countBetween, type Sent } from './traffic.ts'
import { isFirst, nextAt } from './window/length-tried.ts'
import { SHORT_MS } from './window/usual-window.ts'
import { startWindow, type Window, windowWait } from './window/window.ts'

/** The limit that is used up and has a long way to go, of several the one that opens last; null: none. */
const usedUp = ({ announced, traffic, flight }: Pace): Announced | null =>
  announced.reduce<Announced | null>((latest, each) => {
    if (each.opensAt === null || !isLong(each) || each.opensAt <= (latest?.opensAt ?? 0)) return latest
    const credit = creditOf(each, traffic, flight)
    return credit !== null && credit < 1 ? each : latest
  }, null)

/** Long limits of which nothing is said but the quota: our own record tells what is left. */
const untold = ({ announced }: Pace): Window[] =>
  announced.flatMap((each) => {
    const { quota, windowMs, remaining } = each
    if (remaining !== null || quota === null || windowMs === null || !isLong(each)) return []
    return [startWindow(quota, windowMs, { after: 0, by: 0 }, false)]
  })

/** After so many refusals our own record is not trusted to tell when a place is free. */
const MISSES = 4

/** Our own requests explain what is left: nobody else uses the key. */
const isAlone = ({ quota, remaining, windowMs, asOf }: Announced, { traffic }: Pace): boolean => {
  if (quota === null || remaining === null || windowMs === null) return false
  const ours = countBetween(traffic, [], asOf - windowMs, asOf + REORDER_MS)
  return Math.abs(quota - ours - remaining) <= 2 + 0.02 * quota
}

/**
 * Milliseconds to wait by what the source announces; null where it announces nothing that says more than the shape.
 * While there is credit there is no wait. When it is used up, the next request leaves when its own record says that a
 * place has slid out of the window, or when the source said that more is there: then one goes first.
 */
export const announcedWait = (pace: Pace, now: number): number | null => {
  const { announced, unannounced, traffic, flight, shape } = pace
  const spent = usedUp(pace)
  const patienceMs = patienceOf(pace)
  const untilOurs = Math.max(0, ...untold(pace).map((each) => windowWait(each, traffic, flight, now, patienceMs)))
  if (spent === null) {
    // In a long window credit is all that counts; a short one is met by an even pace.
    const counts = !unannounced && announced.some((each) => each.remaining !== null && isLong(each))
    return untilOurs > 0 || (counts && shape.kind !== 'bucket') ? untilOurs : null
  }
  const opensAt = nextAt(spent, pace.lengths)
  const first = flight.find(({ at }) => at >= opensAt)
  const untilOpen = now < opensAt ? opensAt - now : first ? Math.max(0, first.at + patienceMs - now) : 0
  const isItsShape = shape.kind === 'window' && shape.quota === spent.quota && shape.windowMs === spent.windowMs
  const untilSlid =
    isItsShape && shape.misses < MISSES && isAlone(spent, pace)
      ? windowWait(shape, traffic, flight, now, patienceMs)
      : Number.POSITIVE_INFINITY
  return Math.max(untilOurs, Math.min(untilOpen, untilSlid))
}

/** A bucket of no more than that holds next to nothing. */
const FEW = 5

/** Requests that may leave now as far as all that is announced goes. */
const creditOfAll = ({ announced, traffic, flight }: Pace): number =>
  Math.min(...announced.map((each) => creditOf(each, traffic, flight) ?? Number.POSITIVE_INFINITY))

/** An even pace leaves unused what a bucket has in store; a window that is full at its end has nothing. */
const withSpare = (
  bucket: Bucket,
  announced: readonly Announced[],
  now: number,
): Pick<Pace, 'announced'> & { bucket: Bucket } => {
  // What is left of a longer window as well is counted, and is no store.
  const spare = spareOf(
    announced.filter((each) => !isLong(each)),
    now,
  )
  if (spare === null) return { bucket, announced }
  return {
    bucket: { ...bucket, burst: Math.max(1, spare), tokens: Math.min(bucket.tokens, 1) + spare },
    announced: watchedFrom(announced, now),
  }
}

/** The even pace of a short limit that is announced. */
const evenly = (pace: Pace, { quota, windowMs }: Quota, now: number): Bucket => {
  const credit = creditOfAll(pace)
  const rate = evenRate(quota, windowMs)
  // Nothing is left after the very first request: the bucket holds one token, and jitter needs room.
  const narrow = pace.traffic.total <= 1 && credit < 1
  const started = startBucket({ rate: narrow ? 0.95 * rate : rate, at: now, narrow, opening: null })
  // It holds so little that it is empty now and then, if others are there: what is refused then is not for the rate.
  const bucket = credit + pace.traffic.total < FEW ? { ...started, proven: rate } : started
  // Nor is it here.
  return narrow
    ? { ...bucket, most: bucket.proven > 0 ? rate : null }
    : { ...bucket, steady: true, sure: true, ceiling: rate, most: rate }
}

/** What is announced beside the limit that was found: of a long one what is left is counted, a short one has its even pace. */
const besideFound = (pace: Pace, limit: Quota, isNews: boolean, now: number): Pace => {
  if (limit.windowMs >= SHORT_MS) return { ...pace, beside: null }
  if (isNews || pace.beside === null) {
    const credit = Math.max(0, creditOfAll(pace))
    return { ...pace, beside: { ...evenly(pace, limit, now), tokens: Number.isFinite(credit) ? credit : 0 } }
  }
  const { bucket, announced } = withSpare(pace.beside, pace.announced, now)
  return { ...pace, beside: bucket, announced }
}

/**
 * The shape that is announced, where it is news: a window for a long one, an even pace for a short one, begun when its
 * credit is used up for the first time.
 */
export const announcedShape = (pace: Pace, before: readonly Announced[], now: number): Pace => {
  const limit = binding(pace.announced)
  if (limit === null) return pace
  const known = binding(before)
  const isNews = known === null || known.quota !== limit.quota || known.windowMs !== limit.windowMs
  if (pace.unannounced) return besideFound(pace, limit, isNews, now)
  const { quota, windowMs } = limit
  if (windowMs >= SHORT_MS) {
    if (!isNews && pace.shape.kind === 'window') return { ...pace, shape: { ...pace.shape, quota, windowMs } }
    if (!isNews && pace.shape.kind === 'bucket') return pace
    // More than is announced need not be tried.
    const window = startWindow(quota, windowMs, { after: now - windowMs, by: now }, false)
    const shape = { ...window, triedAt: Number.POSITIVE_INFINITY }
    return { ...pace, shape, origin: 'announced' }
  }
  if (!isNews && pace.shape.kind === 'bucket') {
    const { bucket, announced } = withSpare(pace.shape, pace.announced, now)
    return { ...pace, shape: bucket, announced }
  }
  const credit = creditOfAll(pace)
  // What is left after the first requests tells a bucket, whose tokens are there to be used, from a window that is full.
  const isFull = credit + pace.traffic.total + 1 >= quota
  const isBegun = (isFull && pace.traffic.total <= 2) || (isNews && pace.announced.some(isFirst))
  if (credit >= 1 && pace.shape.kind === 'open' && !isBegun) return pace
  return { ...pace, shape: evenly(pace, limit, now), origin: 'announced' }
}

/** So much of a quota must have been used, by our own record, to be what was refused. */
const MUCH = 0.5

/** Whether a long limit of which nothing is said but the quota explains a refusal. */
const isUntold = (pace: Pace, now: number): boolean =>
  untold(pace).some(
    ({ quota, windowMs }) => countBetween(pace.traffic, pace.flight, now - windowMs, now) >= MUCH * quota,
  )

/**
 * A refusal although a long window's quota is announced: what the source says of it holds, and nothing has to be sought.
 * null: no such window is announced, or there was room in all of them, be it that its own reply says so. `limits`: what that says.
 */
export const announcedRefused = (
  pace: Pace,
  own: Sent,
  now: number,
  limits: readonly AnnouncedLimit[],
): Pace | null => {
  if (pace.shape.kind === 'bucket' || saysRoom(limits)) return null
  const spent = usedUp(pace)
  if (spent === null && !isUntold(pace, now)) return null
  const gateUntil = spent === null ? pace.gateUntil : Math.max(pace.gateUntil, spent.opensAt!)
  if (pace.shape.kind !== 'window' || own.at <= pace.heardAt) return { ...pace, gateUntil }
  const { marginMs, misses } = pace.shape
  const shape = { ...pace.shape, marginMs: marginMs + 6, misses: misses + 1, probing: null, proven: true }
  return { ...pace, gateUntil, heardAt: now, shape, wall: { at: now, rate: null } }
}
