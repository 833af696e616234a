/**
 * First load and unchanged sweep into Postgres, against `psql \copy` of the same finished rows in the same round. The
 * demo inventory answers after 5 ms and has no limit; client, server and Postgres share the machine.
 */
import postgres from 'postgres'
import { startPostgres } from '../test/support/postgres.ts'
import { type Measured, median, runSync, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'
import { yardstickOf } from './yardstick.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
/** What the first user hoped for: 190,000 cars in two hours. */
const HOPED_PER_SECOND = 190_000 / 7200

/** As a small server is usually set up; durable. */
export const SERVER = { shared_buffers: '256MB', max_wal_size: '4GB' }

export const load = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const demo = await startDemoProcess(['--cars', String(CARS), '--latency', '5'])
  const sql = postgres(pg.url, { max: 1, onnotice: () => {} })
  const env = { API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }
  const rounds: { first: Measured; second: Measured; copyMs: number; wal: number }[] = []
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await sql.unsafe(
        'drop schema if exists carsync cascade; drop table if exists cars, car_changes, sync_progress cascade',
      )
      await sql.unsafe('checkpoint')
      const first = await runSync(env, ['--full'])
      const yardstick = yardstickOf(pg.url)
      const copyMs = yardstick.copyMs()
      yardstick.close()
      // A day passes between two sweeps: autovacuum has been here, and the checkpoint is over.
      await sql.unsafe('vacuum analyze cars')
      await sql.unsafe('checkpoint')
      await demo.control('bump-stamps')
      const [before] = await sql.unsafe(
        'select pg_current_wal_lsn()::text as lsn, max(xmin::text::bigint)::text as newest from cars',
      )
      const second = await runSync(env, ['--full'])
      const [after] = await sql.unsafe(
        `select (pg_current_wal_lsn() - '${before!.lsn}'::pg_lsn)::float8 as wal, max(xmin::text::bigint)::text as newest from cars`,
      )
      if (before!.newest !== after!.newest) throw new Error('The unchanged sweep wrote car rows')
      rounds.push({ first, second, copyMs, wal: after!.wal as number })
      console.error(
        `round ${round}: ${(copyMs / first.wallMs).toFixed(2)} of \\copy; second sweep ${(first.wallMs / second.wallMs).toFixed(2)} of the first`,
      )
    }
  } finally {
    demo.close()
    await sql.end()
    await pg.close()
  }
  const of = (value: (round: (typeof rounds)[number]) => number): number => median(rounds.map(value))
  const perSecond = (ms: number): number => (CARS * 1000) / ms
  const first = perSecond(of((round) => round.first.wallMs))
  const second = perSecond(of((round) => round.second.wallMs))
  return {
    head: ['what', 'cars/s', 'of `psql \\copy`', 'of first load', 'peak MB', 'CPU µs/car'],
    rows: [
      [
        '`psql \\copy` (text) of the finished rows',
        thousands(perSecond(of((round) => round.copyMs))),
        '1.00',
        '',
        '',
        '',
      ],
      [
        'first load, whole command',
        thousands(first),
        ratio(of((round) => round.copyMs / round.first.wallMs)),
        '1.00',
        of((round) => round.first.peakMb),
        Math.round(of((round) => (round.first.cpuMs * 1000) / CARS)),
      ],
      [
        'second sweep, every stamp moved',
        thousands(second),
        ratio(of((round) => round.copyMs / round.second.wallMs)),
        ratio(of((round) => round.first.wallMs / round.second.wallMs)),
        of((round) => round.second.peakMb),
        Math.round(of((round) => (round.second.cpuMs * 1000) / CARS)),
      ],
    ],
    notes: [
      `${thousands(CARS)} cars, medians of ${ROUNDS} rounds, ratios within a round. Zero car rows written by the second sweep, ${ratio(of((round) => round.wal / CARS))} bytes of WAL a car.`,
      `Without a limit that is ${thousands(first / HOPED_PER_SECOND)} times the first user's target (190,000 cars in two hours).`,
    ],
  }
}
