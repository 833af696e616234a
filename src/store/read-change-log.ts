/**
 * The change log in batches, for readers that go on where they stopped. The order is that of transactions, and within one
 * of ids. Only what no open transaction can still come before is given, so a cursor never passes over a row.
 */
import type { Database, Names } from './database.ts'

export type ChangeRow = {
  id: string
  sourceId: string
  runId: string
  kind: string
  changes: Record<string, { from: unknown; to: unknown }>
  at: string
}

/** `cursor` is where to go on; the same as before where nothing is new. */
export type ChangeBatch = { changes: ChangeRow[]; cursor: string }

export const FIRST_CURSOR = '0-0'

/** Whether this was given as a cursor: a transaction and an id. */
export const isCursor = (text: string): boolean => /^\d{1,19}-\d{1,18}$/.test(text)

/** At most `limit` changes of the source after the cursor, the oldest first. */
export const readChangeLog = async (db: Database, names: Names, since: string, limit: number): Promise<ChangeBatch> => {
  const [tx, id] = since.split('-') as [string, string]
  const rows = await db.query(
    `select tx::text, id::text, source_id, run_id::text, kind, changes::text,
            to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
     from ${names.changes}
     where source = $1 and (tx, id) > ($2::text::xid8, $3::text::bigint)
       and tx < pg_snapshot_xmin(pg_current_snapshot())
     order by tx, id limit $4::int`,
    [names.source, tx, id, limit],
  )
  const last = rows.at(-1)
  return {
    changes: rows.map((row) => ({
      id: row.id,
      sourceId: row.source_id,
      runId: row.run_id,
      kind: row.kind,
      changes: JSON.parse(row.changes),
      at: row.at,
    })),
    cursor: last ? `${last.tx}-${last.id}` : since,
  }
}
