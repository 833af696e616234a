/**
 * First load, unchanged sweep and sweep with changes into Postgres, against `psql \copy` of the same finished rows in the
 * same round. The demo inventory answers after 5 ms and has no limit; client, server and Postgres share the machine.
 */
import { CHANGED, firstLoad, type Loaded, mixedSweep, secondSweep, withBench } from './load-round.ts'
import { median } from './measure.ts'
import { drawSpeeds } from './speed-picture.ts'
import { ratio, type Table, thousands } from './table.ts'
import { type Copied, yardstickOf } from './yardstick.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
/** What the first user hoped for: 190,000 cars in two hours. */
const HOPED_PER_SECOND = 190_000 / 7200

type Round = { first: Loaded; second: Loaded; mixed: Loaded; copied: Copied; byDefault: Copied }

const HEAD = [
  'what',
  'cars/s',
  'of `psql \\copy`',
  'by default',
  'of first load',
  'peak MB',
  'µs/car: command',
  'database',
  'source',
  'WAL bytes/car',
]

export const load = async (): Promise<Table> => {
  let version = ''
  const rounds: Round[] = []
  await withBench(CARS, async (bench) => {
    const [server] = await bench.sql.unsafe(`select 'Postgres ' || current_setting('server_version') as version`)
    version = server!.version
    for (let round = 1; round <= ROUNDS; round++) {
      const first = await firstLoad(bench)
      const yardstick = await yardstickOf(bench.pg)
      const [copied, byDefault] = [await yardstick.copy(), await yardstick.copy('default')]
      yardstick.close()
      const second = await secondSweep(bench)
      const mixed = await mixedSweep(bench, round)
      rounds.push({ first, second, mixed, copied, byDefault })
      console.error(
        `round ${round}: ${ratio(copied.copyMs / first.wallMs)} of \\copy, ${ratio(byDefault.copyMs / first.wallMs)} of it by default; unchanged sweep ${ratio(first.wallMs / second.wallMs)} of the first load, with changes ${ratio(first.wallMs / mixed.wallMs)}`,
      )
    }
  })
  const of = (value: (round: Round) => number): number => median(rounds.map(value))
  const perSecond = (ms: number): number => (CARS * 1000) / ms
  const perCar = (ms: number): number => Math.round((ms * 1000) / CARS)
  const row = (what: string, which: (round: Round) => Loaded): (string | number)[] => [
    what,
    thousands(perSecond(of((round) => which(round).wallMs))),
    ratio(of((round) => round.copied.copyMs / which(round).wallMs)),
    ratio(of((round) => round.byDefault.copyMs / which(round).wallMs)),
    ratio(of((round) => round.first.wallMs / which(round).wallMs)),
    of((round) => which(round).peakMb),
    perCar(of((round) => which(round).cpuMs)),
    perCar(of((round) => which(round).databaseCpuMs)),
    perCar(of((round) => which(round).sourceCpuMs)),
    thousands(of((round) => which(round).walBytes / CARS)),
  ]
  const copies = (what: string, which: (round: Round) => Copied): (string | number)[] => [
    what,
    thousands(perSecond(of((round) => which(round).copyMs))),
    ratio(of((round) => round.copied.copyMs / which(round).copyMs)),
    ratio(of((round) => round.byDefault.copyMs / which(round).copyMs)),
    '',
    '',
    '',
    perCar(of((round) => which(round).copyCpuMs)),
    '',
    '',
  ]
  const speedOf = (ms: (round: Round) => number): number => perSecond(of(ms))
  await drawSpeeds(`${thousands(CARS)} cars, two cores for everything, ${version}`, [
    {
      what: 'psql \\copy of the finished rows',
      carsPerSecond: speedOf((round) => round.copied.copyMs),
      isYardstick: true,
    },
    {
      what: 'psql \\copy, compressed by default',
      carsPerSecond: speedOf((round) => round.byDefault.copyMs),
      isYardstick: true,
    },
    { what: 'first load', carsPerSecond: speedOf((round) => round.first.wallMs), isYardstick: false },
    { what: 'sweep, a tenth changed', carsPerSecond: speedOf((round) => round.mixed.wallMs), isYardstick: false },
    { what: 'sweep, nothing changed', carsPerSecond: speedOf((round) => round.second.wallMs), isYardstick: false },
  ])
  return {
    head: HEAD,
    rows: [
      copies('`psql \\copy` (text) of the finished rows', ({ copied }) => copied),
      copies('the same, compressed as Postgres does by default', ({ byDefault }) => byDefault),
      row('first load, whole command', ({ first }) => first),
      row('unchanged sweep, every stamp moved', ({ second }) => second),
      row(`sweep with ${CHANGED * 100}% of the cars changed`, ({ mixed }) => mixed),
    ],
    notes: [
      `${thousands(CARS)} cars, medians of ${ROUNDS} rounds, ratios within a round. Zero car rows written by the unchanged sweep. ${version}.`,
      `Without a limit that is ${thousands(perSecond(of((round) => round.first.wallMs)) / HOPED_PER_SECOND)} times the first user's target (190,000 cars in two hours).`,
    ],
  }
}
