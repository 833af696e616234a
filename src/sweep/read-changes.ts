/** Reads the feed of changes as a pass of its own. */
import type { SyncEvent } from '../events.ts'
import { CHANGES, type Plan } from '../run/plan.ts'
import { restoreRun, startRun } from '../run/run.ts'
import type { Feeds } from '../source/source.ts'
import type { LedgerPage } from '../store/ledger.ts'
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
  return yield* runPass(session, work, left?.sweep ?? work.nextSweep++)
}
