/**
 * What the page and 200 watchers of it cost the sync that serves it: first loads into Postgres. The judge is the CPU time of the
 * sync's process and of the database: what the watchers spend is not the sync's affair, though on few cores the clock on the wall
 * shows it too.
 */
import { familyCpuMs } from './cpu-time.ts'
import { type Bench, dropEverything, withBench } from './load-round.ts'
import { type Measured, median, runSync } from './measure.ts'
import { type PageWatchers, standByToWatch } from './page-watchers.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 6)
const WATCHERS = 200

const KINDS = ['alone', 'page', 'watched'] as const
type Kind = (typeof KINDS)[number]
/** `databaseCpuMs`, `watchersCpuMs`: CPU time of others meanwhile; `bytes` that the watchers got. */
type Told = Measured & { databaseCpuMs: number; watchersCpuMs: number; bytes: number }
type Round = Readonly<Record<Kind, Told>>

/** One first load. Its page is watched from the moment that its address is told. */
const load = async ({ pg, demo, sql }: Bench, kind: Kind): Promise<Told> => {
  await dropEverything(sql)
  await sql.unsafe('checkpoint')
  const watchers: PageWatchers | null = kind === 'watched' ? await standByToWatch(WATCHERS) : null
  let stderr = ''
  let watching: Promise<void> | null = null
  const heard = (text: string): void => {
    stderr += text
    const url = /Dashboard: (http:\S+)/.exec(stderr)?.[1]
    if (url && watchers) watching ??= watchers.watch(url)
  }
  const env = { API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }
  const [database, others] = [familyCpuMs(pg.pid()), watchers?.cpuMs() ?? 0]
  const measured = await runSync(env, ['--full', ...(kind === 'alone' ? [] : ['--dashboard'])], { heard })
  await watching
  return {
    ...measured,
    databaseCpuMs: familyCpuMs(pg.pid()) - database,
    watchersCpuMs: (watchers?.cpuMs() ?? 0) - others,
    bytes: (await watchers?.close()) ?? 0,
  }
}

/** All three, each first in every third round: the one after another finds the machine as that left it. */
const runRounds = async (bench: Bench): Promise<Round[]> => {
  const rounds: Round[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const told: Partial<Record<Kind, Told>> = {}
    for (let j = 0; j < KINDS.length; j++) {
      const kind = KINDS[(i + j) % KINDS.length]!
      told[kind] = await load(bench, kind)
    }
    const round = told as Round
    rounds.push(round)
    const shown = KINDS.map((kind) => {
      const { summary, cpuMs, databaseCpuMs } = round[kind]
      return `${kind} ${summary.durationMs} ms (CPU ${cpuMs} + ${databaseCpuMs})`
    })
    console.error(`round ${i + 1}: ${shown.join(', ')}`)
  }
  return rounds
}

export const dashboard = async (): Promise<Table> => {
  let rounds: Round[] = []
  await withBench(CARS, async (bench) => {
    rounds = await runRounds(bench)
  })
  const row = (what: string, kind: Kind): (string | number)[] => {
    const of = (value: (told: Told) => number): number => median(rounds.map((round) => value(round[kind])))
    const ofAlone = (value: (told: Told) => number): string =>
      ratio(median(rounds.map((round) => value(round[kind]) / value(round.alone))))
    const perCar = (value: (told: Told) => number): number => Math.round(of((told) => (value(told) * 1000) / CARS))
    return [
      what,
      perCar((told) => told.cpuMs),
      perCar((told) => told.databaseCpuMs),
      ofAlone((told) => told.cpuMs + told.databaseCpuMs),
      thousands(of((told) => (CARS * 1000) / told.summary.durationMs)),
      ofAlone((told) => 1 / told.summary.durationMs),
      perCar((told) => told.watchersCpuMs),
      of((told) => told.peakMb),
    ]
  }
  const bytes = median(rounds.map(({ watched }) => watched.bytes / WATCHERS))
  return {
    head: [
      'what',
      'CPU µs/car, sync',
      'CPU µs/car, database',
      'CPU of both, of the sync alone',
      'cars/s',
      'speed, of the sync alone',
      'CPU µs/car, watchers',
      'peak MB',
    ],
    rows: [
      row('sync alone', 'alone'),
      row('with `--dashboard`, nobody watches', 'page'),
      row(`with \`--dashboard\` and ${WATCHERS} watchers`, 'watched'),
    ],
    notes: [
      `${thousands(CARS)} cars, first loads into Postgres; medians of ${ROUNDS} rounds in turns, ratios within a round. The source has no limit and answers after 5 ms. The page is served by the sync's own process. The watchers are plain sockets of one process that throw away what comes, ${thousands(bytes)} bytes each; their CPU time is no cost of the sync, but source, database, sync and watchers share the machine, so the speed shows it.`,
    ],
  }
}
