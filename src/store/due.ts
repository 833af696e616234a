/** What is due for a source, as the schema's own rules have it: cron asks the same function before it calls anybody. */
import type { Mode } from '../events.ts'
import type { Database, Names } from './database.ts'

/** `priority` is null where nobody asked for other brands first than usual. A run that is `stopped` is only to be ended. */
export type Due = {
  mode: Mode
  fresh: boolean
  priority: string[] | null
  reason: 'ordered' | 'stopped' | 'unfinished' | 'full' | 'incremental'
}

/** null: nothing is due. */
export const readDue = async (db: Database, names: Names): Promise<Due | null> => {
  const [row] = await db.query(
    'select mode, fresh, to_jsonb(priority)::text as priority, reason from carsync.due($1)',
    [names.source],
  )
  if (!row) return null
  return {
    mode: row.mode,
    fresh: row.fresh,
    priority: row.priority === null ? null : JSON.parse(row.priority),
    reason: row.reason,
  }
}
