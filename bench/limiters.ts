/**
 * The engine against limiters that nobody here wrote: how much is refused, and how near the time comes to the least in
 * which the limiter lets so many requests through. `BENCH_LIMITERS` takes those whose name has it in it.
 */
import { createMigrated } from '../test/support/create-database.ts'
import { LIMITERS } from '../test/support/limiters/limiters.ts'
import { type TrialRun, tryLimiter } from '../test/support/limiters/trial.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { SERVER } from './load-round.ts'
import { ratio, type Table } from './table.ts'

const AIM_MS = 1000 * Number(process.env.BENCH_SECONDS ?? 25)
const WANTED = process.env.BENCH_LIMITERS ?? ''
const PAGE_SIZE = 20

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

const cells = ({ summary, refused, wallMs, boundMs }: TrialRun): (string | number)[] => [
  summary.requests.total,
  refused,
  `${((100 * refused) / summary.requests.total).toFixed(1)}%`,
  seconds(wallMs),
  seconds(boundMs),
  ratio(wallMs / boundMs),
]

export const limiters = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const rows: (string | number)[][] = []
  const missing = new Set<string>()
  try {
    for (const [i, limiter] of LIMITERS.entries()) {
      if (!limiter.name.includes(WANTED)) continue
      const unavailable = limiter.available()
      if (unavailable !== null) {
        missing.add(unavailable)
        continue
      }
      const db = await createMigrated(pg.url, `limiter_${i}`)
      const trial = await tryLimiter(limiter, db, { aimMs: AIM_MS, pageSize: PAGE_SIZE, rest: true })
      await db.close()
      const { first, second, sourceIds, tableIds } = trial
      const isSame = sourceIds.toSorted((a, b) => a - b).join() === tableIds.join()
      const end = (run: TrialRun) => `${run.summary.status}, ${run.summary.proof}`
      rows.push([limiter.name, 'first', ...cells(first), end(first), ''])
      rows.push(['', 'second', ...cells(second), end(second), isSame ? 'equal' : 'DIFFERENT'])
      console.error(rows.slice(-2).join('\n'))
    }
  } finally {
    await pg.close()
  }
  return {
    head: ['limiter', 'run', 'requests', 'refused', 'share', 'seconds', 'bound', 'time/bound', 'end', 'ids'],
    rows,
    notes: [
      `Pages of ${PAGE_SIZE} cars, as many as the limiter lets through in ${AIM_MS / 1000} s; the demo answers after 100 ms. The bound is the least time in which the limiter lets through what it let through, start and end of the sync not counted. The second run begins with what the first learned, at a limiter that has rested.`,
      ...[...missing].map((sentence) => `${sentence}.`),
    ],
  }
}
