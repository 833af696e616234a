/** Stored cars as they are, for comparing them with the source. Reads only. */
import { type Database, type Names, textArray } from './database.ts'

/** `columns`: the row without `raw`, as JSON gives it. `readAt`: ms since 1970. */
export type StoredCar = { sourceId: string; removed: boolean; readAt: number; columns: Record<string, unknown> }

export const readStoredCars = async (db: Database, names: Names, ids: readonly string[]): Promise<StoredCar[]> => {
  const rows = await db.query(
    `select c.source_id, c.removed_at is not null as removed, (extract(epoch from c.read_at) * 1000)::float8 as read_at,
            (to_jsonb(c) - 'raw')::text as columns
     from ${names.cars} c where c.source = $1 and c.source_id = any($2::text::text[])`,
    [names.source, textArray(ids)],
  )
  return rows.map((row) => ({
    sourceId: row.source_id,
    removed: row.removed,
    readAt: row.read_at,
    columns: JSON.parse(row.columns),
  }))
}

/** Living cars at random; the same seed picks the same ones. */
export const sampleCars = async (db: Database, names: Names, limit: number, seed: string): Promise<string[]> => {
  const rows = await db.query(
    `select source_id from ${names.cars} where source = $1 and removed_at is null
     order by md5(source_id || $3::text), source_id limit $2::int`,
    [names.source, limit, seed],
  )
  return rows.map((row) => row.source_id)
}

export const countLiving = async (db: Database, names: Names): Promise<{ cars: number; rejects: number }> => {
  const [row] = await db.query(
    `select (select count(*) from ${names.cars} where source = $1 and removed_at is null)::float8 as cars,
            (select count(*) from carsync.rejects where source = $1 and resolved_at is null)::float8 as rejects`,
    [names.source],
  )
  return { cars: row!.cars, rejects: row!.rejects }
}

/** Those of these ids that are kept as rejects. */
export const rejectedAmong = async (db: Database, names: Names, ids: readonly string[]): Promise<string[]> => {
  const rows = await db.query(
    `select distinct source_id from carsync.rejects
     where source = $1 and resolved_at is null and source_id = any($2::text::text[])`,
    [names.source, textArray(ids)],
  )
  return rows.map((row) => row.source_id)
}
