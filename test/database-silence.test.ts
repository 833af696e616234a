/** Whole syncs while the way to the database is at fault and says nothing of it. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { openDatabase, readMigrations } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { newDatabase, newPostgresUrl } from './support/databases.ts'
import { lateCommits } from './support/late-commits.ts'
import { digestOfCars } from './support/stored.ts'
import { type Once, syncOnce } from './support/sync-once.ts'
import { type WatchedSource, watchedSource } from './support/watched-source.ts'

const CARS = 1500
const PAGE = 50

const sourceOf = async (t: TestContext): Promise<WatchedSource> => {
  const source = await watchedSource({ cars: CARS, maxPageSize: PAGE, latencyMs: 10, clockAt: Date.UTC(2026, 8, 1) })
  t.after(() => source.close())
  return source
}

const opened = async (url: string): Promise<Database> => {
  const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
  after(() => db.close())
  return db
}

/** Every car was written once, and is as an undisturbed sync stores it. */
const assertWhole = async ({ summary }: Once, db: Database, source: WatchedSource): Promise<void> => {
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.equal(summary.cars.inserted, CARS, 'nothing was written twice')
  assert.equal(summary.cars.updated, 0)
  const undisturbed = await newDatabase('postgres')
  await syncOnce({ db: undisturbed, url: source.url })
  assert.deepEqual(await digestOfCars(db), await digestOfCars(undisturbed))
}

describe('a sync goes on', { concurrency: true }, () => {
  it('when commits take effect only after their connection was lost and the ledger was asked for them', async (t) => {
    const [source, url] = await Promise.all([sourceOf(t), newPostgresUrl()])
    const db = await opened(url)
    await migrate(db, 'public', readMigrations())
    const proxy = await lateCommits(url, 3, 200)
    t.after(() => proxy.close())
    const through = await opened(proxy.url)
    const once = await syncOnce({ db: through, url: source.url, options: { leaseSeconds: 60 } })
    assert.ok(proxy.late() >= 5, `${proxy.late()} commits were late`)
    await assertWhole(once, db, source)
    await through.close()
  })
})
