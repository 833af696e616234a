/**
 * A copy of the source's token bucket: as many tokens as it must hold at least, so that a request leaves only when it will
 * be let in.
 *
 * Between two refusals the source has granted exactly rate * time requests, give or take one, however large its bucket
 * is: for a refusal means that the bucket was empty. So the rate is known the better the longer it is watched, and the
 * pace need not swing. The idea of telling a policer's rate from the traffic between losses is that of BBR's long-term
 * sampling (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016; Linux tcp_bbr.c).
 */

import type { CapTrial } from '../width/cap-trial.ts'
import type { Others } from './bucket-others.ts'
import type { Run } from './bucket-paces.ts'

export type Bucket = {
  kind: 'bucket'
  /** Requests per second. */
  rate: number
  /** Tokens that may be saved up while nothing is sent. */
  burst: number
  /** What it held when an earlier run met it full: so much it may hold when the run begins. 0: not known. */
  rested: number
  tokens: number
  /** Where waits are to tell how fast it fills: what was let in before the very first wall, or what it holds. null: they are not. */
  holds: Opening | number | null
  /** What a wait saves up is not spent at once: that was refused again and again. */
  evenly: boolean
  /** The instant for which `tokens` holds, ms. */
  at: number
  /** Requests let in since the latest refusal. */
  clean: number
  /** The rate is not known yet: trials narrow it down. null: it is known, and only followed. */
  search: Search | null
  /** The lowest rate at which a refusal was met lately. */
  ceiling: number | null
  /** A short window was recognised: its rate is known, and what was lost within a window does not come back. */
  steady: boolean
  /** It may be a quota for windows of this length, ms; 0: nothing speaks for it. */
  windowMs: number
  /** In how many such windows what was refused, of those since that instant, ms, is explained by one quota; 0: not at all. */
  explained: number
  explainedSince: number
  /** The rate need not become higher than this; null: it may. */
  most: number | null
  /** The ceiling is where the limit lies: it was met after a long run, or the rate is well reckoned. */
  sure: boolean
  /** The latest refusal came after so many that went well that the rate is near it; else it may be far too low. */
  met: boolean
  /** So few requests were let in at once that nothing can be saved up: refusals tell of the spacing, not of an average. */
  narrow: boolean
  /** Refusals at which the bucket was empty, ms; the rate is reckoned between them. */
  walls: readonly { at: number; lostMs: number }[]
  /** Time in which the shadow bucket ran over, ms: nothing was granted then. */
  lostMs: number
  /** The last requests were sent on saved tokens. */
  spending: boolean
  /** Refusals in a row with nothing let in between, and when the first of them had left. */
  barren: number
  barrenSince: number
  /** How long the latest refusal made everybody wait, ms. */
  tollMs: number
  /** That wait is not over yet. */
  isWaiting: boolean
  /**
   * How many were let in before the first wall, and in what time; null: it is not known. `emptyMs`: so long before that wall it had been
   * empty, by a refusal before anything was let in; else it was full.
   */
  room: { count: number; ms: number; emptyMs?: number } | null
  /** Requests per second that the limit is at least, by what was let in between two refusals; 0: not known. */
  proven: number
  /** Of a bucket without room: what was let in from refusal to refusal. */
  runs: readonly Run[]
  /** It was a cap that is tried; null: it was not. */
  capTrial: CapTrial | null
  /** Somebody else uses up the limit, too. */
  others: Others | null
  /** Refusals in a row that came soon after the one before. */
  hasty: number
  /** What was let in before the first wall, and in what time: tells how much the bucket holds. null: nothing to tell from. */
  opening: Opening | null
  /** Once the bold guess has held, a much higher rate is tried: it may have been too low. */
  looksUp: boolean
  /** The rate was a bold guess; this is what is known for sure, should it be refused at once. */
  fallback: number | null
}

/** Requests per second that went well, and that did not; `passed` of the `need` requests of this trial were let in. */
export type Search = {
  low: number | null
  high: number | null
  step: number
  need: number
  passed: number
  sinceAt: number
  /** So many in a row were refused, each slower than the one before. */
  down?: number
  /** So many were refused in all. */
  refused?: number
  /** So much the source grants at least, by the waits that it asks for. */
  least?: number
  /** A look higher, from this rate: the first refusal ends it, at the last rate that went well. */
  from?: number
}

/** When the latest requests that were let in before the first wall had left, and when that was met, ms. */
export type Opening = { admitted: readonly number[]; wallAt: number }

/**
 * How much a bucket of this rate holds at least. It was full before the rush that ended at the wall: the largest excess over the
 * rate, of all spans that end there.
 */
export const storeOf = ({ admitted, wallAt }: Opening, rate: number): number => {
  let most = 0
  for (const [i, at] of admitted.entries()) most = Math.max(most, admitted.length - i - (rate * (wallAt - at)) / 1000)
  return most
}

/** What it holds at this rate, where waits tell that. */
export const heldAt = (holds: Opening | number, rate: number): number =>
  typeof holds === 'number' ? holds : storeOf(holds, rate)

/** So much of what it holds is counted on. */
export const MARGIN = 0.8

export const burstOf = (opening: Opening | null, rate: number): number =>
  opening === null ? 1 : Math.max(1, MARGIN * storeOf(opening, rate))

export type BucketStart = {
  rate: number
  at: number
  search?: Search | null
  walls?: Bucket['walls']
  narrow?: boolean
  opening?: Opening | null
  holds?: Bucket['holds']
  fallback?: number | null
  looksUp?: boolean
  windowMs?: number
  explained?: number
  room?: Bucket['room']
}

export const startBucket = ({
  rate,
  at,
  search = null,
  walls = [],
  narrow = false,
  opening = null,
  holds = narrow ? null : opening,
  fallback = null,
  looksUp = false,
  windowMs = 0,
  explained = 0,
  room = null,
}: BucketStart): Bucket => ({
  kind: 'bucket',
  rate,
  rested: 0,
  burst: narrow || fallback !== null ? 1 : burstOf(opening, rate),
  opening: narrow ? null : opening,
  holds,
  evenly: false,
  tokens: 0,
  at,
  clean: 0,
  search,
  ceiling: null,
  sure: false,
  met: false,
  steady: false,
  windowMs,
  explained,
  explainedSince: 0,
  most: null,
  narrow,
  walls,
  lostMs: 0,
  spending: false,
  barren: 0,
  barrenSince: at,
  room,
  proven: 0,
  runs: [],
  capTrial: null,
  others: null,
  hasty: 0,
  tollMs: 0,
  isWaiting: false,
  looksUp,
  fallback,
})

/** So late a request may leave without being lost, ms: nobody wakes up on time, and in a window it is not too late yet. */
const LATE_MS = 5

/** The bucket with what has run into it until `now`. */
export const refilled = (bucket: Bucket, now: number): Bucket => {
  const full = bucket.tokens + (Math.max(0, now - bucket.at) * bucket.rate) / 1000
  // More than the burst is there only if it was given besides.
  const late = bucket.steady ? (LATE_MS * bucket.rate) / 1000 : 0
  const tokens = Math.max(bucket.tokens, Math.min(full, bucket.burst + late))
  const over = full - tokens
  return {
    ...bucket,
    tokens,
    at: Math.max(now, bucket.at),
    lostMs: bucket.lostMs + (over * 1000) / bucket.rate,
  }
}

/** The source says how fast it fills, and it holds next to nothing: somebody else must have taken what is lacking. */
export const isTold = ({ most, proven }: Bucket): boolean => most !== null && proven > 0

/** Milliseconds until there is a token. */
export const bucketWait = (bucket: Bucket, now: number): number =>
  // A hair less than a token: sums of fractions must not cost a millisecond each.
  Math.max(0, bucket.at - now + ((0.9999 - bucket.tokens) * 1000) / bucket.rate)

export const bucketSent = (bucket: Bucket, now: number): Bucket => {
  const full = refilled(bucket, now)
  return { ...full, tokens: full.tokens - 1, spending: full.tokens > 2 }
}

/** So far above a rate that is known it is taken to be refused. */
export const OVER = 1.015

/** What jitter may take from a window's end, and being late, ms. */
const JITTER_MS = 14

/** Requests per second at an even pace of which no window of this length ever sees more than the quota. */
export const evenRate = (quota: number, windowMs: number): number => (quota * 1000) / (windowMs + JITTER_MS)
