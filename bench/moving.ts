/**
 * Inventories that move while they are read: how often a sweep proves that it has seen every car, what that costs in pages
 * read again, and whether a proof was ever wrong.
 */
import { startDemoThread } from '../demo/demo-thread.ts'
import type { Database } from '../src/store/database.ts'
import { createMigrated } from '../test/support/create-database.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { syncOnce } from '../test/support/sync-once.ts'
import { SERVER } from './load-round.ts'
import { median } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const SWEEPS = Number(process.env.BENCH_SWEEPS ?? 6)

/** `rate`: requests a second that the source allows; null: as many as it is asked. */
type Scenario = { cars: number; churn: number; pageSize: number; rate: number | null }

const SCENARIOS: readonly Scenario[] = [
  { cars: 20_000, churn: 0.01, pageSize: 1000, rate: null },
  { cars: 20_000, churn: 0.05, pageSize: 1000, rate: null },
  { cars: 20_000, churn: 0.01, pageSize: 1000, rate: 1 },
  { cars: 190_000, churn: 0.01, pageSize: 1000, rate: null },
  { cars: 190_000, churn: 0.01, pageSize: 1000, rate: 10 },
]

/** Cars that were there all the time and are not stored as being there. */
const missedIn = async (db: Database, before: ReadonlySet<number>, after: readonly number[]): Promise<number> => {
  const rows = await db.query('select source_id as id from cars where removed_at is null')
  const stored = new Set(rows.map(({ id }) => Number(id)))
  return after.filter((id) => before.has(id) && !stored.has(id)).length
}

const measure = async (clusterUrl: string, name: string, scenario: Scenario): Promise<(string | number)[]> => {
  const { cars, churn, pageSize, rate } = scenario
  const demo = await startDemoThread({
    seed: 2,
    cars,
    maxPageSize: pageSize,
    latencyMs: 20,
    churnPerMinute: churn,
    ...(rate === null ? {} : { limit: { kind: 'token-bucket', rate, burst: 1 } }),
  })
  const db = await createMigrated(clusterUrl, name)
  try {
    let exact = 0
    let falseProofs = 0
    const seconds: number[] = []
    const passes: number[] = []
    const reread: number[] = []
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const before = new Set(await demo.ids())
      const { summary } = await syncOnce({ db, url: demo.url })
      if (summary.status !== 'complete') throw new Error(`${summary.status}: ${summary.reason}`)
      seconds.push(summary.durationMs / 1000)
      passes.push(summary.receipt!.passes.length)
      reread.push(summary.receipt!.pagesReread)
      if (summary.proof !== 'exact') continue
      exact++
      if ((await missedIn(db, before, await demo.ids())) > 0) falseProofs++
    }
    const row = [
      thousands(cars),
      `${churn * 100}%`,
      rate === null ? 'none' : `${rate}/s`,
      `${exact} of ${SWEEPS}`,
      falseProofs,
      ratio(passes.reduce((a, b) => a + b, 0) / SWEEPS),
      Math.round(median(reread)),
      Math.ceil(cars / pageSize),
      median(seconds).toFixed(1),
    ]
    console.error(row.join(' | '))
    return row
  } finally {
    await demo.close()
    await db.close()
  }
}

export const moving = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  try {
    const rows: (string | number)[][] = []
    for (const [i, scenario] of SCENARIOS.entries()) rows.push(await measure(pg.url, `moving_${i}`, scenario))
    return {
      head: [
        'cars',
        'moves a minute',
        'limit',
        'exact',
        'proofs that were wrong',
        'passes',
        'pages read again',
        'of',
        'seconds',
      ],
      rows,
      notes: [
        `${SWEEPS} full sweeps each, the first of them a first load; medians. What moves is added, removed and changed in equal parts. A proof is wrong when a car that was there all the time is not stored as being there. Where several cars move in the time between two requests, a look seldom meets a moment without any: 190,000 cars at 1% a minute are 32 a second, three for each request of 10/s.`,
      ],
    }
  } finally {
    await pg.close()
  }
}
