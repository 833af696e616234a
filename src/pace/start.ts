/** Where a pace begins, and what of it is kept for the next run. */
import { type Bucket, MARGIN, type Opening, refilled, startBucket, storeOf } from './bucket/bucket.ts'
import { LET_IN_BEFORE } from './bucket/bucket-look-up.ts'
import type { Run } from './bucket/bucket-paces.ts'
import { noChance } from './chance.ts'
import { startCircuit } from './circuit.ts'
import type { Pace, Shape } from './model.ts'
import { countBetween, indexFrom, noTraffic, type Traffic } from './traffic.ts'
import { noCrowd } from './width/crowd.ts'
import { noLatency } from './width/latency.ts'
import { noThroughput } from './width/throughput.ts'
import { concurrencyOf, hasPaid } from './width/went-well.ts'
import { startWidth, type Width } from './width/width.ts'
import { beginWindow, broughtBy, isDoubtful, type KeptWindow, keepWindow } from './window/kept-window.ts'
import type { Length } from './window/length-tried.ts'
import type { Window } from './window/window.ts'

/**
 * What was learned of a source's limit, as it is stored: plain JSON. Instants are ms since 1970, rates requests per
 * second. `tokens`: what the bucket held when it was kept, less than nothing where it was overdrawn. `recent`: when the
 * requests had left that may still count against the limit.
 */
export type Remembered = {
  at: number
  limit:
    | { kind: 'none' }
    | {
        kind: 'rate'
        rate: number
        burst: number
        narrow: boolean
        steady: boolean
        met?: boolean
        tokens?: number
        runs?: readonly Run[]
        /** What it holds when it is full, as far as is known. */
        held?: number
      }
    | KeptWindow
  /** A quota for a longer time, which holds beside the limit. */
  longer?: KeptWindow
  cap: number | null
  /** It was exceeded at an even pace, and is none of a rate. */
  capTried?: boolean
  /** How long a refusal at it makes everybody wait, ms. */
  capTollMs?: number
  concurrency: number
  /** No limit was met, and more at once surely brought more, up to that. */
  paid?: boolean
  gateUntil: number
  /** The lengths of announced windows that were tried out. */
  lengths?: readonly Length[]
}

export type PaceStart = {
  now: number
  maxRate?: number | null
  maxConcurrency?: number | null
  /** How many requests the job takes, as far as known. */
  pages?: number
  /** What the vendor reports for this host, requests per second. */
  documented?: number | null
  remembered?: Remembered | null
}

/** Without a plan: enough to be careful, few enough to be quick. */
const PAGES = 1000
const FORGET_MS = 7 * 86_400_000
/** A limit that was met is begun just under. */
const UNDER = 0.99
/** What was kept so recently is gone on with as it was: from one slice to the next it would get slower and slower. */
const GOES_ON_MS = 60_000
/** Who was killed, or stopped, had gone on for so long at most since what it learned was kept, ms. */
const KEPT_EVERY_MS = 3000

const begin = (start: PaceStart): Pace => ({
  maxRate: start.maxRate ?? null,
  maxConcurrency: start.maxConcurrency ?? null,
  pages: start.pages ?? PAGES,
  nextId: 0,
  flight: [],
  traffic: noTraffic,
  latency: noLatency,
  throughput: noThroughput,
  width: startWidth,
  wentWell: 0,
  paid: false,
  shape: { kind: 'open' },
  longer: null,
  renewedAt: null,
  stood: null,
  origin: 'found',
  announced: [],
  lengths: [],
  circuit: startCircuit,
  gateUntil: 0,
  nextAt: 0,
  heardAt: Number.NEGATIVE_INFINITY,
  countedFrom: 0,
  chance: noChance,
  rush: 0,
  crowd: noCrowd,
  opening: null,
  wall: null,
})

/**
 * When a bucket was empty that held so many tokens when it was kept: since then it has filled, here up to one token. A
 * clock that was ahead must not make the wait longer than it was.
 */
const emptyAt = (keptAt: number, tokens: number, rate: number, now: number): number => {
  const tokenMs = 1000 / rate
  return Math.min(now + Math.max(0, -tokens) * tokenMs, Math.max(keptAt - tokens * tokenMs, now - tokenMs))
}

const rememberedShape = ({ limit, at }: Remembered, now: number, pages: number): Shape => {
  switch (limit.kind) {
    case 'none':
      return { kind: 'open' }
    case 'rate': {
      const { rate: held, narrow, steady, burst, met = true, tokens = 0, runs = [], held: whole = 0 } = limit
      const isOld = now - at >= GOES_ON_MS
      const rate = isOld ? held * UNDER : held
      // A bucket that has rested is full again. What has filled since the one before was killed is spent at once, as far as is sure.
      const sinceMs = now - at - KEPT_EVERY_MS
      const saved = isOld ? whole : Math.min(whole, Math.max(0, tokens + (sinceMs * rate) / 1000))
      const given = isOld ? 0 : MARGIN * saved
      const holds = burst >= 2 ? burst / MARGIN : null
      const bucket = startBucket({ rate, at: emptyAt(at, tokens, rate, now), narrow, holds })
      return {
        ...bucket,
        ...(given > 1 ? { tokens: given, at: now } : {}),
        burst,
        steady,
        sure: true,
        met,
        ceiling: held * 1.01,
        runs,
        rested: saved - given,
        // It may have been raised since: a long job can afford to look soon.
        clean: isOld && whole > 0 ? Math.min(LET_IN_BEFORE, pages / 4) : 0,
      }
    }
    case 'quota':
      return beginWindow(limit, now)
  }
}

/** Of two quotas the longer one counts what the other does, too. */
const rememberedTraffic = ({ limit, longer }: Remembered, now: number): Traffic => {
  const counted = longer ?? limit
  if (counted.kind !== 'quota') return noTraffic
  const { recent, windowMs } = counted
  return { ...noTraffic, admitted: recent.slice(indexFrom(recent, now - windowMs - 1000)) }
}

const rememberedWidth = ({ limit, cap, capTried = false, capTollMs = 0, concurrency }: Remembered): Width => ({
  ...startWidth,
  limit: limit.kind === 'none' && cap === null ? 1 : Math.max(1, Math.min(concurrency, cap ?? concurrency)),
  cap,
  capWalls: cap === null ? 0 : 2,
  tried: capTried,
  tollMs: capTollMs,
})

/** A clock that was ahead must not make the wait longer than it was when it was kept. */
const rememberedGate = ({ at, gateUntil }: Remembered, now: number): number =>
  Math.min(gateUntil, now + Math.max(0, gateUntil - at))

/** Begins at what was learned last time, else at what the vendor reports, else open. */
export const startPace = (start: PaceStart): Pace => {
  const { now } = start
  const remembered = start.remembered ?? null
  const isFresh = remembered !== null && now - remembered.at < FORGET_MS
  const pace = isFresh
    ? { ...begin(start), gateUntil: rememberedGate(remembered, now), lengths: remembered.lengths ?? [] }
    : begin(start)
  const met = isFresh && (remembered.limit.kind !== 'none' || remembered.cap !== null)
  if (met)
    return {
      ...pace,
      shape: rememberedShape(remembered, now, pace.pages),
      longer: remembered.longer === undefined ? null : beginWindow(remembered.longer, now),
      traffic: rememberedTraffic(remembered, now),
      width: rememberedWidth(remembered),
      origin: 'learned',
    }
  const rate = start.documented ?? null
  // Nothing was met: as many at once are no risk, but each request must have been let in before twice as many follow.
  if (rate === null)
    return isFresh ? { ...pace, wentWell: remembered.concurrency, paid: remembered.paid === true } : pace
  const bucket = startBucket({ rate, at: now, narrow: true })
  return {
    ...pace,
    shape: { ...bucket, tokens: 1, ceiling: rate },
    width: { ...startWidth, limit: 4 },
    origin: 'documented',
  }
}

/** An even pace suits whatever limiter it is. */
const DOUBTFUL = { kind: 'rate', burst: 1, narrow: false, steady: true, met: false } as const

/** With fewer since the first refusal there is no telling: mostly it was waited. */
const FEW = 30

/**
 * The rate that is known: what is only tried may be far too high, so then it is what was let in since the first refusal. null: too
 * little was.
 */
const knownRate = ({ rate, search, fallback, walls }: Bucket, traffic: Traffic, now: number): number | null => {
  if (search === null && fallback === null) return rate
  if (search?.from !== undefined) return search.from
  const since = walls[0]?.at ?? now
  const count = countBetween(traffic, [], since, now)
  return count < FEW ? null : Math.min(rate, (count * 1000) / (now - since))
}

/** What a bucket held before the first wall, when it was full. What is met by an even pace holds nothing. */
const heldBy = ({ steady, windowMs, rested, holds }: Bucket, opening: Opening | null, rate: number): number => {
  if (steady || windowMs > 0) return 0
  return opening === null ? Math.max(rested, typeof holds === 'number' ? holds : 0) : storeOf(opening, rate)
}

const limitOf = ({ shape, traffic, flight, opening }: Pace, now: number): Remembered['limit'] => {
  const known = shape.kind === 'seeking' ? (shape.kept ?? shape.before ?? shape.held ?? shape) : shape
  switch (known.kind) {
    case 'open':
    case 'seeking':
      return { kind: 'none' }
    case 'bucket': {
      const { burst, narrow, steady, met, runs } = known
      const rate = knownRate(known, traffic, now)
      if (rate === null) return { kind: 'none' }
      const held = heldBy(known, opening, rate)
      return {
        kind: 'rate',
        rate,
        // It passed for a short window, in which nothing is saved up.
        burst: burst < 2 ? Math.max(1, MARGIN * held) : burst,
        narrow,
        steady,
        met,
        tokens: refilled(known, now).tokens,
        ...(narrow ? { runs } : { held }),
      }
    }
    case 'window':
      return isDoubtful(known)
        ? { ...DOUBTFUL, rate: broughtBy(known, traffic, now) }
        : keepWindow(known, traffic, flight, now)
  }
}

/** The quota beside the limit; while it is sought when it is renewed, it is the one that was known before. */
const longerOf = ({ shape, longer }: Pace): Window | null =>
  shape.kind === 'seeking' && shape.kept !== null ? shape.before : longer

/** What is worth keeping of the pace at `now`. */
export const remember = (pace: Pace, now: number): Remembered => {
  const limit = limitOf(pace, now)
  const longer = longerOf(pace)
  const { circuit, gateUntil } = pace
  return {
    at: Math.round(now),
    limit,
    ...(longer === null ? {} : { longer: keepWindow(longer, pace.traffic, pace.flight, now) }),
    cap: pace.width.cap,
    ...(pace.width.cap === null ? {} : { capTried: pace.width.tried, capTollMs: pace.width.tollMs }),
    concurrency: concurrencyOf(pace, limit.kind === 'none'),
    ...(limit.kind === 'none' && pace.width.cap === null && hasPaid(pace) ? { paid: true } : {}),
    // A source that was down may be up again: the next run asks at once. Nor did it ask for our pause, which a late answer has not ended.
    gateUntil: circuit.downSince === null && gateUntil > circuit.pausedUntil ? Math.round(gateUntil) : 0,
    ...(pace.lengths.length > 0 ? { lengths: pace.lengths } : {}),
  }
}
