/**
 * The change log in batches, for readers that go on where they stopped. The order is that of transactions, and within one
 * of ids. Only what no open transaction can still come before is given, so a cursor never passes over a row. What was
 * restored from another cluster, where transactions had other numbers, is an era of its own and comes first.
 */
import { SyncError } from '../errors.ts'
import type { Database, Names, Row } from './database.ts'

export type ChangeRow = {
  id: string
  sourceId: string
  runId: string
  kind: string
  changes: Record<string, { from: unknown; to: unknown }>
  at: string
  /** Where to go on after this one. */
  cursor: string
}

/** `cursor` is where to go on; the same as before where nothing is new. */
export type ChangeBatch = { changes: ChangeRow[]; cursor: string }

export const FIRST_CURSOR = '0-0'

/** Whether this was given as a cursor: a transaction and an id. */
export const isCursor = (text: string): boolean => /^\d{1,19}-\d{1,18}$/.test(text)

type Place = { tx: string; id: string; eraOf: string }

/** Rows after the place within the era of the id `eraOf`, which ends at `high`; null: it is the one that goes on. */
const readEra = async (db: Database, names: Names, { tx, id, eraOf }: Place, limit: number) => {
  const rows = await db.query(
    `with era as materialized (
       select coalesce(max(last_id) filter (where last_id < $4::text::bigint), 0) as low,
              min(last_id) filter (where last_id >= $4::text::bigint) as high
       from carsync.change_eras where source = $1
     )
     select era.high::text,
            era.high is null and $2::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())
              -- Ids are given again after a restore, in other transactions.
              or exists (select from ${names.changes} where id = $3::text::bigint and (tx <> $2::text::xid8 or source <> $1))
              or $3::text::bigint > (select max(id) from ${names.changes}) as is_foreign,
            c.tx::text, c.id::text, c.source_id, c.run_id::text, c.kind, c.changes::text,
            to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
     from era left join lateral (
       select * from ${names.changes}
       where source = $1 and (tx, id) > ($2::text::xid8, $3::text::bigint) and id > era.low
         and (id <= era.high or era.high is null and tx < pg_snapshot_xmin(pg_current_snapshot()))
       order by tx, id limit $5::int
     ) c on true
     order by c.tx, c.id`,
    [names.source, tx, id, eraOf, limit],
  )
  const [first] = rows
  return {
    high: first!.high as string | null,
    isForeign: first!.is_foreign as boolean,
    found: rows.filter((row) => row.id),
  }
}

const changeOf = (row: Row): ChangeRow => ({
  id: row.id,
  sourceId: row.source_id,
  runId: row.run_id,
  kind: row.kind,
  changes: JSON.parse(row.changes),
  at: row.at,
  cursor: `${row.tx}-${row.id}`,
})

/**
 * At most `limit` changes of the source after the cursor, the oldest first. Throws SyncError where the cursor is of a change
 * that this database has not had: it was put back to an earlier state, or is another one.
 */
export const readChangeLog = async (db: Database, names: Names, since: string, limit: number): Promise<ChangeBatch> => {
  const [tx, id] = since.split('-') as [string, string]
  let place: Place = { tx, id, eraOf: id }
  for (;;) {
    const { high, isForeign, found } = await readEra(db, names, place, limit)
    if (isForeign)
      throw new SyncError(
        `The cursor ${since} is not of this database, or of what was lost when it was put back to an earlier state. Begin anew, with ${FIRST_CURSOR}: ids that you know may mean other changes now.`,
        2,
      )
    if (found.length > 0) return { changes: found.map(changeOf), cursor: `${found.at(-1)!.tx}-${found.at(-1)!.id}` }
    if (high === null) return { changes: [], cursor: since }
    place = { tx: '0', id: '0', eraOf: String(BigInt(high) + 1n) }
  }
}
