/** Which records are stored just so already: the look-up that makes an unchanged car cost no write. */
import { type Database, type Names, textArray } from './database.ts'

/**
 * A record that is not stored just so. `index` is its place in the question. For a car that is stored: `reader` is the
 * version that read it, `same` whether its fingerprint is the one asked for, `raw` its stored record as text (null also
 * where `same` tells enough, or this reader read it), `removed` whether it is marked removed.
 */
export type Known =
  | { index: number; kind: 'new' }
  | { index: number; kind: 'stored'; reader: number; removed: boolean; same: boolean; raw: string | null }

export type Asked = { sourceId: string; fingerprint: string }

/**
 * The records whose fingerprint or reader differs from what is stored, that are not stored, that are marked removed, or
 * that lack `raw` although it is wanted. The lateral limit keeps the planner to one probe of the primary key a record: in
 * a first load, where there are no statistics yet, it would read the whole table each time.
 *
 * Only what an older reader read is answered with its record, for what the readers changed is no change. Another fingerprint
 * is not yet another record; but whether it is shows by itself where a column changes, when it is written (`writeCars`).
 */
export const knownCars = async (
  db: Database,
  names: Names,
  reader: number,
  wantRaw: boolean,
  records: readonly Asked[],
): Promise<Known[]> => {
  if (records.length === 0) return []
  const rows = await db.lookUp(
    `select k.n::int as n, c.reader, c.removed_at is not null as removed, c.fingerprint = k.fingerprint as same,
            case when c.fingerprint <> k.fingerprint and c.reader <> $4::int then c.raw::text end as raw
     from unnest($2::text::text[], $3::text::uuid[]) with ordinality as k(source_id, fingerprint, n)
     left join lateral (select reader, removed_at, fingerprint, raw from ${names.cars} where source = $1 and source_id = k.source_id limit 1) c on true
     where c.fingerprint is distinct from k.fingerprint or c.reader <> $4::int or c.removed_at is not null
        or ($5::boolean and c.raw is null)`,
    [
      names.source,
      textArray(records.map((record) => record.sourceId)),
      textArray(records.map((record) => record.fingerprint)),
      reader,
      wantRaw,
    ],
  )
  return rows.map(
    (row): Known =>
      row.reader === null
        ? { index: row.n - 1, kind: 'new' }
        : { index: row.n - 1, kind: 'stored', reader: row.reader, removed: row.removed, same: row.same, raw: row.raw },
  )
}
