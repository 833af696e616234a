/** What a database holds, for comparison with the source and with other databases. */
import type { Database } from '../../src/store/database.ts'

/** The ids of all stored cars, sorted as numbers. */
export const storedIds = async (db: Database): Promise<number[]> => {
  const rows = await db.query('select source_id from cars order by source_id::bigint')
  return rows.map((row) => Number(row.source_id))
}

/** The ids that a source has, in the order of `storedIds`. */
export const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)

/** All cars, every column but the instants at which they were written: one line a car, and a digest of all lines. */
export const digestOfCars = async (db: Database): Promise<{ cars: number; digest: string }> => {
  const [row] = await db.query(
    `select count(*)::int as cars, md5(string_agg(line, e'\\n' order by source_id)) as digest
     from (select source_id, md5((to_jsonb(c) - 'first_seen_at' - 'changed_at' - 'read_at')::text) as line
           from cars c) as lines`,
  )
  return { cars: row!.cars, digest: row!.digest }
}

/** The tables of all schemas in which some row, as text, has `needle` in it. */
export const tablesWith = async (db: Database, needle: string): Promise<string[]> => {
  const tables = await db.query(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await db.query(
      `select count(*)::int as n from ${name} as t where position($1 in to_jsonb(t)::text) > 0`,
      [needle],
    )
    if (row!.n > 0) found.push(name)
  }
  return found
}

/** A digest of each car, as in `digestOfCars`, by its id. */
export const lineOfEachCar = async (db: Database): Promise<Map<string, string>> => {
  const rows = await db.query(
    `select source_id, md5((to_jsonb(c) - 'first_seen_at' - 'changed_at' - 'read_at')::text) as line from cars c`,
  )
  return new Map(rows.map((row) => [row.source_id as string, row.line as string]))
}

/** The rejects that are not settled, as a set: what was refused, where and why. */
export const openRejects = (db: Database): Promise<Record<string, unknown>[]> =>
  db.query(
    `select segment, page_size, page, position, source_id, reason, path, payload from carsync.rejects
     where resolved_at is null order by segment, page_size, page, position`,
  )
