/** Where a dump was restored: the log of changes goes on there, though transactions are numbered anew. */
import type { Database, Names } from './database.ts'

/**
 * Closes the era of what was restored from another cluster, if that has not been done: rows of transactions that this one
 * has not had yet. Must have run before anything is written here; done again, and by two at once, it does no harm.
 */
export const closeForeignEra = async (db: Database, names: Names): Promise<void> => {
  await db.query(
    `with era as (select coalesce(max(last_id), 0) as low from carsync.change_eras where source = $1)
     insert into carsync.change_eras (source, last_id)
     select $1, max(c.id) from era, ${names.changes} c
     where c.source = $1 and exists (select from ${names.changes} f
       where f.source = $1 and f.id > era.low and f.tx >= pg_snapshot_xmax(pg_current_snapshot()))
     having max(c.id) is not null
     on conflict do nothing`,
    [names.source],
  )
}
