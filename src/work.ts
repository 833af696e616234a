/** What one process knows while it works on a run, and the picture of it that is shown. */
import type { Api } from './api.ts'
import type { Phase, Progress } from './events.ts'
import { shownPace } from './learning.ts'
import { type Estimate, etaOf, observe, type Sample, speedOf, startEstimate } from './run/estimate.ts'
import { type Plan, plannedPages } from './run/plan.ts'
import { restoreRun, startRun } from './run/run.ts'
import type { LedgerPage } from './store/ledger.ts'
import type { StoredRun } from './store/store.ts'
import type { SweepState } from './sweep.ts'

export type Work = {
  api: Api
  stored: StoredRun
  plan: Plan
  state: SweepState
  phase: Phase
  estimate: Estimate
  startedAt: number
}

const pagesDone = (work: Work): number => work.state.run.segments.reduce((sum, segment) => sum + segment.pagesDone, 0)

const sampleOf = (work: Work, now: number): Sample => ({
  at: now,
  cars: work.state.tally.records,
  pages: pagesDone(work),
  requests: work.api.requests().total,
})

/** The work as the ledger leaves it to us. `wishedPageSize` is asked for until the source has told what it serves. */
export const beginWork = (
  api: Api,
  stored: StoredRun,
  plan: Plan,
  ledger: readonly LedgerPage[],
  pageSize: { wished: number; learned: number | null },
  now: number,
): Work => {
  const run = restoreRun(startRun(plan, pageSize.wished, pageSize.learned), ledger)
  const tally = { records: 0, inserted: 0, updated: 0, rejected: 0 }
  for (const page of ledger) {
    tally.records += page.records
    tally.inserted += page.inserted
    tally.updated += page.updated
    tally.rejected += page.rejected
  }
  const work: Work = {
    api,
    stored,
    plan,
    state: { run, tally },
    phase: 'sweeping',
    estimate: { samples: [] },
    startedAt: now,
  }
  work.estimate = startEstimate(sampleOf(work, now))
  return work
}

/** Takes note of how far it is, for speed and estimate. */
export const observeWork = (work: Work, now: number): void => {
  work.estimate = observe(work.estimate, sampleOf(work, now))
}

/**
 * The picture of the work at `now`. Cars seen count repeats once only at the end of the run, when the ledger is asked;
 * until then they are the records committed, at most the inventory.
 */
export const progressOf = (work: Work, now: number): Progress => {
  const { api, plan, state } = work
  const { run, tally } = state
  const pageSize = run.pageSize ?? run.wishedPageSize
  const done = pagesDone(work)
  const planned = plannedPages(plan, pageSize)
  const seen = Math.min(tally.records - tally.rejected, plan.total ?? Number.POSITIVE_INFINITY)
  return {
    phase: work.phase,
    activeMs: work.stored.activeMs + now - work.startedAt,
    pages: { done, total: planned === null ? null : Math.max(planned, done) },
    cars: {
      seen,
      inserted: tally.inserted,
      updated: tally.updated,
      unchanged: Math.max(0, seen - tally.inserted - tally.updated),
      removed: 0,
      rejected: tally.rejected,
    },
    carsTotal: plan.total,
    segments: run.segments.map(({ segment, records }) => ({ name: segment.name, done: records, total: segment.total })),
    requests: api.requests(),
    carsPerSecond: speedOf(work.estimate, 'cars'),
    requestsPerSecond: speedOf(work.estimate, 'requests'),
    inFlight: api.inFlight(),
    etaMs: etaOf(work.estimate, 'pages', planned === null ? null : planned - done),
    pace: shownPace(api.pace(), pageSize, now),
  }
}
