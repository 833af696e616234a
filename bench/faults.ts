/**
 * Everything that can go wrong with a source at once, again and again: how much struck, and what was lost, wrong, wrongly
 * removed or read twice. Nothing here depends on the speed of the machine.
 */
import type { Database } from '../src/store/database.ts'
import { createMigrated } from '../test/support/create-database.ts'
import { startStorm, strikesIn, syncThrough } from '../test/support/fault-storm.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { lineOfEachCar } from '../test/support/stored.ts'
import { syncOnce } from '../test/support/sync-once.ts'
import { SERVER } from './load-round.ts'
import type { Table } from './table.ts'
import { thousands } from './table.ts'

const STORMS = Number(process.env.BENCH_STORMS ?? 8)
const SEED = Number(process.env.BENCH_SEED ?? 1)
/** Most of the time is spent on answers that hang. */
const SIDE_BY_SIDE = 6
/** Cars that really go between the first and the second sweep, and how often the sweep is repeated to prove that. */
const GO = 20
const SWEEPS = 2
/** Of every second source: rows that repeat others leave it without a proof. */
const DIRTY = 0.03

type Came = {
  requests: number
  struck: number
  runs: number
  lost: number
  wrong: number
  wronglyRemoved: number
  notRemoved: number
  pagesTwice: number
  unfinished: number
}

const removedIn = async (db: Database): Promise<string[]> =>
  (await db.query('select source_id as id from cars where removed_at is not null')).map(({ id }) => id)

/** Pages of one pass that the ledger has more than once, whatever their size. */
const pagesTwiceIn = async (db: Database): Promise<number> => {
  const [row] = await db.query(
    `select count(*)::int as n from carsync.pages a join carsync.pages b using (run_id, sweep, segment)
     where (a.page_size, a.page) < (b.page_size, b.page)
       and (a.page - 1) * a.page_size < b.page * b.page_size and (b.page - 1) * b.page_size < a.page * a.page_size`,
  )
  return row!.n
}

/** A first load and sweeps after some cars have gone, all in the storm; compared with an undisturbed sync at each point. */
const storm = async (clusterUrl: string, kind: 'postgres' | 'embedded', seed: number): Promise<Came> => {
  const name = `storm_${kind}_${seed}`
  const [db, calm, api] = await Promise.all([
    createMigrated(kind === 'postgres' ? clusterUrl : null, name),
    createMigrated(clusterUrl, `${name}_calm`),
    startStorm(seed, seed % 2 === 0 ? DIRTY : 0),
  ])
  try {
    const came: Came = {
      requests: 0,
      struck: 0,
      runs: 0,
      lost: 0,
      wrong: 0,
      wronglyRemoved: 0,
      notRemoved: 0,
      pagesTwice: 0,
      unfinished: 0,
    }
    const through = async () => {
      const { summary, runs } = await syncThrough(db, api)
      came.runs += runs
      if (summary.status !== 'complete') came.unfinished++
    }
    await through()
    const gone = new Set((await api.remove(GO)).map(String))
    for (let sweep = 0; sweep < SWEEPS; sweep++) await through()
    const { faults, requests } = await api.stats()
    came.requests = requests
    came.struck = strikesIn(faults)
    await api.setFaults({})
    await syncOnce({ db: calm, url: api.url })
    const [found, wanted] = await Promise.all([lineOfEachCar(db), lineOfEachCar(calm)])
    for (const [id, line] of wanted) {
      if (!found.has(id)) came.lost++
      else if (found.get(id) !== line) came.wrong++
    }
    const removed = await removedIn(db)
    came.wronglyRemoved = removed.filter((id) => !gone.has(id)).length
    came.notRemoved = gone.size - (removed.length - came.wronglyRemoved)
    came.pagesTwice = await pagesTwiceIn(db)
    return came
  } finally {
    await api.close()
    await Promise.all([db.close(), calm.close()])
  }
}

export const faults = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  try {
    const rows: (string | number)[][] = []
    for (const kind of ['postgres', 'embedded'] as const) {
      const seeds = Array.from({ length: STORMS }, (_, i) => SEED + i)
      const all: Came[] = []
      const lane = async (): Promise<void> => {
        for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
          all.push(await storm(pg.url, kind, seed))
          console.error(`${kind}, seed ${seed}: ${JSON.stringify(all.at(-1))}`)
        }
      }
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane))
      const sum = (key: keyof Came): number => all.reduce((total, came) => total + came[key], 0)
      rows.push([
        kind,
        STORMS,
        thousands(sum('requests')),
        thousands(sum('struck')),
        sum('runs'),
        sum('unfinished'),
        sum('lost'),
        sum('wrong'),
        sum('wronglyRemoved'),
        sum('notRemoved'),
        sum('pagesTwice'),
      ])
    }
    return {
      head: [
        'database',
        'sources',
        'requests',
        'of them struck',
        'runs',
        'sweeps not complete',
        'cars lost',
        'cars wrong',
        'wrongly removed',
        'gone, and not yet removed',
        'pages read twice',
      ],
      rows,
      notes: [
        `22 kinds of fault at once, each at 2.5% of the requests, 2,600 cars, every second source with dirty records. A first load, then ${GO} cars go, then ${SWEEPS} sweeps. Rows that repeat others leave a dirty source without a proof, so nothing may be removed from it. Seeds ${SEED} to ${SEED + STORMS - 1}.`,
      ],
    }
  } finally {
    await pg.close()
  }
}
