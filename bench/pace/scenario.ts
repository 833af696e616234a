/** What a simulated source is like: how it limits, how fast it answers, what goes wrong. */
import type { RateLimit, SourceLimit } from './limiter.ts'

/** What it tells of its limit: nothing (a bare 429), `Retry-After` on 429 only, or that and RateLimit fields on each answer. */
export const TELLS = ['silent', 'retry-after', 'headers'] as const
/** Or `X-RateLimit-` fields, which say no length of a window, and when it ends as a whole second since 1970. */
export type Tells = (typeof TELLS)[number] | 'instants'

/** A server without a limit that gets slower: `servers` requests are served at once, the others wait in line. */
export type Slow = {
  kind: 'queue'
  servers: number
  /** With more inside than this, each is served slower in proportion; null: never. */
  thrashAt: number | null
}

export type Scenario = {
  name: string
  limit: SourceLimit | Slow | { kind: 'none' }
  tells: Tells
  pages: number
  /** Median of the lognormal service time (sigma 0.2), ms; for a queue the mean of an exponential one. */
  serviceMs: number
  /** One way through the network, ms; a half-normal jitter of this size comes on top. */
  wayMs: number
  jitterMs: number
  /** Share of answers that take twenty times as long. */
  stragglers: number
  /** Share of requests that are held up on their way to the server, by up to `HELD_UP_MS`: a network, or a machine that is busy. */
  heldUp: number
  /** At this share of the instants at which something is to be done the asker itself is held up, by up to `STALLED_MS`: a machine that is busy. */
  stalls: number
  /** Share of admitted requests that are answered 500. */
  errors: number
  /** Share of requests that are lost on their way to the server; the sender hears of it as soon as of an answer. */
  lost: number
  /** Share of requests that are refused by chance, however little is asked for. */
  shed: number
  /** So many ms after the beginning the limit becomes this one. */
  change: { afterMs: number; limit: RateLimit } | null
  /** Requests per second of somebody else on the same key, at random instants. */
  tenant: number
}

const USUAL: Omit<Scenario, 'name' | 'limit' | 'tells'> = {
  pages: 1900,
  serviceMs: 110,
  wayMs: 20,
  jitterMs: 3,
  stragglers: 0,
  heldUp: 0,
  stalls: 0,
  errors: 0,
  lost: 0,
  shed: 0,
  change: null,
  tenant: 0,
}

export const scenario = (
  name: string,
  limit: Scenario['limit'],
  tells: Tells,
  other: Partial<Scenario> = {},
): Scenario => ({ ...USUAL, name, limit, tells, ...other })

export const STRAGGLER_TIMES = 20
export const HELD_UP_MS = 60
export const STALLED_MS = 300

/** The mean service time, ms: exp(sigma^2 / 2) times the median, and what stragglers add. */
export const meanServiceMs = ({ limit, serviceMs, stragglers }: Scenario): number =>
  limit.kind === 'queue' ? serviceMs : serviceMs * Math.exp(0.02) * (1 + (STRAGGLER_TIMES - 1) * stragglers)

/** The mean of a trip one way, ms: that of a half-normal is sigma * sqrt(2 / pi). */
export const meanTripMs = ({ wayMs, jitterMs }: Scenario): number => wayMs + jitterMs * Math.sqrt(2 / Math.PI)
