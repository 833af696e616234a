/**
 * How fast we may go. Pure: the loop tells what happened (`adjust`) and asks how long to wait (`waitBefore`); it never
 * sleeps by itself and holds no clock.
 *
 * A first, safe pace: as many in flight as nothing pushes back on, one gate for all when the source asks for a pause,
 * and after a refusal a rate somewhat below what was accepted before it, which creeps up again while all is well.
 */
import { fullJitter } from './backoff.ts'

export type Pace = {
  /** Requests that may be in flight at once; grows in fractions. */
  concurrency: number
  maxConcurrency: number
  /** Requests per second to stay under; null: nothing has pushed back yet. */
  rate: number | null
  maxRate: number | null
  /** No request may leave before this instant (ms). */
  gateUntil: number
  /** When the next request is due by the rate (ms). */
  nextAt: number
  /** When requests left that were accepted, the last few (ms, ascending): what the source was seen to bear. */
  accepted: readonly number[]
  /** Refusals in a row. */
  refusals: number
  /** Failures in a row: with five of them the source counts as down, and is asked now and then by one request. */
  failures: number
  lastRefusedAt: number
  why: string
}

export type Signal =
  | { kind: 'sent'; at: number }
  | { kind: 'accepted'; sentAt: number; at: number }
  /** 429, or a server that asks for a pause. `random` in [0, 1) jitters the wait where the source names none. */
  | { kind: 'refused'; sentAt: number; at: number; retryAfterMs: number | null; random: number }
  /** No useful answer: a network fault, a 5xx, something unreadable. */
  | { kind: 'failed'; at: number; random: number }

export type PaceStart = {
  maxRate: number | null
  maxConcurrency: number | null
  /** What the vendor reports for this host, requests per second. */
  documented: number | null
  learned: { requestsPerSecond: number | null; concurrency: number | null } | null
}

const START_CONCURRENCY = 4
const MAX_CONCURRENCY = 32
const DOWN_AFTER = 5
const DOWN_BASE_MS = 1000
const REMEMBERED = 200
const PAUSE_BASE_MS = 250
const PAUSE_CAP_MS = 30_000
/** After a refusal: this share of what was accepted before it. */
const BACK_OFF = 0.85
/** Per accepted request while a rate is held: 2% in 20 requests. */
const CREEP = 1.001

const capped = (rate: number, max: number | null): number => (max === null ? rate : Math.min(rate, max))

const perSecond = (rate: number): string => `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`

/** Where to begin: at what was learned, else at what the vendor reports for this host, else open. */
export const startPace = (start: PaceStart): Pace => {
  const known = start.learned?.requestsPerSecond ?? start.documented
  const rate = known === null || known === undefined ? start.maxRate : capped(known, start.maxRate)
  const maxConcurrency = start.maxConcurrency ?? MAX_CONCURRENCY
  const from = start.learned?.requestsPerSecond
    ? 'learned last time'
    : start.documented
      ? "the vendor's figure"
      : 'as asked for'
  return {
    concurrency: Math.min(maxConcurrency, start.learned?.concurrency ?? START_CONCURRENCY),
    maxConcurrency,
    rate,
    maxRate: start.maxRate,
    gateUntil: 0,
    nextAt: 0,
    accepted: [],
    refusals: 0,
    failures: 0,
    lastRefusedAt: Number.NEGATIVE_INFINITY,
    why: rate === null ? 'nothing pushes back' : `${perSecond(rate)}, ${from}`,
  }
}

/** Milliseconds to wait before the next request; 0: now; Infinity: until a request in flight has come back. */
export const waitBefore = (pace: Pace, inFlight: number, now: number): number => {
  if (inFlight >= Math.max(1, Math.floor(pace.concurrency))) return Number.POSITIVE_INFINITY
  return Math.max(0, pace.gateUntil - now, pace.rate === null ? 0 : pace.nextAt - now)
}

/** Whether so many requests failed in a row that the source counts as down. The next accepted one closes the circuit. */
export const isCircuitOpen = (pace: Pace): boolean => pace.failures >= DOWN_AFTER

/** Requests per second that were accepted up to `before`, over the last seconds; null with too few to tell. */
const acceptedRate = (accepted: readonly number[], before: number): number | null => {
  const recent = accepted.filter((at) => at <= before && at > before - 10_000)
  const first = recent[0]
  return recent.length < 3 || first === undefined || before - first < 200
    ? null
    : (recent.length * 1000) / (before - first)
}

/** The pace after a signal. */
export const adjust = (pace: Pace, signal: Signal): Pace => {
  switch (signal.kind) {
    case 'sent':
      return pace.rate === null ? pace : { ...pace, nextAt: Math.max(signal.at, pace.nextAt) + 1000 / pace.rate }
    case 'accepted': {
      const accepted = [...pace.accepted.slice(-REMEMBERED + 1), signal.sentAt].sort((a, b) => a - b)
      const rate = pace.rate === null ? null : capped(pace.rate * CREEP, pace.maxRate)
      const grown = pace.concurrency < 8 ? pace.concurrency + 1 : pace.concurrency + 2 / pace.concurrency
      return { ...pace, accepted, rate, refusals: 0, failures: 0, concurrency: Math.min(pace.maxConcurrency, grown) }
    }
    case 'refused': {
      const pause = signal.retryAfterMs ?? fullJitter(pace.refusals + 1, signal.random, PAUSE_BASE_MS, PAUSE_CAP_MS)
      const gateUntil = Math.max(pace.gateUntil, signal.at + pause)
      // Whatever was in flight when the wall was hit is refused by the same wall: it says nothing new.
      if (signal.sentAt <= pace.lastRefusedAt) return { ...pace, gateUntil }
      const seen = acceptedRate(pace.accepted, signal.sentAt) ?? pace.rate ?? 2
      const rate = capped(Math.max(0.05, BACK_OFF * Math.min(seen, pace.rate ?? seen)), pace.maxRate)
      return {
        ...pace,
        gateUntil,
        rate,
        nextAt: gateUntil,
        refusals: pace.refusals + 1,
        lastRefusedAt: signal.at,
        concurrency: Math.max(1, pace.concurrency / 2),
        why: `refused at ${perSecond(seen)}; holding ${perSecond(rate)}`,
      }
    }
    case 'failed': {
      const failures = pace.failures + 1
      if (failures < DOWN_AFTER) return { ...pace, failures }
      const pause = fullJitter(failures - DOWN_AFTER + 1, signal.random, DOWN_BASE_MS, PAUSE_CAP_MS)
      return { ...pace, failures, gateUntil: Math.max(pace.gateUntil, signal.at + pause), concurrency: 1 }
    }
  }
}
