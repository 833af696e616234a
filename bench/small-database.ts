/**
 * A small hosted instance: Postgres held to half a core, 5 ms away. How much of what it can do the first load gets out of it,
 * and how long somebody waits who looks at the marketplace meanwhile.
 */
import postgres from 'postgres'
import { debianPostgres } from '../test/support/debian-postgres.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { slowLink } from '../test/support/slow-link.ts'
import { holdTo } from './cpu-share.ts'
import { SERVER } from './load-round.ts'
import { type Measured, median, runSync, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'
import { yardstickOf } from './yardstick.ts'

const CARS = Number(process.env.BENCH_CARS ?? 30_000)
const CORES = 0.5
const ROUND_TRIP_MS = 5
const LOOK_EVERY_MS = 200

const QUERY = `select source_id, title, price, mileage_km, image_url from cars
  where make = 'BMW' and removed_at is null order by price limit 50`

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again and again until `done`; answers how long each took, ms. */
const watch = async (url: string, done: Promise<unknown>): Promise<number[]> => {
  const sql = postgres(url, { max: 1, prepare: false, onnotice: () => {} })
  const times: number[] = []
  let isOver = false
  const over = done.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const began = performance.now()
    const seen = await sql.unsafe(QUERY).catch(() => null)
    // Before the schema is there, or any car, there is nothing to wait for.
    if (seen !== null && seen.length > 0) times.push(performance.now() - began)
    await Promise.race([sleep(LOOK_EVERY_MS), over.catch(() => {})])
  }
  await sql.end()
  return times
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN

export const smallDatabase = async (): Promise<Table> => {
  const counts = debianPostgres === null ? {} : { shared_preload_libraries: "'pg_stat_statements'" }
  const pg = await startPostgres({ ...SERVER, ...counts }, debianPostgres)
  const release = holdTo(pg.pid(), CORES)
  if (release === null)
    throw new Error('Wanted to hold Postgres to half a core, but may make no control group here: run it as root.')
  const link = await slowLink(pg.url, ROUND_TRIP_MS)
  const demo = await startDemoProcess(['--cars', String(CARS), '--latency', '5'])
  const sql = postgres(pg.url, { max: 1, onnotice: () => {} })
  try {
    if (debianPostgres !== null) await sql.unsafe('create extension pg_stat_statements')
    const [before] = await sql.unsafe('select pg_current_wal_lsn()::text as lsn')
    const env = { API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: link.url }
    const loading: Promise<Measured> = runSync(env, ['--full'])
    const looks = await watch(link.url, loading)
    const { wallMs } = await loading
    const [after] = await sql.unsafe(`select (pg_current_wal_lsn() - $1::text::pg_lsn)::float8 as wal`, [before!.lsn])
    const calls = async (): Promise<number | null> => {
      if (debianPostgres === null) return null
      const [row] = await sql.unsafe(
        `select sum(calls)::int as calls from pg_stat_statements where query not like '%order by price limit%'`,
      )
      return row!.calls as number
    }
    const statements = await calls()
    const yardstick = await yardstickOf({ ...pg, url: link.url })
    const { copyMs } = await yardstick.copy()
    yardstick.close()
    return {
      head: [
        'what',
        'cars/s',
        'of `psql \\copy`',
        'statements/1,000 cars',
        'WAL bytes/car',
        'query ms',
        '95%',
        'queries',
      ],
      rows: [
        ['`psql \\copy` (text) of the finished rows', thousands((CARS * 1000) / copyMs), '1.00', '', '', '', '', ''],
        [
          'first load, whole command',
          thousands((CARS * 1000) / wallMs),
          ratio(copyMs / wallMs),
          statements === null ? 'not counted' : ratio((statements * 1000) / CARS),
          thousands((after!.wal as number) / CARS),
          Math.round(median(looks)),
          Math.round(quantile(looks, 0.95)),
          looks.length,
        ],
      ],
      notes: [
        `${thousands(CARS)} cars, Postgres held to ${CORES} of a core, ${ROUND_TRIP_MS} ms there and back. Meanwhile the 50 cheapest cars of a make are asked for every ${LOOK_EVERY_MS} ms. One run.`,
      ],
    }
  } finally {
    demo.close()
    await sql.end()
    await link.close()
    await pg.close()
    release()
  }
}
