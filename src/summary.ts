/** The object that a sync answers with at its end. */
import { SyncError } from './errors.ts'
import type { Mode, RequestCounts, Summary } from './events.ts'
import type { Options } from './options.ts'
import { durationsOf, durationsTogether } from './run/durations.ts'
import type { LeaseAnswer } from './store/lease.ts'
import type { StatusReport, Store } from './store/store.ts'

const reportOf = async (store: Store, runId: string): Promise<StatusReport> => {
  const report = await store.report(runId)
  if (!report) throw new SyncError(`Run ${runId} is not in the database any more.`)
  return report
}

const fromReport = (report: StatusReport, resumed: boolean, durationMs: number): Summary => {
  const { phase: _phase, etaMs: _eta, segments: _segments, lease: _lease, status, finishedAt, ...rest } = report
  return {
    ...rest,
    // A run that is left to the next process is not complete.
    status: status === 'complete' ? status : status === 'failed' || status === 'abandoned' ? 'failed' : 'incomplete',
    finishedAt: finishedAt ?? rest.startedAt,
    resumed,
    durationMs: Math.round(durationMs),
  }
}

/** The run as it stands in the database, with this process's own time. */
export const summaryOf = async (store: Store, runId: string, resumed: boolean, durationMs: number): Promise<Summary> =>
  fromReport(await reportOf(store, runId), resumed, durationMs)

/** The same, with the requests of the run before in the same sync, which could not go on; null: there was none. */
export const countingAlso = (summary: Summary, before: RequestCounts | null): Summary => {
  if (before === null) return summary
  const { requests } = summary
  const times = (name: 'answerTimes' | 'commitTimes') =>
    durationsTogether(durationsOf(before[name]), durationsOf(requests[name]))
  return {
    ...summary,
    requests: {
      total: before.total + requests.total,
      ok: before.ok + requests.ok,
      limited: before.limited + requests.limited,
      failed: before.failed + requests.failed,
      retried: before.retried + requests.retried,
      answerTimes: times('answerTimes'),
      commitTimes: times('commitTimes'),
    },
  }
}

/**
 * What a process answers that has lost the lease in mid-run: the run as the other one has it. That is `busy` as long as the
 * other one works, and never complete by this one's doing.
 */
export const lostSummary = async (
  store: Store,
  runId: string,
  resumed: boolean,
  durationMs: number,
  reason: string,
): Promise<Summary> => {
  const report = await reportOf(store, runId)
  const { lease } = report
  const status = lease ? 'busy' : 'incomplete'
  return { ...fromReport(report, resumed, durationMs), status, proof: 'none', reason, ...(lease ? { lease } : {}) }
}

/** What is answered where nothing was begun. `mode` is what was asked for. */
export const blankSummary = (
  { source }: Pick<Options, 'source'>,
  mode: Mode | 'auto',
  at: number,
  durationMs: number,
): Summary => {
  const now = new Date(at).toISOString()
  return {
    runId: '',
    source,
    mode: mode === 'auto' ? 'full' : mode,
    status: 'incomplete',
    proof: 'none',
    resumed: false,
    startedAt: now,
    finishedAt: now,
    durationMs: Math.round(durationMs),
    activeMs: 0,
    pages: { done: 0, total: null },
    requests: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
    cars: { seen: 0, inserted: 0, updated: 0, unchanged: 0, removed: 0, rejected: 0 },
    rate: { carsPerSecond: 0, carsPerMinute: 0, pagesPerSecond: 0 },
    heldRemovals: 0,
    learned: { pageSize: 0, requestsPerSecond: null, concurrency: 0, why: '' },
  }
}

/** What is answered when another process is at it. */
export const busySummary = (
  options: Pick<Options, 'source'>,
  control: { mode: Mode | 'auto' },
  held: Pick<LeaseAnswer & { kind: 'held' }, 'holder' | 'since'> & { expiresAt: number | null },
  at: number,
  durationMs: number,
): Summary => {
  const since = new Date(held.since).toISOString()
  return {
    ...blankSummary(options, control.mode, at, durationMs),
    status: 'busy',
    reason: `${held.holder} has been syncing "${options.source}" since ${since}`,
    lease: {
      holder: held.holder,
      since,
      expiresAt: held.expiresAt === null ? null : new Date(held.expiresAt).toISOString(),
    },
  }
}
