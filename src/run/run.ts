/**
 * Where a run is, and how facts move it. Pure: `advance(run, fact)` answers the run after the fact.
 *
 *   a page:   wanted ──asked──▶ in flight ──read──▶ read ──committed──▶ covered
 *                ▲                  │
 *                ├────failed────────┤   (again later, after a wait)
 *                └────released──────┘   (again at once: refused, or another page size)
 *             wanted ──given-up──▶ dead (the run cannot be complete any more)
 *
 * What is covered is kept as row intervals, so a page read at another page size covers just its own rows, and whatever
 * is missing stays a gap that is asked for again. Nothing else decides whether a page was fetched.
 */
import { cover, firstGap, type Interval } from './coverage.ts'
import { type Farthest, isEarlyEnd } from './early-end.ts'
import type { Plan, Segment } from './plan.ts'
import { rowsOf } from './rows.ts'

/** One page of one segment, as asked for. Rows (page-1)*pageSize up to page*pageSize. */
export type Ask = { segment: number; pageSize: number; page: number; attempt: number }

export type SegmentState = {
  segment: Segment
  /** Committed rows. */
  covered: readonly Interval[]
  /** Rows in flight, or read and not yet committed: one interval a page. They overlap where page sizes differ. */
  pending: readonly Interval[]
  farthest: Farthest
  pagesDone: number
  /** Records on committed pages. */
  records: number
}

/** A page that failed and is asked for again at `at` (ms) or later. */
export type Retry = { ask: Ask; at: number; why: string }

export type DeadPage = { ask: Ask; why: string }

export type Run = {
  plan: Plan
  segments: readonly SegmentState[]
  /** From the first page on, or from the last one down. */
  direction: 'up' | 'down'
  /** Rows a page; null until the first page has told what the source really serves. */
  pageSize: number | null
  /** What to ask for while `pageSize` is not known. */
  wishedPageSize: number
  retries: readonly Retry[]
  dead: readonly DeadPage[]
  inFlight: number
  uncommitted: number
}

export type Fact =
  | { kind: 'asked'; ask: Ask }
  /** A page arrived. `pageSize` is what the source really applied. */
  | { kind: 'read'; ask: Ask; pageSize: number; last: boolean; records: number }
  | { kind: 'committed'; segment: number; pageSize: number; page: number; records: number }
  | { kind: 'failed'; ask: Ask; why: string; at: number; wasRead: boolean }
  | { kind: 'released'; ask: Ask }
  /** A page arrived whose rows another page holds already (`isRepeat`): it is dropped, but its page size is believed. */
  | { kind: 'repeated'; ask: Ask; pageSize: number }
  | { kind: 'given-up'; ask: Ask; why: string; wasRead: boolean }
  | { kind: 'page-size'; pageSize: number }

/** A run at its beginning. */
export const startRun = (
  plan: Plan,
  wishedPageSize: number,
  learnedPageSize: number | null,
  direction: Run['direction'] = 'up',
): Run => ({
  plan,
  direction,
  segments: plan.segments.map((segment) => ({
    segment,
    covered: [],
    pending: [],
    farthest: { to: 0, last: false, sure: true },
    pagesDone: 0,
    records: 0,
  })),
  pageSize: learnedPageSize,
  wishedPageSize,
  retries: [],
  dead: [],
  inFlight: 0,
  uncommitted: 0,
})

const changeSegment = (run: Run, index: number, change: (state: SegmentState) => Partial<SegmentState>): Run => ({
  ...run,
  segments: run.segments.map((state, i) => (i === index ? { ...state, ...change(state) } : state)),
})

/** Of two readings of the same end, the one that says there is more is believed: at worst an empty page is asked for. */
const farther = (state: SegmentState, page: Parameters<typeof isEarlyEnd>[1]): Farthest => {
  const { farthest: known } = state
  const [, to] = rowsOf(page)
  if (to > known.to) return { to, last: page.last, sure: !isEarlyEnd(state, page) }
  return to === known.to ? { ...known, last: known.last && page.last } : known
}

/** Without this page's own rows; what another page holds of them stays pending. */
const without = (pending: readonly Interval[], [from, to]: Interval): Interval[] => {
  const at = pending.findIndex((rows) => rows[0] === from && rows[1] === to)
  return pending.filter((_, i) => i !== at)
}

const release = (run: Run, ask: Ask, wasRead: boolean): Run => {
  const freed = changeSegment(run, ask.segment, (state) => ({ pending: without(state.pending, rowsOf(ask)) }))
  return wasRead ? { ...freed, uncommitted: freed.uncommitted - 1 } : { ...freed, inFlight: freed.inFlight - 1 }
}

/**
 * What to ask for after a page of `pageSize` rows was served. Fewer or more than asked for is believed, since the rows of
 * a page follow from what is served; a late answer to an older, larger ask does not undo a smaller size.
 */
const pageSizeAfter = (run: Run, { ask, pageSize }: { ask: Ask; pageSize: number }): number =>
  pageSize > ask.pageSize ? pageSize : Math.min(run.pageSize ?? pageSize, pageSize)

/**
 * Whether all rows of the page that was served for this ask are committed, or held by other pages: so it is when a source
 * serves fewer rows a page than it used to while several pages are in flight. The ledger has each page once.
 */
export const isRepeat = (run: Run, ask: Ask, pageSize: number): boolean => {
  const { covered, pending } = run.segments[ask.segment]!
  const [from, to] = rowsOf({ pageSize, page: ask.page })
  return firstGap([covered, without(pending, rowsOf(ask))], to, from) === null
}

/** The run after one fact. Facts may come in any order that the diagram above allows. */
export const advance = (run: Run, fact: Fact): Run => {
  switch (fact.kind) {
    case 'asked': {
      const { ask } = fact
      const asked = changeSegment(run, ask.segment, (state) => ({ pending: [...state.pending, rowsOf(ask)] }))
      return {
        ...asked,
        inFlight: asked.inFlight + 1,
        retries: run.retries.filter((retry) => !samePage(retry.ask, ask)),
      }
    }
    case 'read': {
      const served = { pageSize: fact.pageSize, page: fact.ask.page }
      const freed = release(run, fact.ask, false)
      const read = changeSegment(freed, fact.ask.segment, (state) => ({
        pending: [...state.pending, rowsOf(served)],
        farthest: farther(state, { ...served, records: fact.records, last: fact.last }),
      }))
      return { ...read, pageSize: pageSizeAfter(run, fact), uncommitted: read.uncommitted + 1 }
    }
    case 'committed': {
      const rows = rowsOf(fact)
      const done = changeSegment(run, fact.segment, (state) => ({
        pending: without(state.pending, rows),
        covered: cover(state.covered, ...rows),
        pagesDone: state.pagesDone + 1,
        records: state.records + fact.records,
      }))
      return { ...done, uncommitted: run.uncommitted - 1 }
    }
    case 'failed': {
      const retry: Retry = { ask: { ...fact.ask, attempt: fact.ask.attempt + 1 }, at: fact.at, why: fact.why }
      const failed = release(run, fact.ask, fact.wasRead)
      return { ...failed, retries: [...failed.retries, retry] }
    }
    case 'released':
      return release(run, fact.ask, false)
    case 'repeated':
      return { ...release(run, fact.ask, false), pageSize: pageSizeAfter(run, fact) }
    case 'given-up': {
      const failed = release(run, fact.ask, fact.wasRead)
      return { ...failed, dead: [...failed.dead, { ask: fact.ask, why: fact.why }] }
    }
    case 'page-size': {
      const wishedPageSize = Math.min(run.wishedPageSize, fact.pageSize)
      // A size that was refused tells nothing of what is served: until a page has come it is still one at a time.
      return { ...run, pageSize: run.pageSize === null ? null : fact.pageSize, wishedPageSize }
    }
  }
}

export const samePage = (a: { segment: number; pageSize: number; page: number }, b: typeof a): boolean =>
  a.segment === b.segment && a.pageSize === b.pageSize && a.page === b.page

/** A page of the ledger: committed by this or an earlier process. */
export type LedgerFact = {
  segment: string
  pageSize: number
  page: number
  last: boolean
  records: number
}

/** The run as the ledger has it: how a killed process is taken over. Pages that failed are simply not there. */
export const restoreRun = (run: Run, ledger: readonly LedgerFact[]): Run =>
  ledger.reduce((restored, page) => {
    const index = restored.segments.findIndex((state) => state.segment.name === page.segment)
    if (index < 0) return restored
    const rows = rowsOf(page)
    return changeSegment(restored, index, (state) => ({
      covered: cover(state.covered, ...rows),
      farthest: farther(state, page),
      pagesDone: state.pagesDone + 1,
      records: state.records + page.records,
    }))
  }, run)
