/** Reads the feed of changes as a pass of its own. */
import type { SyncEvent } from '../events.ts'
import { CHANGES, type Plan } from '../run/plan.ts'
import { restoreRun, startRun } from '../run/run.ts'
import type { Feeds } from '../source/source.ts'
import type { LedgerPage } from '../store/ledger.ts'
import { askBriefly } from './ask-briefly.ts'
import { askCount, stopError } from './plan-sweep.ts'
import { runPass } from './run-pass.ts'
import type { Session } from './session.ts'
import type { SweepEnd } from './sweep.ts'
import { enterPass, type Work } from './work.ts'

/** The listing of what came or changed within the last `minutes`. */
export const changesPlan = (feeds: Feeds, minutes: number, total: number | null): Plan => ({
  segments: [{ name: CHANGES, filter: feeds.changes(minutes), total }],
  total,
  disjoint: true,
  note: null,
})

/** A feed that is not to be had though the source answers. `mayPass`: it is not refused, but fails. */
export type Unread = { why: string; mayPass: boolean }

const noFeed = (why: string, mayPass: boolean): Unread => ({
  why: `The source shows no feed of changes (${why})`,
  mayPass,
})

/** How many cars came or changed within the last `minutes`, null where the source does not count. Throws SyncError where it cannot be asked. */
export const askFeed = async (
  session: Session,
  feeds: Feeds,
  minutes: number,
): Promise<{ count: number | null } | { unread: Unread }> => {
  const { api, access, control, stop } = session
  const answer = await askBriefly(session, (...limits) =>
    askCount(api, control.source, access, feeds.changes(minutes), stop, ...limits),
  )
  if (answer.kind === 'data') return { count: answer.data }
  if (answer.kind === 'retry' && !api.isDead()) return { unread: noFeed(answer.why, true) }
  if (answer.kind !== 'stop' || answer.reason === 'quota') throw stopError(answer)
  return { unread: noFeed(answer.why, false) }
}

/** Whether a pass over the feed ended for want of it; null: it did not, or the source as a whole is not to be had. */
export const unreadBy = (end: SweepEnd, { api }: Session): Unread | null => {
  if (end.kind === 'refused' && end.reason !== 'quota') return noFeed(end.why, false)
  return end.kind === 'incomplete' && !api.isDead() ? noFeed(end.why, true) : null
}

/** What was read of the feed longer ago has moved too far since, ms. */
const PASS_KEEPS_MS = 120_000

/** Whether a pass over the feed that an earlier process has left is gone on with. `now` is the database's, ms. */
export const goesOnWith = ({ lastCommitAt }: { lastCommitAt: number }, now: number): boolean =>
  now - lastCommitAt < PASS_KEEPS_MS

/** Stores what came or changed within the last `minutes`. `left`: pages of this pass that an earlier process has read. */
export async function* readChanges(
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  direction: 'up' | 'down' = 'up',
  left: { sweep: number; pages: readonly LedgerPage[] } | null = null,
): AsyncGenerator<SyncEvent, SweepEnd> {
  const { pageSize, wishedPageSize, segments } = work.state.run
  const farthest = segments[0]?.segment.name === CHANGES ? segments[0].farthest.to : null
  const plan = changesPlan(feeds, minutes, direction === 'down' ? farthest : null)
  const run = startRun(plan, wishedPageSize, pageSize, direction)
  enterPass(work, left === null ? run : restoreRun(run, left.pages), () => null)
  return yield* runFeedPass(session, work, left?.sweep ?? work.nextSweep++)
}

/** A pass over the feed; where that is not to be had, in pages of any size, it has told nothing of those of the listing. */
export async function* runFeedPass(session: Session, work: Work, number: number): AsyncGenerator<SyncEvent, SweepEnd> {
  const { pageSize, wishedPageSize } = work.state.run
  const end = yield* runPass(session, work, number, true)
  if (end.kind === 'refused' || end.kind === 'incomplete')
    work.state.run = { ...work.state.run, pageSize, wishedPageSize }
  return end
}
