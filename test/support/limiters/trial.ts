/** Two syncs through a limiter into one database: the first has learned nothing, the second what the first found out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startDemoThread } from '../../../demo/demo-thread.ts'
import type { Summary } from '../../../src/mod.ts'
import type { Database } from '../../../src/store/database.ts'
import { storedIds } from '../stored.ts'
import { syncOnce } from '../sync-once.ts'
import type { Limiter, StartedLimiter } from './limiter.ts'
import { admittedWithin, freshAfterMs, lowerBoundMs } from './lower-bound.ts'
import { watchRefusals } from './watch-refusals.ts'

export type TrialSize = {
  /** What a client without a fault would need for the pages; the number of pages follows. */
  aimMs: number
  /** Cars a page. */
  pageSize: number
  /** Lets the limiter forget the first run before the second begins, so that the bound holds for both. */
  rest: boolean
}

export type TrialRun = {
  summary: Summary
  wallMs: number
  /** The least time in which the limiter lets through what it let through. */
  boundMs: number
  /** As the limiter counts them: a 503 is a refusal too. */
  refused: number
  /** Refusals that named a time to wait, and requests that left before it was over. */
  named: number
  early: number
}

export type Trial = { first: TrialRun; second: TrialRun; sourceIds: number[]; tableIds: number[] }

/** Of the demo inventory, before it answers. */
const LATENCY_MS = 100

const runOnce = async (
  limiter: Limiter,
  started: StartedLimiter,
  db: Database,
  pageSize: number,
): Promise<TrialRun> => {
  const before = started.refused()
  const watched = watchRefusals()
  const began = performance.now()
  const { summary } = await syncOnce({ db, url: started.url, options: { pageSize }, world: watched.world })
  const wallMs = performance.now() - began
  return {
    summary,
    wallMs,
    boundMs: lowerBoundMs(limiter.limit, summary.requests.ok, LATENCY_MS),
    refused: started.refused() - before,
    named: watched.named(),
    early: watched.early(),
  }
}

/** `db` is migrated and has no cars; it stays open. */
export const tryLimiter = async (limiter: Limiter, db: Database, size: TrialSize): Promise<Trial> => {
  const pages = admittedWithin(limiter.limit, size.aimMs, LATENCY_MS)
  const api = await startDemoThread({ cars: pages * size.pageSize, latencyMs: LATENCY_MS })
  try {
    const started = await limiter.start(api.url)
    try {
      const first = await runOnce(limiter, started, db, size.pageSize)
      if (size.rest) await sleep(freshAfterMs(limiter.limit))
      const second = await runOnce(limiter, started, db, size.pageSize)
      return { first, second, sourceIds: await api.ids(), tableIds: await storedIds(db) }
    } finally {
      await started.close()
    }
  } finally {
    await api.close()
  }
}
