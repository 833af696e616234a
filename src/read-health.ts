/** Asks the database what is needed to judge whether all is well. */
import { type Concern, judgeHealth } from './run/health.ts'
import type { Store } from './store/store.ts'

/** What is wrong, faults first; empty: all is well. */
export const readHealth = async (store: Store, staleHours: number, now: number): Promise<Concern[]> => {
  const report = await store.report()
  const { coverage } = await store.modeState()
  const runs = await store.runs(2)
  return judgeHealth({
    now,
    staleMs: staleHours * 3_600_000,
    runs,
    lastCommitAt: runs[0] ? Date.parse(runs[0].lastCommitAt) : null,
    resumed: report?.resumed ?? false,
    leaseUntil: report?.lease?.expiresAt ? Date.parse(report.lease.expiresAt) : null,
    coverage,
    heldRemovals: report?.heldRemovals ?? 0,
    rejected: report?.cars.rejected ?? 0,
    drift: report?.drift ?? {},
  })
}
