/**
 * What the engine asks of a database. Every operation is one file of this folder; `openStore` puts them together over a
 * `Database`, which is Postgres or the embedded one. Instants are milliseconds since 1970.
 */
import type { CarCounts, Mode, Progress, RequestCounts, RunStatus, Summary } from '../events.ts'
import type { Remembered } from '../pace/start.ts'
import type { OpenAlert } from '../run/alerts.ts'
import type { Covered } from '../run/choose-mode.ts'
import type { LeastTime } from '../run/least-time.ts'
import type { Plan } from '../run/plan.ts'
import type { Receipt } from '../run/receipt.ts'
import type { Departure, PageRead } from '../run/seams.ts'
import type { AlertRecord, AlertRow } from './alerts.ts'
import type { Balance, GoneAt } from './balance.ts'
import type { CarsQuestion, ListedCar } from './cars-page.ts'
import type { CommitContext, CommitResult, PageCommit } from './commit-pages.ts'
import type { ModeState } from './coverage.ts'
import type { Due } from './due.ts'
import type { BrandCount } from './inventory.ts'
import type { Asked, Known } from './known-cars.ts'
import type { Lease, LeaseAnswer } from './lease.ts'
import type { LedgerPage } from './ledger.ts'
import type { Live } from './live.ts'
import type { Order } from './orders.ts'
import type { Claim } from './outbox.ts'
import type { ChangeBatch } from './read-change-log.ts'
import type { RecentChanges } from './recent-changes.ts'
import type { KeptReject, Reread } from './rejects.ts'
import type { HeldRun } from './removals.ts'
import type { StoredCar } from './stored-cars.ts'

/** A run as the database has it. `activeMs` is the time spent on it by all processes so far. */
export type StoredRun = {
  runId: string
  mode: Mode
  status: RunStatus
  startedAt: number
  lastCommitAt: number
  activeMs: number
  plan: Plan | null
  /** What a full sweep has shown so far. */
  receipt: Receipt | null
  /** What is not to be had of the source's feeds, in a sentence; null: they were read, or not asked for yet. */
  unreadFeed: string | null
  requests: RequestCounts
  /** The source has had a complete full sweep before: only then are new cars logged as `listed`. */
  logListed: boolean
  /** Not a car of the source was stored when the run began, and no other process has worked on it. */
  beganEmpty: boolean
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
  /** Distinct ids on all pages of the run, where they have been counted since the last of them came. */
  met: number | null
  /** The stretch of the source's time that is covered now; null where the run is not complete. */
  covered: Covered | null
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
  lastCommitAt: string
  finishedAt: string | null
  activeMs: number
  pages: { done: number; total: number | null }
  requests: RequestCounts
  cars: CarCounts
  reason: string | null
  unreadFeed: string | null
  /** As in the summary. */
  drift?: NonNullable<Summary['drift']>
  /** The least time that its pages could have been read in; null: not known. */
  least: LeastTime | null
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
  /** Changes when the database server is started anew, or is another one. */
  serverStartedAt(): Promise<string>
  takeLease(holder: string, lengthMs: number): Promise<LeaseAnswer>
  /** A sign of life. False: the lease went to somebody else. */
  beat(lease: Lease): Promise<boolean>
  writeProgress(lease: Lease, runId: string, status: RunStatus, progress: Progress): Promise<void>
  /** What a run has asked before there is progress to write. */
  writeRequests(lease: Lease, runId: string, requests: RequestCounts): Promise<void>
  releaseLease(lease: Lease): Promise<void>
  /** Resumes the unfinished run of this mode, or begins one; others that were left behind become `abandoned`. */
  openRun(
    lease: Lease,
    request: { runId: string; mode: Mode; fresh: boolean },
  ): Promise<{ run: StoredRun; resumed: boolean }>
  /** What decides between a full and an incremental run. */
  modeState(): Promise<ModeState>
  /** An incremental run that has not read anything becomes a full one, which is still to be planned. */
  becomeFull(lease: Lease, runId: string): Promise<void>
  noteUnread(lease: Lease, runId: string, unread: string | null): Promise<void>
  savePlan(lease: Lease, runId: string, plan: Plan): Promise<void>
  saveReceipt(lease: Lease, runId: string, receipt: Receipt): Promise<void>
  readLedger(runId: string): Promise<LedgerPage[]>
  /** Of these records, those that are not stored just so: new ones, and ones that may have changed. */
  knownCars(question: { reader: number; wantRaw: boolean; records: readonly Asked[] }): Promise<Known[]>
  commitPages(run: Omit<CommitContext, 'names'>, batch: PageCommit): Promise<CommitResult>
  /** Distinct ids on all pages of the run, distinct ids among its rejects, and rejects without an id. */
  countSeen(runId: string): Promise<{ ids: number; rejectedIds: number; rejectedWithoutId: number }>
  /** How many ids a sweep has brought that no earlier one of the run had. */
  countNew(runId: string, sweep: number): Promise<number>
  /** The books of a run, less what the source says has gone; `repeats` where they are known already. */
  weighSeen(runId: string, gone: GoneAt, repeats?: number): Promise<Balance>
  readMovement(runId: string, sweep: number, gone: GoneAt): Promise<{ pages: PageRead[]; departures: Departure[] }>
  /** Whoever was seen in the run is not missing any more. */
  forgetSeen(lease: Lease, runId: string): Promise<void>
  /**
   * Marks what a proven sweep that has met so many distinct ids did not see as missing; answers how many are so for the first time
   * and were not asked for.
   */
  markAbsent(lease: Lease, runId: string, met: number): Promise<number>
  notAskedFor(runId: string): Promise<string[]>
  unseenAmong(runId: string, ids: readonly string[]): Promise<string[]>
  someSeen(runId: string, limit: number): Promise<string[]>
  keepAnswers(lease: Lease, answers: { gone: readonly string[]; there: readonly string[] }): Promise<void>
  /** How many cars are proven gone, by make. */
  provenGone(runId: string): Promise<{ make: string | null; cars: number }[]>
  /** Marks a batch of what is proven gone as removed; 0: nothing is left. */
  removeProven(lease: Lease, runId: string): Promise<number>
  holdProven(lease: Lease, runId: string, segmentOf: ReadonlyMap<string | null, string>): Promise<number>
  heldRemovals(): Promise<HeldRun[]>
  approveHeld(lease: Lease, runId: string): Promise<{ looked: number; removed: number }>
  discardHeld(lease: Lease, runId: string): Promise<number>
  undoRemovals(lease: Lease, runId: string): Promise<number>
  finishRun(lease: Lease, runId: string, finish: Finish): Promise<void>
  /** `scope` names host and key without telling the key. */
  readLearned(scope: string): Promise<Learned | null>
  saveLearned(
    lease: Lease,
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
  /** The names under which anything was ever synced into this database, this source's included. */
  sourcesSynced(): Promise<string[]>
  /** The latest run at a glance: cheap enough for once a second. */
  live(): Promise<Live | null>
  inventory(): Promise<BrandCount[]>
  recentChanges(limit: number): Promise<RecentChanges>
  carsPage(question: CarsQuestion): Promise<{ cars: ListedCar[]; next: string | null }>
  /** The next open rejects after this id, some of one run; empty: no more. */
  openRejects(after: string): Promise<KeptReject[]>
  settleRejects(lease: Lease, reread: Reread): Promise<{ stored: number; refused: number }>
  /** Cars as stored, those picked by a seed, and how many there are: for comparing with the source. */
  storedCars(ids: readonly string[]): Promise<StoredCar[]>
  sampleCars(limit: number, seed: string): Promise<string[]>
  countLiving(): Promise<{ cars: number; rejects: number }>
  rejectedAmong(ids: readonly string[]): Promise<string[]>
  /** The next changes after a cursor, oldest first. Throws SyncError where the cursor is not of this database. */
  changes(since: string, limit: number): Promise<ChangeBatch>
  /** Alerts, the open ones first. None of these waits for a database that is away: what they do is done again anyway. */
  alerts(limit: number): Promise<AlertRow[]>
  openAlerts(): Promise<OpenAlert[]>
  recordAlerts(alerts: AlertRecord): Promise<void>
  /** Has the open alerts sent that were opened while there was no webhook. */
  queueAlerts(): Promise<void>
  /** The alert that is due first, for this process alone for so long; null: none is. */
  claimAlert(claimMs: number): Promise<Claim | null>
  keepDelivered(claim: Claim): Promise<void>
  keepUndelivered(claim: Claim, fault: string, waitMs: number): Promise<void>
  /** How long until the next alert is due, ms; null: all are delivered. */
  nextAlertInMs(): Promise<number | null>
  /** What is due by the rules that cron goes by as well; null: nothing. */
  due(): Promise<Due | null>
  placeOrder(order: Order): Promise<void>
  stopOrders(): Promise<void>
  beginOrder(order: Order): Promise<void>
  settleOrder(order: Order): Promise<void>
  isStopped(): Promise<boolean>
  close(): Promise<void>
}
