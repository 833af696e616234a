/** Reads the feed of changes as a pass of its own. */
import type { SyncEvent } from '../events.ts'
import { CHANGES, type Plan } from '../run/plan.ts'
import { restoreRun, startRun } from '../run/run.ts'
import type { Feeds } from '../source/source.ts'
import type { LedgerPage } from '../store/ledger.ts'
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

/**
 * How many cars came or changed within the last `minutes`, null where the source does not count. `unread`: it answers, and
 * has no such feed for us. Throws SyncError where it cannot be asked.
 */
export const askFeed = async (
  { api, access, control, stop }: Session,
  feeds: Feeds,
  minutes: number,
): Promise<{ count: number | null } | { unread: string }> => {
  const answer = await askCount(api, control.source, access, feeds.changes(minutes), stop)
  if (answer.kind === 'data') return { count: answer.data }
  if (answer.kind !== 'stop' || answer.reason === 'quota') throw stopError(answer)
  return { unread: noFeed(answer.why) }
}

export const noFeed = (why: string): string => `The source shows no feed of changes (${why})`

/** Whether a pass over the feed ended because its pages are refused, though the source lets us in elsewhere. */
export const isFeedRefused = (end: SweepEnd): end is SweepEnd & { kind: 'refused' } =>
  end.kind === 'refused' && end.reason !== 'quota'

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
