/** A source at which everything goes wrong at once, and a sync that is run over it until it is complete. */
import { type DemoApi, startDemoApi } from '../../demo/demo-api.ts'
import { type FaultKind, type Faults, faultKinds } from '../../demo/faults.ts'
import type { Summary } from '../../src/mod.ts'
import type { Database } from '../../src/store/database.ts'
import { fastWorld } from './fast-world.ts'
import { syncOnce } from './sync-once.ts'

/** A redirect ends the run, and has a test of its own. */
export const struckKinds = faultKinds.filter((kind) => kind !== 'status301' && kind !== 'status302')

const SHARE = 0.025
const FAULTS: Faults = {
  ...Object.fromEntries(struckKinds.map((kind): [FaultKind, number] => [kind, SHARE])),
  dripMs: 20_000,
}

export type StormSize = { cars: number; pageSize: number }

/** 104 pages: so many that every kind strikes several times. */
const FULL_SIZE: StormSize = { cars: 2600, pageSize: 25 }

/** Small pages, some cars without a brand and some records dirty, with each kind of fault at 2.5% of the requests. */
export const startStorm = (seed: number, dirty = 0.03, { cars, pageSize }: StormSize = FULL_SIZE): Promise<DemoApi> =>
  startDemoApi({
    seed,
    cars,
    brandless: Math.ceil(cars / 90),
    dirty,
    maxPageSize: pageSize,
    gzip: true,
    clockAt: Date.UTC(2026, 9, 1),
    faults: FAULTS,
  })

export const strikesIn = (struck: Readonly<Partial<Record<FaultKind, number>>>): number =>
  struckKinds.reduce((sum, kind) => sum + (struck[kind] ?? 0), 0)

const MOST_RUNS = 5

/** A page that fails eight times in a row is dead for its run, which says so; the next one goes on. */
export const syncThrough = async (db: Database, { url }: DemoApi): Promise<{ summary: Summary; runs: number }> => {
  for (let runs = 1; ; runs++) {
    const { summary } = await syncOnce({
      db,
      url,
      options: { leaseSeconds: 6000 },
      world: fastWorld(30, 'seldom'),
      // Real time: what hangs or drips costs so much.
      control: { timeoutMs: 700 },
    })
    if (summary.status !== 'incomplete' || runs === MOST_RUNS) return { summary, runs }
  }
}
