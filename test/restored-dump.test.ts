/** A dump in a real second cluster, whose transactions have other numbers: who reads the changes loses none there and gets none twice. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { type DemoApi, startDemoApi } from '../demo/demo-api.ts'
import { openDatabase, readMigrations, realWorld, storeOver } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { type ChangeRow, FIRST_CURSOR } from '../src/store/read-change-log.ts'
import { createDatabase } from './support/create-database.ts'
import { debianPostgres } from './support/debian-postgres.ts'
import { startPostgres, type TestPostgres } from './support/postgres.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const tool = (name: string): string => join(debianPostgres ?? '', name)
const skip =
  debianPostgres !== null && existsSync(tool('pg_dump')) && existsSync(tool('psql'))
    ? false
    : 'There is no pg_dump of a Postgres that a test can start: apt-get install postgresql-15-cron postgresql-15-pgtap'

const BEGINNING = 3000
const CARS = 60
const SHARE = 0.3

type Cluster = { url: string; db: Database }

/** Clusters, and how many transactions have been in each before the tests. Each test has databases of its own in them. */
const BEFORE = { low: 0, lowToo: 0, high: BEGINNING, higher: 2 * BEGINNING } as const
type Where = keyof typeof BEFORE
const clusters = new Map<Where, Promise<TestPostgres>>()
after(async () => {
  for (const cluster of clusters.values()) await (await cluster).close()
})

const makeCluster = async (where: Where): Promise<TestPostgres> => {
  const postgres = await startPostgres({ fsync: 'off' }, debianPostgres)
  const db = await openDatabase({ databaseUrl: postgres.url }, { embeddedFolder: null })
  await db.query(`do $$ begin for i in 1..${BEFORE[where]} loop perform pg_current_xact_id(); commit; end loop; end $$`)
  await db.close()
  return postgres
}

let databases = 0

/** An empty database in this cluster. */
const databaseIn = async (t: TestContext, where: Where): Promise<Cluster> => {
  const cluster = clusters.get(where) ?? makeCluster(where)
  clusters.set(where, cluster)
  const url = await createDatabase((await cluster).url, `d${++databases}`)
  const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
  t.after(() => db.close())
  return { url, db }
}

/** As an administrator moves a database: in plain SQL, everything or nothing. */
const dump = ({ url }: Cluster): string =>
  execFileSync(tool('pg_dump'), [url], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] })
const restore = ({ url }: Cluster, sql: string): void => {
  execFileSync(tool('psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', '-', url], {
    input: sql,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
}

/** What a reader gets who goes on from there to the end, so many at a time. A store of its own, as in a process of its own. */
const readFrom = async ({ db }: Cluster, since: string, most = Number.POSITIVE_INFINITY): Promise<ChangeRow[]> => {
  const store = storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld)
  const found: ChangeRow[] = []
  for (let cursor = since; found.length < most; ) {
    const batch = await store.changes(cursor, Math.min(7, most - found.length))
    if (batch.changes.length === 0) break
    found.push(...batch.changes)
    cursor = batch.cursor
  }
  return found
}

const idsOf = (rows: readonly ChangeRow[]): string[] => rows.map(({ id }) => id)
const endOf = (rows: readonly ChangeRow[]): string => rows.at(-1)?.cursor ?? FIRST_CURSOR

/** So many changes of the source, and a sync that stores them. */
const changedAndSynced = async (api: DemoApi, { db }: Cluster, seed: number): Promise<void> => {
  await api.change({ share: SHARE, seed })
  const { summary } = await syncOnce({ db, url: api.url })
  assert.equal(summary.status, 'complete', summary.reason)
}

const newest = async ({ db }: Cluster): Promise<bigint> => {
  const [row] = await db.query('select max(tx::text::bigint)::text as newest from car_changes')
  return BigInt(row!.newest)
}
const nextOf = async ({ db }: Cluster): Promise<bigint> => {
  const [row] = await db.query('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  return BigInt(row!.next)
}

/** A source that has been synced three times into this cluster. */
const mirrored = async (t: TestContext, where: Where): Promise<{ api: DemoApi; old: Cluster }> => {
  const api = await startDemoApi({ cars: CARS, seed: 11, maxPageSize: 20 })
  t.after(() => api.close())
  const old = await databaseIn(t, where)
  await migrate(old.db, 'public', readMigrations())
  await syncOnce({ db: old.db, url: api.url })
  for (const seed of [1, 2]) await changedAndSynced(api, old, seed)
  return { api, old }
}

describe('a database that was moved to another cluster by pg_dump', { skip }, () => {
  for (const [where, from, to, further] of [
    ['far lower', 'high', 'low', 'lowToo'],
    ['far higher', 'low', 'high', 'higher'],
  ] as const)
    it(`goes on there, where transactions have ${where} numbers, with each change once and in order`, async (t) => {
      const { api, old } = await mirrored(t, from)
      const all = await readFrom(old, FIRST_CURSOR)
      const cursors = [FIRST_CURSOR, endOf(all.slice(0, 1)), endOf(all.slice(0, all.length >> 1)), endOf(all)]
      assert.ok(all.length > 20)

      const moved = await databaseIn(t, to)
      restore(moved, dump(old))
      assert.deepEqual(await digestOfCars(moved.db), await digestOfCars(old.db))
      assert.equal((await nextOf(moved)) < (await newest(old)), where === 'far lower', 'what this test is about')

      // Who comes first there is a reader in one case and a sync in the other.
      if (where === 'far lower')
        assert.deepEqual(idsOf(await readFrom(moved, cursors[2]!)), idsOf(all.slice(all.length >> 1)))
      await changedAndSynced(api, moved, 3)
      const later = await readFrom(moved, FIRST_CURSOR)
      assert.deepEqual(idsOf(later.slice(0, all.length)), idsOf(all), 'what was there before comes first, as it was')
      assert.ok(later.length > all.length + 5)
      assert.equal(new Set(idsOf(later)).size, later.length)
      for (const cursor of cursors) {
        const at = all.findIndex((each) => each.cursor === cursor) + 1
        assert.deepEqual(idsOf(await readFrom(moved, cursor)), idsOf(later.slice(at)), cursor)
      }

      // And once more: from there into a third one.
      const again = await databaseIn(t, further)
      restore(again, dump(moved))
      await changedAndSynced(api, again, 4)
      const last = await readFrom(again, FIRST_CURSOR)
      assert.deepEqual(idsOf(last.slice(0, later.length)), idsOf(later))
      assert.ok(last.length > later.length + 5)
      for (const at of [all.length >> 1, all.length, all.length + 3, later.length])
        assert.deepEqual(idsOf(await readFrom(again, endOf(later.slice(0, at)))), idsOf(last.slice(at)), `after ${at}`)
    })

  it('tells a reader who has read on in the old one after the dump, for as long as that can be known', async (t) => {
    const { api, old } = await mirrored(t, 'low')
    const dumped = dump(old)
    await changedAndSynced(api, old, 3)
    const ahead = endOf(await readFrom(old, FIRST_CURSOR))
    const known = /^The cursor \S+ is not of this database.* Begin anew, with 0-0: /

    // Transactions there have gone on beyond all that the reader has seen.
    const moved = await databaseIn(t, 'high')
    restore(moved, dumped)
    await assert.rejects(readFrom(moved, ahead), { exitCode: 2, message: known }, 'nothing was written there yet')
    const [, id] = ahead.split('-')
    for (let seed = 4; ; seed++) {
      await changedAndSynced(api, moved, seed)
      await assert.rejects(readFrom(moved, ahead), { exitCode: 2, message: known }, `after a sync with seed ${seed}`)
      const rows = await readFrom(moved, FIRST_CURSOR)
      if (BigInt(rows.at(-1)!.id) > BigInt(id!) + 5n) break
    }
  })
})
