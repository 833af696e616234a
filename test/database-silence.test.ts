/** Whole syncs while the way to the database is at fault and says nothing of it. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { BEAT_PATIENCE_MS } from '../src/lease/keep-alive.ts'
import { openDatabase, readMigrations } from '../src/node.ts'
import { openPostgres } from '../src/store/connection/postgres.ts'
import { parseAddress } from '../src/store/connection/postgres-address.ts'
import { ANSWER_MS } from '../src/store/connection/postgres-connection.ts'
import { retrying } from '../src/store/connection/retrying.ts'
import type { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { newDatabase, newPostgresUrl } from './support/databases.ts'
import { lateCommits } from './support/late-commits.ts'
import { silentProxy } from './support/silent-proxy.ts'
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
    const proxy = await lateCommits(url, 2, 200)
    t.after(() => proxy.close())
    const through = await opened(proxy.url)
    const once = await syncOnce({ db: through, url: source.url, options: { leaseSeconds: 60 } })
    assert.ok(proxy.late() >= 3, `${proxy.late()} commits were late`)
    await assertWhole(once, db, source)
    await through.close()
  })

  it('when all its connections fall silent, on new ones', async (t) => {
    const [source, url] = await Promise.all([sourceOf(t), newPostgresUrl()])
    const db = await opened(url)
    await migrate(db, 'public', readMigrations())
    const proxy = await silentProxy(url)
    // Not less: on a busy machine an answer that comes may take longer, and the sync would never come to its end.
    const through = openPostgres(proxy.url, undefined, 2000)
    t.after(async () => {
      await Promise.all([proxy.close(), through.close()])
    })
    let asked = 0
    let silences = 0
    source.watch({
      asked: ({ kind }) => {
        if (kind !== 'page' || ++asked % 9 !== 0 || silences === 3) return
        silences++
        proxy.silence()
      },
      answered: () => {},
    })
    const once = await syncOnce({ db: through, url: source.url, options: { leaseSeconds: 60 } })
    assert.equal(silences, 3)
    await assertWhole(once, db, source)
  })
})

describe('a database that is silent', { concurrency: true }, () => {
  it('is left, with all that waits for it, after the time that an answer may take', async (t) => {
    const proxy = await silentProxy(await newPostgresUrl())
    const db = openPostgres(proxy.url, undefined, 300)
    t.after(async () => {
      await Promise.all([proxy.close(), db.close()])
    })
    const all = () => Promise.allSettled(Array.from({ length: 12 }, () => db.query('select 1 as one')))
    assert.ok((await all()).every(({ status }) => status === 'fulfilled'))
    const before = proxy.connections()
    proxy.silence()
    const codes = (await all()).map((each) => (each.status === 'rejected' ? each.reason.code : 'answered'))
    assert.deepEqual([...new Set(codes)].sort(), ['ETIMEDOUT', 'answered'])
    assert.equal(codes.filter((code) => code === 'ETIMEDOUT').length, before, 'one for each connection')
    assert.ok((await all()).every(({ status }) => status === 'fulfilled'))
  })

  it('is found out while there is still time to go on elsewhere before the heart is given up', () => {
    const address = parseAddress('postgres://u@gone,there/d')
    assert.ok('hosts' in address)
    assert.ok(ANSWER_MS + address.connectTimeoutMs * 2 < BEAT_PATIENCE_MS)
  })

  it('is given up two minutes after it failed first, however long each attempt takes', async () => {
    let now = 0
    let attempts = 0
    const sleep = async (ms: number): Promise<void> => {
      now += ms
    }
    const again = retrying({ now: () => now, random: () => 0.5, sleep })
    const late = async (): Promise<never> => {
      attempts++
      now += 15_000
      throw Object.assign(new Error('no answer'), { code: 'CONNECT_TIMEOUT' })
    }
    await assert.rejects(again(late), /no answer/)
    assert.ok(now >= 135_000 && now < 160_000, `given up after ${now} ms`)
    assert.ok(attempts > 5, String(attempts))
  })
})
