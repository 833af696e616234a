/** A first load, a sweep in which only stamps have moved, and one in which cars have changed: whole commands, the same tables. */
import postgres, { type Sql } from 'postgres'
import { debianPostgres } from '../test/support/debian-postgres.ts'
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts'
import { familyCpuMs, processCpuMs } from './cpu-time.ts'
import { type DemoProcess, type Measured, runSync, startDemoProcess } from './measure.ts'

/** As a small server is usually set up; durable. */
export const SERVER = { shared_buffers: '256MB', max_wal_size: '4GB' }

/** Debian's Postgres where it is installed, for it can compress as a hosted one does; else the one that `npm ci` brought. */
export const startServer = (): Promise<TestPostgres> =>
  startPostgres(SERVER, process.env.BENCH_POSTGRES ?? debianPostgres)

/** Of one command: beside its own process, the CPU time of the database and of the source, ms, and the bytes of WAL. */
export type Loaded = Measured & { databaseCpuMs: number; sourceCpuMs: number; walBytes: number }

export type Bench = { pg: TestPostgres; demo: DemoProcess; sql: Sql }

/** Starts a database and a source of so many cars that answers after 5 ms and has no limit, and ends them after `work`. */
export const withBench = async (cars: number, work: (bench: Bench) => Promise<void>): Promise<void> => {
  const pg = await startServer()
  const demo = await startDemoProcess(['--cars', String(cars), '--latency', '5'])
  const sql = postgres(pg.url, { max: 1, onnotice: () => {} })
  try {
    await work({ pg, demo, sql })
  } finally {
    demo.close()
    await sql.end()
    await pg.close()
  }
}

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

/** As if nothing had ever been synced into this database. */
export const dropEverything = async (sql: Sql): Promise<void> => {
  await sql.unsafe(
    'drop schema if exists carsync cascade; drop table if exists cars, car_changes, sync_progress cascade',
  )
}

/** A first load into a database that has nothing yet. `root`: of which version; that of this file without it. */
export const firstLoad = async (bench: Bench, root?: string): Promise<Loaded> => {
  await dropEverything(bench.sql)
  return measured(bench, root)
}

/** A day passes between two sweeps: autovacuum has been here, and the checkpoint is over. */
const nextDay = async ({ sql, demo }: Bench): Promise<void> => {
  await sql.unsafe('vacuum analyze cars')
  await demo.control('bump-stamps')
}

/** A sweep over what is stored, after every stamp has moved. Throws where it wrote a car's row. */
export const secondSweep = async (bench: Bench, root?: string): Promise<Loaded> => {
  const newest = async (): Promise<string> => {
    const [row] = await bench.sql.unsafe('select max(xmin::text::bigint)::text as newest from cars')
    return row!.newest as string
  }
  await nextDay(bench)
  const before = await newest()
  const loaded = await measured(bench, root)
  if (before !== (await newest())) throw new Error('The unchanged sweep wrote car rows')
  return loaded
}

/** The share of cars that had really changed within a day at a mirror in use. */
export const CHANGED = 0.11

/**
 * The same, with that share of the cars changed, in the course of the day: what changed a moment ago would be read a second
 * time, from the feed of changes. `day` makes the changes differ.
 */
export const mixedSweep = async (bench: Bench, day: number, root?: string): Promise<Loaded> => {
  await nextDay(bench)
  await bench.demo.control('change', { share: CHANGED, seed: day, hoursAgo: 12 })
  return measured(bench, root)
}
