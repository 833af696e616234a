/** What a sync tells whoever watches it. Doors turn events into lines, pages or metrics; the engine prints nothing. */

import type { Durations } from './run/durations.ts'
import type { Receipt } from './run/receipt.ts'

export type Mode = 'full' | 'incremental'
export type RunStatus = 'running' | 'complete' | 'incomplete' | 'failed' | 'abandoned'
export type Phase = 'planning' | 'sweeping' | 'checking' | 'done'

export type CarCounts = {
  seen: number
  inserted: number
  updated: number
  unchanged: number
  removed: number
  rejected: number
}

export type RequestCounts = {
  total: number
  ok: number
  limited: number
  failed: number
  retried: number
  /** Lacking where the run was made by an earlier version. */
  answerTimes?: Durations
  /** How long it took to commit what they brought, a number for each transaction. Lacking likewise. */
  commitTimes?: Durations
  /** While a run is on: how long ago, ms, the source last answered properly, and at all. Lacking where its last answer was a proper one. */
  silence?: Silence
}

/** Less than 0: a refusal asked for a wait that is not over. */
export type Silence = { goodMs: number; aliveMs: number }

/** `total` is null where the source does not say how many there are. */
export type SegmentProgress = { name: string; done: number; total: number | null }

/** A picture of the run at one instant, as committed. Rates are per second over the last few seconds; null: none yet. */
export type Progress = {
  phase: Phase
  /** Time spent on the run so far, by all processes. */
  activeMs: number
  pages: { done: number; total: number | null }
  cars: CarCounts
  carsTotal: number | null
  /** Removals that a guard holds back; null: as many as before. */
  heldRemovals: number | null
  segments: SegmentProgress[]
  requests: RequestCounts
  carsPerSecond: number | null
  requestsPerSecond: number | null
  inFlight: number
  etaMs: { low: number; high: number } | null
  /** What the pace is and why. */
  pace: Summary['learned']
}

export type SyncEvent =
  | { kind: 'started'; runId: string; source: string; mode: Mode; resumed: boolean }
  | { kind: 'lease-awaited'; holder: string; since: string }
  | { kind: 'planned'; total: number | null; segments: SegmentProgress[]; note: string | null }
  | { kind: 'progress'; progress: Progress }
  | { kind: 'slowed'; why: string; waitMs: number }
  | { kind: 'page-failed'; label: string; why: string; attempt: number; retryInMs: number }
  | { kind: 'page-dead'; label: string; why: string }
  | { kind: 'note'; message: string }
  | { kind: 'finished'; summary: Summary }

/** The object that `sync --json` prints; see the contract. */
export type Summary = {
  runId: string
  source: string
  mode: Mode
  status: 'complete' | 'incomplete' | 'failed' | 'busy'
  proof: 'exact' | 'none'
  resumed: boolean
  startedAt: string
  finishedAt: string
  durationMs: number
  activeMs: number
  pages: { done: number; total: number | null }
  requests: RequestCounts
  cars: CarCounts
  rate: { carsPerSecond: number; carsPerMinute: number; pagesPerSecond: number }
  heldRemovals: number
  learned: {
    pageSize: number
    requestsPerSecond: number | null
    /** Requests that the limit lets through at once after a pause; lacking where there is none, or an earlier version ran. */
    burst?: number
    concurrency: number
    /** The limit is being found out: `requestsPerSecond` is what is tried. Lacking otherwise. */
    seeking?: true
    /** For people: "429 at 4.1/s; holding 3/s". */
    why: string
  }
  /** What shows that a full sweep has seen every car, or does not. */
  receipt?: Receipt
  /** What in the source's records is not as known, and in how many of those that were new or changed; where there is any. */
  drift?: Readonly<Record<string, number>>
  /** Why the run ended as it did, where it is not simply complete. */
  reason?: string
  /** `expiresAt` is null where it ends with its process: the lock of an embedded database. */
  lease?: { holder: string; since: string; expiresAt: string | null }
}
