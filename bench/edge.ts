/**
 * The edge function as a relay of slices, on Deno, in a stand-in for the platform that kills at its limits: what each slice
 * costs, how long handing over takes, and that nothing is lost, whoever is killed.
 */
import { randomStream } from '../demo/random.ts'
import type { DemoOptions } from '../demo/settings.ts'
import { createDatabase } from '../test/support/create-database.ts'
import { type EdgeScene, edgeScene } from '../test/support/edge/edge-scene.ts'
import { HOW_TO_GET_IT, hasPgbouncer, startPgbouncer } from '../test/support/pgbouncer.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { SERVER } from './load-round.ts'
import { median } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const KILLS = Number(process.env.BENCH_KILLS ?? 50)
const SEED = Number(process.env.BENCH_SEED ?? 1)
/** What changes in a quarter of an hour at 1% a minute. */
const CHANGED = 0.15
/** How often the stand-in for cron looks; the real one looks every 15 s. */
const WATCHDOG_MS = 1000

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)

/** From the end of a slice until the next has begun, ms; not where a worker was killed in between. */
const gapsOf = ({ edge }: EdgeScene): number[] =>
  edge.slices.flatMap(({ at, next }) => {
    const begun = edge.begunAt.find((each) => each > at)
    return next === null || begun === undefined ? [] : [begun - at]
  })

/** Kills workers at seeded instants while a run is on; answers how to end that, and how many there were. */
const killing = (scene: EdgeScene, kills: number): { count(): number; end(): void } => {
  const next = randomStream(SEED)
  let count = 0
  let due = 200 + 800 * next()
  const timer = setInterval(() => {
    due -= 20
    if (due > 0 || count >= kills || !scene.edge.killOne()) return
    count++
    due = 200 + 800 * next()
  }, 20)
  return { count: () => count, end: () => clearInterval(timer) }
}

type Scenario = { name: string; demo?: DemoOptions; pooled?: boolean; kills?: number; again?: boolean }

const SCENARIOS: readonly Scenario[] = [
  { name: 'an unlimited source', again: true },
  { name: 'through PgBouncer in transaction mode', pooled: true },
  { name: `killed ${KILLS} times`, demo: { latencyMs: 100 }, kills: KILLS },
  { name: '1 request/s', demo: { latencyMs: 150, limit: { kind: 'token-bucket', rate: 1, burst: 1 } } },
]

const measure = async (
  scene: EdgeScene,
  name: string,
  kills: number,
  mode: 'full' | 'incremental' = 'full',
): Promise<(string | number)[]> => {
  const before = { workers: scene.edge.workers.length, slices: scene.edge.slices.length }
  const beganAt = performance.now()
  await scene.call({ action: 'start', mode })
  const killer = killing(scene, kills)
  const report = await scene.settled(kills > 0 ? WATCHDOG_MS : 15_000)
  killer.end()
  const seconds = (performance.now() - beganAt) / 1000
  await scene.edge.idle()
  const workers = scene.edge.workers.slice(before.workers).filter(({ cpuMs }) => cpuMs > 100)
  const slices = scene.edge.slices.slice(before.slices)
  const gaps = gapsOf(scene)
  const [stored] = await scene.db.query('select count(*)::int as cars from cars where removed_at is null')
  const atLimits = workers.filter(({ ending }) => ending !== 'idle' && ending !== 'killed').length
  return [
    name,
    report.status === 'complete' && mode === 'full' ? report.proof : report.status,
    CARS - stored!.cars,
    seconds.toFixed(1),
    thousands(report.cars.seen / seconds),
    slices.length,
    thousands(report.cars.seen / slices.length),
    `${thousands(median(workers.map(({ cpuMs }) => cpuMs)))} / ${thousands(most(workers.map(({ cpuMs }) => cpuMs)))}`,
    // A worker that was killed has spent what no slice has told of.
    kills > 0 ? '' : ratio(sum(workers.map(({ cpuMs }) => cpuMs)) / sum(slices.map(({ cpuMs }) => cpuMs))),
    Math.round(most(workers.map(({ memoryBytes }) => memoryBytes)) / 2 ** 20),
    gaps.length === 0 ? '' : `${Math.round(median(gaps))} / ${Math.round(most(gaps))}`,
    killer.count(),
    atLimits,
  ]
}

export const edge = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const rows: (string | number)[][] = []
  const notes: string[] = []
  try {
    for (const [i, { name, demo, pooled, kills = 0, again }] of SCENARIOS.entries()) {
      if (pooled && !hasPgbouncer) {
        notes.push(HOW_TO_GET_IT)
        continue
      }
      const direct = await createDatabase(pg.url, `edge_${i}`)
      const pooler = pooled ? await startPgbouncer(direct, 4) : null
      const scene = await edgeScene({
        demo: { cars: CARS, latencyMs: 20, ...demo },
        databaseUrl: direct,
        patienceMs: 600_000,
        ...(pooler ? { env: { DATABASE_URL: pooler.url } } : {}),
      })
      try {
        rows.push(await measure(scene, name, kills))
        if (again) {
          rows.push(await measure(scene, 'the same once more, nothing changed', 0))
          await scene.demo.change({ share: CHANGED, seed: SEED })
          rows.push(await measure(scene, `incremental, ${CHANGED * 100}% changed`, 0, 'incremental'))
        }
      } finally {
        await scene.close()
        await pooler?.close()
      }
      console.error(rows.at(-1)!.join(' | '))
    }
  } finally {
    await pg.close()
  }
  return {
    head: [
      'source',
      'proof',
      'cars lost',
      'seconds',
      'cars/s',
      'slices',
      'cars a slice',
      'CPU ms a slice (median / most)',
      'CPU by the estimate',
      'MB at most',
      'ms of handing over (median / most)',
      'workers killed',
      'killed at a limit',
    ],
    rows,
    notes: [
      `${thousands(CARS)} cars, 1,000 a page. Deno in a stand-in for the edge runtime: 2 s of processor time a request as the operating system counts it, 256 MB resident, 150 s of life, no new request after 1 s of processor time or half the life. cron is looked for by a loop, pg_net is a stand-in.`,
      ...notes,
    ],
  }
}
