/**
 * Old bookkeeping goes, in batches that stay short: ledgers nobody needs, runs and settled alerts after 90 days, resolved
 * rejects after 30.
 */
import type { Database } from './database.ts'

const BATCH = 500

const DELETIONS: readonly string[] = [
  // The ledgers of the last two complete full sweeps and of the latest runs stay: removal and resuming read them.
  `delete from carsync.pages where ctid = any(array(
     select p.ctid from carsync.pages p join carsync.runs r using (run_id)
     where r.source = $1 and r.status <> 'running' and r.last_commit_at < clock_timestamp() - interval '6 hours'
       and r.run_id not in (select run_id from carsync.runs where source = $1 and mode = 'full' and status = 'complete'
                            order by started_at desc limit 2)
     limit ${BATCH}))`,
  `delete from carsync.rejects where ctid = any(array(
     select ctid from carsync.rejects where source = $1 and resolved_at < clock_timestamp() - interval '30 days' limit ${BATCH}))`,
  `delete from carsync.alerts where ctid = any(array(
     select ctid from carsync.alerts where source = $1 and resolved_at < clock_timestamp() - interval '90 days' limit ${BATCH}))`,
  `delete from carsync.runs where ctid = any(array(
     select r.ctid from carsync.runs r where r.source = $1 and r.status <> 'running'
       and r.started_at < clock_timestamp() - interval '90 days'
       and not exists (select from carsync.pages p where p.run_id = r.run_id)
       and not exists (select from carsync.held_removals h where h.run_id = r.run_id)
       and not exists (select from carsync.rejects j where j.run_id = r.run_id and j.resolved_at is null)
     limit ${BATCH}))`,
]

export const prune = async (db: Database, source: string): Promise<void> => {
  for (const deletion of DELETIONS) {
    let gone = BATCH
    while (gone === BATCH) {
      const [row] = await db.query(`with gone as (${deletion} returning 1) select count(*)::int as n from gone`, [
        source,
      ])
      gone = row!.n
    }
  }
}
