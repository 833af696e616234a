/** What a stored car weighs, measured: the table with its indexes, and how much of it is the source's own record. */
import { type Database, type Names, namesOf } from './database.ts'

/** Bytes. `rawBytes` is the part of `carBytes` that goes without `raw`; of cars that have one, on average. */
export type CarWeight = { cars: number; carBytes: number; rawBytes: number; databaseBytes: number }

/** A sample is enough: records of one source are alike. */
const SAMPLE = 1000

const weigh = async (db: Database, names: Names): Promise<CarWeight | null> => {
  const [row] = await db.query(
    `select (select count(*) from ${names.cars})::float8 as cars,
            pg_total_relation_size($1::text::regclass)::float8 as table_bytes,
            pg_database_size(current_database())::float8 as database_bytes,
            (select coalesce(avg(pg_column_size(raw)), 0) from (select raw from ${names.cars} limit ${SAMPLE}) s)::float8 as raw_bytes`,
    [names.cars],
  )
  if (row!.cars === 0) return null
  const carBytes = row!.table_bytes / row!.cars
  return {
    cars: row!.cars,
    carBytes: Math.round(carBytes),
    rawBytes: Math.round(Math.min(row!.raw_bytes, carBytes)),
    databaseBytes: row!.database_bytes,
  }
}

/** null where there is no table yet, or no car in it. Throws the driver's errors. */
export const weighCars = async (db: Database, schema: string): Promise<CarWeight | null> => {
  const names = namesOf(schema, '')
  const [found] = await db.query('select to_regclass($1) is not null as there', [names.cars])
  return found!.there ? weigh(db, names) : null
}
