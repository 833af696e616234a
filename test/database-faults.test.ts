/** Whole syncs while the database does what databases do: the end is that of an undisturbed one. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { openDatabase, readMigrations } from '../src/node.ts'
import type { Database, Transaction } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { cuttingProxy } from './support/cutting-proxy.ts'
import { newDatabase, newPostgresUrl } from './support/databases.ts'
import { startPostgres } from './support/postgres.ts'
import { digestOfCars } from './support/stored.ts'
import { type Once, syncOnce } from './support/sync-once.ts'
import { type WatchedSource, watchedSource } from './support/watched-source.ts'

const CARS = 900
const PAGE = 30
/** Bytes of a statement that takes too long: those of a page are half as many again. */
const LONG = 60_000
/** Long enough for whatever is waited for here. */
const OPTIONS = { leaseSeconds: 60 }

const sourceOf = async (t: TestContext): Promise<WatchedSource> => {
  const source = await watchedSource({ cars: CARS, maxPageSize: PAGE, latencyMs: 10, clockAt: Date.UTC(2026, 8, 1) })
  t.after(() => source.close())
  return source
}

/** Calls `act` with each `nth` page that is asked for. */
const eachPage = (source: WatchedSource, nth: number, act: () => void): void => {
  let asked = 0
  source.watch({
    asked: ({ kind }) => {
      if (kind === 'page' && ++asked % nth === 0) act()
    },
    answered: () => {},
  })
}

const migrated = async (url: string): Promise<Database> => {
  const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
  after(() => db.close())
  await migrate(db, 'public', readMigrations())
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

/** Has the server itself throw the error with this code, in the transactions that `strikes` says; `bytes`: of its largest statement. */
const failing = (
  db: Database,
  code: string,
  strikes: (bytes: number) => boolean,
): { db: Database; thrown(): number } => {
  let thrown = 0
  return {
    thrown: () => thrown,
    db: {
      ...db,
      transaction: (work) =>
        db.transaction(async (session) => {
          let largest = 0
          const weighed = function* (parts: Iterable<Uint8Array>): Generator<Uint8Array> {
            let bytes = 0
            for (const part of parts) {
              bytes += part.byteLength
              yield part
            }
            largest = Math.max(largest, bytes)
          }
          const watched: Transaction = {
            ...session,
            copyIn: (target, parts) => session.copyIn(target, weighed(parts)),
          }
          const answer = await work(watched)
          if (strikes(largest)) {
            thrown++
            await session.query(`do $$ begin raise exception 'made up' using errcode = '${code}'; end $$`)
          }
          return answer
        }),
    },
  }
}

describe('a sync goes on', { concurrency: true }, () => {
  it('while its connections are ended again and again', async (t) => {
    const [source, url] = await Promise.all([sourceOf(t), newPostgresUrl()])
    const [db, admin] = [await migrated(url), await openDatabase({ databaseUrl: url }, { embeddedFolder: null })]
    t.after(() => admin.close())
    let ended = 0
    // One after the other: two at once would end each other.
    let ending: Promise<unknown> = Promise.resolve()
    eachPage(source, 3, () => {
      ending = ending.then(async () => {
        const [row] = await admin.query(
          `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
        )
        ended += row!.n
      })
    })
    const once = await syncOnce({ db, url: source.url, options: OPTIONS })
    await ending
    assert.ok(ended >= 5, `${ended} connections were ended`)
    await assertWhole(once, db, source)
  })

  it('though the answers to commits are lost: none is repeated, none is missing', async (t) => {
    const [source, url] = await Promise.all([sourceOf(t), newPostgresUrl()])
    const proxy = await cuttingProxy(url, 2)
    t.after(() => proxy.close())
    const [through, db] = [await migrated(url).then(() => migrated(proxy.url)), await migrated(url)]
    const once = await syncOnce({ db: through, url: source.url, options: OPTIONS })
    assert.ok(proxy.lost() >= 5, `${proxy.lost()} answers were lost`)
    await assertWhole(once, db, source)
  })

  for (const [code, what] of [
    ['40P01', 'deadlocks'],
    ['40001', 'serialization failures'],
    ['53300', 'a lack of connections'],
    ['55P03', 'locks that are not to be had'],
    ['57014', 'statements that take too long'],
  ] as const)
    it(`through ${what} (${code})`, async (t) => {
      const [source, url] = await Promise.all([sourceOf(t), newPostgresUrl()])
      const db = await migrated(url)
      let transactions = 0
      // A statement that takes too long is halved, until it does not; the others pass by themselves.
      const strikes = (bytes: number): boolean => (code === '57014' ? bytes > LONG : ++transactions % 3 === 0)
      const sick = failing(db, code, strikes)
      const once = await syncOnce({ db: sick.db, url: source.url, options: OPTIONS })
      assert.ok(sick.thrown() >= 3, `${sick.thrown()} were thrown`)
      await assertWhole(once, db, source)
    })

  it('when the server crashes in mid-run and comes back, and what it lost is read again', async (t) => {
    const [source, pg] = await Promise.all([sourceOf(t), startPostgres({ fsync: 'off' })])
    t.after(() => pg.close())
    const db = await migrated(pg.url)
    let crashes = 0
    let back: Promise<void> = Promise.resolve()
    eachPage(source, 9, () => {
      if (crashes++ < 2) back = back.then(pg.crash).then(pg.restart)
    })
    const once = await syncOnce({ db, url: source.url, options: OPTIONS })
    await back
    assert.ok(crashes >= 2)
    assert.equal(once.summary.status, 'complete', once.summary.reason)
    assert.equal(once.summary.proof, 'exact')
    const undisturbed = await newDatabase('postgres')
    await syncOnce({ db: undisturbed, url: source.url })
    assert.deepEqual(await digestOfCars(db), await digestOfCars(undisturbed))
    await db.close()
  })
})
