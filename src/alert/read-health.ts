/** Asks the database what is needed to judge whether all is well. */
import { type Concern, judgeHealth } from '../run/health.ts'
import type { Store } from '../store/store.ts'

/**
 * What is wrong, faults first; empty: all is well. Cheap enough to be asked for again and again while a run is on: the cars
 * of a run are not counted, for that reads its whole ledger.
 */
export const readHealth = async (store: Store, staleHours: number, now: number): Promise<Concern[]> => {
  const live = await store.live()
  const { coverage } = await store.modeState()
  const runs = await store.runs(2)
  return judgeHealth({
    now,
    staleMs: staleHours * 3_600_000,
    runs,
    lastCommitAt: runs[0] ? Date.parse(runs[0].lastCommitAt) : null,
    resumed: live?.resumed ?? false,
    leaseUntil: live?.lease ? Date.parse(live.lease.expiresAt) : null,
    coverage,
    heldRemovals: live?.heldRemovals ?? 0,
    rejected: runs[0]?.cars.rejected ?? 0,
    drift: runs[0]?.drift ?? {},
  })
}
