/**
 * Two versions in turn, pair by pair, on one machine and one source: the ratios within a pair bear the noise of a shared
 * machine, which figures of two separate runs do not. Which of the two comes first alternates.
 */
import { type Bench, firstLoad, type Loaded, mixedSweep, secondSweep, withBench } from './load-round.ts'
import { median } from './measure.ts'
import { checkOut } from './other-version.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)

type Sweeps = { first: Loaded; second: Loaded; mixed: Loaded }
type Pair = { now: Sweeps; before: Sweeps }

const NAMES: Readonly<Record<keyof Sweeps, string>> = {
  first: 'first load',
  second: 'unchanged sweep',
  mixed: 'sweep with changes',
}

const sweeps = async (bench: Bench, day: number, root?: string): Promise<Sweeps> => ({
  first: await firstLoad(bench, root),
  second: await secondSweep(bench, root),
  mixed: await mixedSweep(bench, day, root),
})

const FIGURES: readonly [string, (loaded: Loaded) => number, (value: number) => string][] = [
  ['cars/s', ({ wallMs }) => (CARS * 1000) / wallMs, thousands],
  ['µs/car of the command', ({ cpuMs }) => (cpuMs * 1000) / CARS, (value) => value.toFixed(1)],
  ['µs/car of the database', ({ databaseCpuMs }) => (databaseCpuMs * 1000) / CARS, (value) => value.toFixed(1)],
  ['WAL bytes/car', ({ walBytes }) => walBytes / CARS, thousands],
  ['peak MB', ({ peakMb }) => peakMb, thousands],
]

/** First load and sweeps of this tree against the same of `commit`. */
export const compare = async (commit: string): Promise<Table> => {
  const other = checkOut(commit)
  const pairs: Pair[] = []
  try {
    await withBench(CARS, async (bench) => {
      for (let round = 0; round < ROUNDS; round++) {
        const isNowFirst = round % 2 === 0
        const one = await sweeps(bench, 2 * round + 1, isNowFirst ? undefined : other.root)
        const two = await sweeps(bench, 2 * round + 2, isNowFirst ? other.root : undefined)
        const pair = isNowFirst ? { now: one, before: two } : { now: two, before: one }
        pairs.push(pair)
        const speed = (which: keyof Sweeps): string => ratio(pair.before[which].wallMs / pair.now[which].wallMs)
        console.error(
          `pair ${round + 1}: first load ${speed('first')} of the speed before, unchanged ${speed('second')}, with changes ${speed('mixed')}`,
        )
      }
    })
  } finally {
    other.close()
  }
  const rows = (Object.keys(NAMES) as (keyof Sweeps)[]).flatMap((which) =>
    FIGURES.map(([what, figure, shown]) => [
      `${NAMES[which]}, ${what}`,
      shown(median(pairs.map(({ before }) => figure(before[which])))),
      shown(median(pairs.map(({ now }) => figure(now[which])))),
      ratio(median(pairs.map(({ now, before }) => figure(now[which]) / figure(before[which])))),
    ]),
  )
  return {
    head: ['what', 'before', 'now', 'ratio'],
    rows,
    notes: [`${thousands(CARS)} cars, medians of ${ROUNDS} pairs, ratios within a pair. Before: ${other.name}.`],
  }
}
