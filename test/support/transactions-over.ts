/** The change log gives only what no open transaction can still come before, and those of a cluster are counted together. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../src/store/database.ts'

/** Waits until every transaction that is now open in the cluster, that of another test too, has ended. */
export const transactionsOver = async (db: Database): Promise<void> => {
  const [now] = await db.query('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  for (;;) {
    const [look] = await db.query('select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 as over', [
      now!.next,
    ])
    if (look!.over) return
    await pause(5)
  }
}
