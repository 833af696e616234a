/** Reads the feed of changes as a pass of its own. */
import type { SyncEvent } from './events.ts'
import { CHANGES, type Plan } from './run/plan.ts'
import { startRun } from './run/run.ts'
import { runPass } from './run-pass.ts'
import type { Session } from './session.ts'
import type { Feeds } from './source/source.ts'
import type { SweepEnd } from './sweep.ts'
import { enterPass, type Work } from './work.ts'

/** The listing of what came or changed within the last `minutes`. */
export const changesPlan = (feeds: Feeds, minutes: number, total: number | null): Plan => ({
  segments: [{ name: CHANGES, filter: feeds.changes(minutes), total }],
  total,
  disjoint: true,
  note: null,
})

/** Stores what came or changed within the last `minutes`. */
export async function* readChanges(
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  direction: 'up' | 'down' = 'up',
): AsyncGenerator<SyncEvent, SweepEnd> {
  const { pageSize, wishedPageSize, segments } = work.state.run
  const farthest = segments[0]?.segment.name === CHANGES ? segments[0].farthest.to : null
  const plan = changesPlan(feeds, minutes, direction === 'down' ? farthest : null)
  enterPass(work, startRun(plan, wishedPageSize, pageSize, direction), () => null)
  return yield* runPass(session, work, work.nextSweep++)
}
