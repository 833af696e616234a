/** One first load and one sweep in which every stamp has moved, each by a whole command, into the same tables. */
import type { Sql } from 'postgres'
import type { TestPostgres } from '../test/support/postgres.ts'
import { familyCpuMs, processCpuMs } from './cpu-time.ts'
import { type DemoProcess, type Measured, runSync } from './measure.ts'

/** As a small server is usually set up; durable. */
export const SERVER = { shared_buffers: '256MB', max_wal_size: '4GB' }

/** Of one command: beside its own process, the CPU time of the database and of the source, ms, and the bytes of WAL. */
export type Loaded = Measured & { databaseCpuMs: number; sourceCpuMs: number; walBytes: number }

export type Bench = { pg: TestPostgres; demo: DemoProcess; sql: Sql }

const walAt = async (sql: Sql): Promise<string> => {
  const [row] = await sql.unsafe('select pg_current_wal_lsn()::text as lsn')
  return row!.lsn as string
}

const measured = async ({ pg, demo, sql }: Bench, root: string | undefined): Promise<Loaded> => {
  await sql.unsafe('checkpoint')
  const lsn = await walAt(sql)
  const [database, source] = [familyCpuMs(pg.pid()), processCpuMs(demo.pid)]
  const env = { API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }
  const run = await runSync(env, ['--full'], root === undefined ? {} : { root })
  const [wal] = await sql.unsafe(`select (pg_current_wal_lsn() - $1::text::pg_lsn)::float8 as bytes`, [lsn])
  return {
    ...run,
    databaseCpuMs: familyCpuMs(pg.pid()) - database,
    sourceCpuMs: processCpuMs(demo.pid) - source,
    walBytes: wal!.bytes as number,
  }
}

/** A first load into a database that has nothing yet. `root`: of which version; that of this file without it. */
export const firstLoad = async (bench: Bench, root?: string): Promise<Loaded> => {
  await bench.sql.unsafe(
    'drop schema if exists carsync cascade; drop table if exists cars, car_changes, sync_progress cascade',
  )
  return measured(bench, root)
}

/** A sweep over what is stored, after every stamp has moved. Throws where it wrote a car's row. */
export const secondSweep = async (bench: Bench, root?: string): Promise<Loaded> => {
  // A day passes between two sweeps: autovacuum has been here, and the checkpoint is over.
  await bench.sql.unsafe('vacuum analyze cars')
  await bench.demo.control('bump-stamps')
  const newest = async (): Promise<string> => {
    const [row] = await bench.sql.unsafe('select max(xmin::text::bigint)::text as newest from cars')
    return row!.newest as string
  }
  const before = await newest()
  const loaded = await measured(bench, root)
  if (before !== (await newest())) throw new Error('The unchanged sweep wrote car rows')
  return loaded
}
