/**
 * What to do now. Pure: the loop asks, and obeys.
 */
import { firstGap, type Interval, lastGap } from './coverage.ts'
import { rowsOf } from './rows.ts'
import { type Ask, type Run, type SegmentState, samePage } from './run.ts'
import { someOf } from './some-of.ts'

export type Step =
  /** Ask for this page now. */
  | { kind: 'fetch'; ask: Ask }
  /** There is a page to ask for, but no room for it until commits have caught up. */
  | { kind: 'hold' }
  /**
   * No page is left to ask for until something happens, or until `untilAt` (ms; null: only something happening helps):
   * all are under way, or failed a moment ago, or follow from the first one.
   */
  | { kind: 'wait'; untilAt: number | null }
  /** Every page is accounted for and committed. */
  | { kind: 'finish' }
  /** What could be read was read and committed, but pages are dead. */
  | { kind: 'incomplete'; why: string }

/** Room for another page: bytes held by pages in flight or uncommitted, and the most that may be held. */
export type Room = { bytesHeld: number; maxBytes: number; pageBytes: number }

export const hasRoom = ({ bytesHeld, maxBytes, pageBytes }: Room): boolean => bytesHeld + pageBytes <= maxBytes

/** How many pages past the last one known to exist may be asked for where a segment has no total. */
const lookAhead = (state: SegmentState): number => Math.min(8, 1 + Math.floor(state.pagesDone / 4))

/**
 * The row up to which a segment must be read. With a total: to its end, and on while the farthest page still has a next
 * one. The end mark alone ends a segment: totals are only where to look for it. Where it is not sure, the page behind it is
 * looked at.
 */
export const horizonOf = (state: SegmentState, pageSize: number): number => {
  const { farthest, segment } = state
  const planned = segment.total ?? 0
  if (farthest.last) return Math.max(planned, farthest.to + (farthest.sure ? 0 : pageSize))
  const known = farthest.to + (segment.total === null ? lookAhead(state) : 1) * pageSize
  return farthest.to < planned ? planned : known
}

const nextOf = (state: SegmentState, index: number, run: Run, pageSize: number): Ask | null => {
  const blocked: Interval[] = run.dead.filter((dead) => dead.ask.segment === index).map((dead) => rowsOf(dead.ask))
  for (const retry of run.retries) if (retry.ask.segment === index) blocked.push(rowsOf(retry.ask))
  blocked.sort((a, b) => a[0] - b[0])
  const gapIn = run.direction === 'up' ? firstGap : lastGap
  const row = gapIn([state.covered, state.pending, blocked], horizonOf(state, pageSize))
  return row === null ? null : { segment: index, pageSize, page: Math.floor(row / pageSize) + 1, attempt: 1 }
}

const isSettled = (state: SegmentState, pageSize: number): boolean =>
  state.farthest.last && firstGap([state.covered], horizonOf(state, pageSize)) === null

const nameOf = (run: Run, ask: Ask): string => `page ${ask.page} of ${run.segments[ask.segment]!.segment.name}`

/**
 * The next step of the sweep at the instant `now` (ms). New pages go before retries that are not due; a retry that is
 * due goes first, so that a bad page is not left for the very end.
 */
export const nextStep = (run: Run, room: Room, now: number): Step => {
  const busy = run.inFlight + run.uncommitted > 0
  const mayHold = !busy || hasRoom(room)
  const pageSize = run.pageSize ?? run.wishedPageSize

  const due = run.retries.find((retry) => retry.at <= now)
  if (due) {
    if (!mayHold) return { kind: 'hold' }
    const { covered, pending } = run.segments[due.ask.segment]!
    const [from, to] = rowsOf(due.ask)
    const stillWanted = due.ask.pageSize === pageSize && firstGap([covered, pending], to, from) !== null
    // A page that failed at another page size is forgotten as such: its rows are a gap, and found as one.
    if (stillWanted) return { kind: 'fetch', ask: due.ask }
    return nextStep({ ...run, retries: run.retries.filter((retry) => !samePage(retry.ask, due.ask)) }, room, now)
  }

  // Until the first page has told the page size, one page at a time: the others would be asked for twice.
  if (run.pageSize === null && run.inFlight > 0) return { kind: 'wait', untilAt: null }

  for (const [index, state] of run.segments.entries()) {
    const ask = nextOf(state, index, run, pageSize)
    if (ask) return mayHold ? { kind: 'fetch', ask } : { kind: 'hold' }
  }
  if (run.retries.length > 0) return { kind: 'wait', untilAt: Math.min(...run.retries.map((retry) => retry.at)) }
  if (busy) return { kind: 'wait', untilAt: null }
  if (run.dead.length > 0) {
    const pages = run.dead.map((dead) => `${nameOf(run, dead.ask)} (${dead.why})`)
    return { kind: 'incomplete', why: `${someOf(pages, '; ')} could not be read` }
  }
  const open = run.segments.find((state) => !isSettled(state, pageSize))
  if (open)
    throw new Error(`The plan is at a loss: ${open.segment.name} is not settled, yet no page is left to ask for`)
  return { kind: 'finish' }
}
