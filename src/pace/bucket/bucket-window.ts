/** A rate that may be a quota for a window of a second or two: what its refusals say, taken together. */
import { REORDER_MS } from '../announced.ts'
import { countBetween, indexFrom, type Sent, type Traffic } from '../traffic.ts'
import { LENGTHS_MS, quotaByWalls } from '../window/short-window.ts'
import { type Bucket, evenRate, OVER } from './bucket.ts'

/** Met in so many windows, a quota is no chance: what contradicts it is another limit. */
const SURE_WINDOWS = 3
/** A refusal within so many windows of the one before is soon. */
const SOON_WINDOWS = 4
/** Rates that differ by less are the same. */
const SAME = 1.005

/** Whether it may still be a window, and what else there is to it; without a rate none explains the refusals. */
export type AsWindow = Partial<Bucket> & Pick<Bucket, 'windowMs' | 'explained'>

const NO_WINDOW: AsWindow = { windowMs: 0, explained: 0 }

/** The bucket by the quota that explains the refusals, as an even pace. `slower`: its rate, less what a refusal takes off. */
export const asWindow = (bucket: Bucket, slower: number, traffic: Traffic, flight: readonly Sent[]): AsWindow => {
  const { rate, clean, windowMs, search, fallback, walls, explained, explainedSince } = bucket
  // Of a counter it is the whole that explains.
  if (windowMs === 0 && bucket.steady && explained > 0) return { windowMs, explained }
  if (windowMs === 0) return bucket.tollMs > 0 ? longerWindow(bucket, traffic, flight) : NO_WINDOW
  const whole = quotaByWalls(traffic, flight, windowMs, explainedSince)
  const isSure = explained >= SURE_WINDOWS
  const movedAt = walls.at(-1)?.at ?? 0
  const found = whole ?? (isSure ? quotaByWalls(traffic, flight, windowMs, movedAt) : null)
  // A limit that moves contradicts what was met before; after a wall or two it explains itself.
  if (found === null && isSure) return { windowMs, explained: explained - 1 }
  if (found === null) return longerWindow(bucket, traffic, flight)
  const even = evenRate(found.quota, windowMs)
  const isEven = search === null && fallback === null && rate < SAME * even
  // A quota is not refused at its own even pace: a bucket that has something in store is, and looks like a window each time.
  if (isEven && explained > 1 && clean < SOON_WINDOWS * found.quota) return NO_WINDOW
  return {
    ...asEven(bucket, found.quota, windowMs),
    explained: found.windows,
    explainedSince: whole === null ? movedAt : explainedSince,
    rate: isEven ? slower : even,
  }
}

/** The bucket at the even pace of a quota that is known. */
export const asEven = (
  { rate }: Bucket,
  quota: number,
  windowMs: number,
): Partial<Bucket> & { windowMs: number; rate: number } => {
  const even = evenRate(quota, windowMs)
  return {
    windowMs,
    rate: even,
    ceiling: even * OVER,
    sure: true,
    met: true,
    steady: true,
    search: null,
    fallback: null,
    looksUp: false,
    // Nothing is saved up in a window, and what was taken ahead of its quota is not there now.
    burst: 1,
    opening: null,
    holds: null,
    tokens: Math.min(0, 1 - quota * (1 - even / rate)),
  }
}

/** With fewer, what is let in between two waits is alike at any rate. */
const MANY = 20
/** For so long nothing was let in though it was asked for: no bucket of more than a few a second. */
const SHUT_MS = 300
const wasShut = ({ refused, admitted }: Traffic): boolean =>
  refused.some((at, i) => {
    const next = refused.find((later, j) => j > i && later - at >= SHUT_MS)
    return next !== undefined && indexFrom(admitted, at + REORDER_MS) === indexFrom(admitted, next)
  })

/** It was taken for a shorter one than it is: what was let in at once and was refused for a while is the quota of a longer. */
const longerWindow = (bucket: Bucket, traffic: Traffic, flight: readonly Sent[]): AsWindow => {
  const { windowMs, explained, explainedSince } = bucket
  if (explained > 1 || (bucket.tollMs === 0 && !wasShut(traffic))) return NO_WINDOW
  for (const longer of LENGTHS_MS)
    if (longer > windowMs && longer <= 5000) {
      const found = quotaByWalls(traffic, flight, longer, explainedSince)
      if (found !== null && found.windows >= SURE_WINDOWS && (bucket.tollMs === 0 || found.quota >= MANY))
        return { ...asEven(bucket, found.quota, longer), explained: found.windows }
    }
  return NO_WINDOW
}

/** Requests per second, as an even pace, that were let in within the length of a window before `at`; 0 where it is none. */
export const lately = ({ windowMs }: Bucket, traffic: Traffic, at: number): number =>
  windowMs === 0 ? 0 : evenRate(countBetween(traffic, [], at - windowMs, at), windowMs)
