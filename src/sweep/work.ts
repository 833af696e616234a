/** What one process knows while it works on a run, and the picture of it that is shown. */

import type { Phase, Progress } from '../events.ts'
import type { Api } from '../request/api.ts'
import { shownPace } from '../request/learning.ts'
import { type Durations, durationsOf } from '../run/durations.ts'
import { type Estimate, etaOf, observe, type Sample, speedOf, startEstimate } from '../run/estimate.ts'
import { CHANGES, type Plan } from '../run/plan.ts'
import type { Run, SegmentState } from '../run/run.ts'
import type { LedgerPage } from '../store/ledger.ts'
import type { StoredRun } from '../store/store.ts'
import type { SweepState } from './sweep.ts'

export type Work = {
  api: Api
  stored: StoredRun
  plan: Plan
  /** The pass that is on. */
  state: SweepState
  /** Pages committed by other passes. */
  pagesBefore: number
  /** How many pages the pass takes at this page size; null: not known. */
  pagesWanted(pageSize: number): number | null
  /** The parts of the inventory as they are shown: those of the first pass, also while later ones are on. */
  shown: readonly SegmentState[]
  /** The number of the next pass in the ledger. */
  nextSweep: number
  phase: Phase
  /** Of all commits of the run. */
  commitTimes: Durations
  estimate: Estimate
  startedAt: number
}

/** Beside a full sweep the feed of changes is no part of the listing: its pages are not counted. */
const isCounted = ({ stored }: Pick<Work, 'stored'>, segment: string): boolean =>
  segment !== CHANGES || stored.mode === 'incremental'

/** What a page is asked for with now. */
export const pageSizeOf = ({ state: { run } }: Work): number => run.pageSize ?? run.wishedPageSize

/** Pages of the listing committed so far, by all passes. */
export const pagesDone = (work: Omit<Work, 'estimate'>): number =>
  work.state.run.segments
    .filter(({ segment }) => isCounted(work, segment.name))
    .reduce((sum, { pagesDone: done }) => sum + done, work.pagesBefore)

const sampleOf = (work: Omit<Work, 'estimate'>, now: number): Sample => ({
  at: now,
  cars: work.state.tally.records,
  pages: pagesDone(work),
  requests: work.api.requests().total,
})

/** The work as the ledger leaves it to us; `run` is the pass to go on with, as restored, of the number `sweep`. */
export const beginWork = (
  api: Api,
  stored: StoredRun,
  plan: Plan,
  ledger: readonly LedgerPage[],
  now: number,
  { run, sweep, pagesWanted }: { run: Run; sweep: number; pagesWanted: Work['pagesWanted'] },
): Work => {
  const tally = { records: 0, inserted: 0, updated: 0, rejected: 0 }
  for (const page of ledger) {
    tally.records += page.records
    tally.inserted += page.inserted
    tally.updated += page.updated
    tally.rejected += page.rejected
  }
  const work: Omit<Work, 'estimate'> = {
    api,
    stored,
    plan,
    state: { run, tally },
    pagesBefore: ledger.filter((page) => page.sweep !== sweep && isCounted({ stored }, page.segment)).length,
    pagesWanted,
    shown: [],
    nextSweep: Math.max(sweep, ...ledger.map((page) => page.sweep)) + 1,
    phase: 'sweeping',
    commitTimes: durationsOf(stored.requests.commitTimes),
    startedAt: now,
  }
  return { ...work, estimate: startEstimate(sampleOf(work, now)) }
}

/** Goes over to another pass. */
export const enterPass = (work: Work, run: Run, pagesWanted: Work['pagesWanted']): void => {
  if (work.shown.length === 0) work.shown = work.state.run.segments
  work.pagesBefore = pagesDone(work)
  work.state = { run, tally: work.state.tally }
  work.pagesWanted = pagesWanted
}

/** Takes note of how far it is, for speed and estimate. */
export const observeWork = (work: Work, now: number): void => {
  work.estimate = observe(work.estimate, sampleOf(work, now))
}

/** Pages of the whole run, this pass included; a later pass that does not know its size counts as it goes. */
const pagesPlanned = (work: Work, pageSize: number, done: number): number | null => {
  const wanted = work.pagesWanted(pageSize)
  if (wanted !== null) return Math.max(work.pagesBefore + wanted, done)
  return work.shown.length > 0 ? done : null
}

/**
 * The picture of the work at `now`. Cars seen count repeats once only at the end of the run, when the ledger is asked;
 * until then they are the records committed, at most the inventory.
 */
export const progressOf = (work: Work, now: number): Progress => {
  const { api, plan, state } = work
  const { run, tally } = state
  const pageSize = pageSizeOf(work)
  const done = pagesDone(work)
  const planned = pagesPlanned(work, pageSize, done)
  const seen = Math.min(tally.records - tally.rejected, plan.total ?? Number.POSITIVE_INFINITY)
  const shown = work.shown.length > 0 ? work.shown : run.segments
  return {
    phase: work.phase,
    activeMs: work.stored.activeMs + now - work.startedAt,
    pages: { done, total: planned },
    cars: {
      seen,
      inserted: tally.inserted,
      updated: tally.updated,
      unchanged: Math.max(0, seen - tally.inserted - tally.updated),
      removed: 0,
      rejected: tally.rejected,
    },
    carsTotal: plan.total,
    heldRemovals: null,
    segments: shown.map(({ segment, records }) => ({ name: segment.name, done: records, total: segment.total })),
    requests: { ...api.requests(), commitTimes: work.commitTimes },
    carsPerSecond: speedOf(work.estimate, 'cars'),
    requestsPerSecond: speedOf(work.estimate, 'requests'),
    inFlight: api.inFlight(),
    etaMs: etaOf(work.estimate, 'pages', planned === null ? null : planned - done),
    pace: shownPace(api.pace(), pageSize, now),
  }
}
