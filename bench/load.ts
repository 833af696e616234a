/**
 * First load and unchanged sweep into Postgres, against `psql \copy` of the same finished rows in the same round. The
 * demo inventory answers after 5 ms and has no limit; client, server and Postgres share the machine.
 */
import postgres from 'postgres'
import { startPostgres } from '../test/support/postgres.ts'
import { firstLoad, type Loaded, SERVER, secondSweep } from './load-round.ts'
import { median, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'
import { yardstickOf } from './yardstick.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
/** What the first user hoped for: 190,000 cars in two hours. */
const HOPED_PER_SECOND = 190_000 / 7200

type Round = { first: Loaded; second: Loaded; copyMs: number; copyCpuMs: number }

const HEAD = [
  'what',
  'cars/s',
  'of `psql \\copy`',
  'of first load',
  'peak MB',
  'µs/car: command',
  'database',
  'source',
  'WAL bytes/car',
]

export const load = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const demo = await startDemoProcess(['--cars', String(CARS), '--latency', '5'])
  const sql = postgres(pg.url, { max: 1, onnotice: () => {} })
  const bench = { pg, demo, sql }
  const rounds: Round[] = []
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const first = await firstLoad(bench)
      const yardstick = yardstickOf(pg)
      const { copyMs, copyCpuMs } = yardstick.copy()
      yardstick.close()
      const second = await secondSweep(bench)
      rounds.push({ first, second, copyMs, copyCpuMs })
      console.error(
        `round ${round}: ${(copyMs / first.wallMs).toFixed(2)} of \\copy; second sweep ${(first.wallMs / second.wallMs).toFixed(2)} of the first`,
      )
    }
  } finally {
    demo.close()
    await sql.end()
    await pg.close()
  }
  const of = (value: (round: Round) => number): number => median(rounds.map(value))
  const perSecond = (ms: number): number => (CARS * 1000) / ms
  const perCar = (ms: number): number => Math.round((ms * 1000) / CARS)
  const row = (what: string, which: (round: Round) => Loaded): (string | number)[] => [
    what,
    thousands(perSecond(of((round) => which(round).wallMs))),
    ratio(of((round) => round.copyMs / which(round).wallMs)),
    ratio(of((round) => round.first.wallMs / which(round).wallMs)),
    of((round) => which(round).peakMb),
    perCar(of((round) => which(round).cpuMs)),
    perCar(of((round) => which(round).databaseCpuMs)),
    perCar(of((round) => which(round).sourceCpuMs)),
    thousands(of((round) => which(round).walBytes / CARS)),
  ]
  const copySpeed = thousands(perSecond(of((round) => round.copyMs)))
  const copyCpu = perCar(of((round) => round.copyCpuMs))
  return {
    head: HEAD,
    rows: [
      ['`psql \\copy` (text) of the finished rows', copySpeed, '1.00', '', '', '', copyCpu, '', ''],
      row('first load, whole command', ({ first }) => first),
      row('second sweep, every stamp moved', ({ second }) => second),
    ],
    notes: [
      `${thousands(CARS)} cars, medians of ${ROUNDS} rounds, ratios within a round. Zero car rows written by the second sweep.`,
      `Without a limit that is ${thousands(perSecond(of((round) => round.first.wallMs)) / HOPED_PER_SECOND)} times the first user's target (190,000 cars in two hours).`,
    ],
  }
}
