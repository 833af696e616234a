/**
 * What the engine asks of a database. Every operation is one file of this folder; `openStore` puts them together over a
 * `Database`, which is Postgres or the embedded one. Instants are milliseconds since 1970.
 */
import type { CarCounts, Mode, Progress, RequestCounts, RunStatus, Summary } from '../events.ts'
import type { Remembered } from '../pace/start.ts'
import type { Plan } from '../run/plan.ts'
import type { CommitContext, CommitResult, PageCommit } from './commit-pages.ts'
import type { Asked, Known } from './known-cars.ts'
import type { Lease, LeaseAnswer } from './lease.ts'
import type { LedgerPage } from './ledger.ts'

/** A run as the database has it. `activeMs` is the time spent on it by all processes so far. */
export type StoredRun = {
  runId: string
  mode: Mode
  status: RunStatus
  startedAt: number
  lastCommitAt: number
  activeMs: number
  plan: Plan | null
  requests: RequestCounts
  /** The source has had a complete full sweep before: only then are new cars logged as `listed`. */
  logListed: boolean
}

/** What was learned about a source, kept between runs. */
export type Learned = {
  pageSize: number | null
  requestsPerSecond: number | null
  concurrency: number | null
  /** What is known of the limit; null in what was kept by a version that did not know. */
  pace: Remembered | null
  learnedAt: number
}

/** What `finish` writes down at the end of a process's work on a run. */
export type Finish = {
  status: 'complete' | 'incomplete' | 'failed'
  proof: 'exact' | 'none'
  reason: string | null
  activeMs: number
  requests: RequestCounts
  pagesTotal: number | null
  totalBefore: number | null
  totalAfter: number | null
  learned: Summary['learned']
}

/** `status --json`: the summary of the current or last run; while it is running, how far it is and who is at it. */
export type StatusReport = Omit<Summary, 'status' | 'finishedAt'> & {
  status: Summary['status'] | 'running' | 'abandoned'
  finishedAt: string | null
  phase: string
  etaMs: { low: number; high: number } | null
  segments: { name: string; done: number; total: number | null }[]
}

export type RunRow = {
  runId: string
  mode: Mode
  status: RunStatus
  proof: string
  startedAt: string
  finishedAt: string | null
  activeMs: number
  cars: CarCounts
  reason: string | null
}

export type RejectRow = {
  id: string
  runId: string
  segment: string
  page: number
  position: number
  sourceId: string | null
  reason: string
  path: string
  payload: string
  at: string
}

export type Store = {
  /** How many commits may run side by side. */
  writers: number
  takeLease(holder: string, lengthMs: number): Promise<LeaseAnswer>
  /** A sign of life. False: the lease went to somebody else. */
  beat(lease: Lease): Promise<boolean>
  writeProgress(lease: Lease, runId: string, status: RunStatus, progress: Progress): Promise<void>
  releaseLease(lease: Lease): Promise<void>
  /** Resumes the unfinished run of this mode, or begins one; others that were left behind become `abandoned`. */
  openRun(
    lease: Lease,
    request: { runId: string; mode: Mode; fresh: boolean },
  ): Promise<{ run: StoredRun; resumed: boolean }>
  savePlan(lease: Lease, runId: string, plan: Plan): Promise<void>
  readLedger(runId: string): Promise<LedgerPage[]>
  /** Of these records, those that are not stored just so: new ones, and ones that may have changed. */
  knownCars(question: { reader: number; wantRaw: boolean; records: readonly Asked[] }): Promise<Known[]>
  commitPages(run: Omit<CommitContext, 'names'>, batch: PageCommit): Promise<CommitResult>
  /** Distinct ids on all pages of the run, distinct ids among its rejects, and rejects without an id. */
  countSeen(runId: string): Promise<{ ids: number; rejectedIds: number; rejectedWithoutId: number }>
  finishRun(lease: Lease, runId: string, finish: Finish): Promise<void>
  /** `scope` names host and key without telling the key. */
  readLearned(scope: string): Promise<Learned | null>
  saveLearned(
    scope: string,
    learned: Omit<Learned, 'learnedAt'>,
    run: { runId: string; shown: Summary['learned'] },
  ): Promise<void>
  /** Removes old ledgers, runs and resolved rejects in bounded batches. */
  prune(): Promise<void>
  /** The run as committed; without `runId` the latest. */
  report(runId?: string): Promise<StatusReport | null>
  runs(limit: number): Promise<RunRow[]>
  rejects(limit: number): Promise<RejectRow[]>
  close(): Promise<void>
}
