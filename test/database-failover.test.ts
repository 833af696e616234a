/** A primary and a standby that follows it: the first dies, the second is promoted, and the sync goes on there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase, readMigrations } from '../src/node.ts'
import { migrate } from '../src/store/migrate.ts'
import { newDatabase } from './support/databases.ts'
import { startPostgres } from './support/postgres.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'
import { watchedSource } from './support/watched-source.ts'

const CARS = 1500

test('a sync goes on at the standby when the primary dies, and loses nothing', async (t) => {
  const source = await watchedSource({ cars: CARS, maxPageSize: 50, latencyMs: 10, clockAt: Date.UTC(2026, 8, 1) })
  const pg = await startPostgres({ fsync: 'off', wal_level: 'replica', max_wal_senders: '4' })
  const standby = await pg.addStandby()
  const [first, second] = [new URL(pg.url), new URL(standby.url)]
  // The standby stands first: it must not be taken while it is one.
  const both = `postgres://postgres@127.0.0.1:${second.port},127.0.0.1:${first.port}/postgres`
  const db = await openDatabase({ databaseUrl: both }, { embeddedFolder: null })
  const other = await openDatabase({ databaseUrl: standby.url }, { embeddedFolder: null })
  t.after(async () => {
    await Promise.all([db.close(), other.close()])
    await Promise.all([pg.close(), source.close()])
  })
  await migrate(db, 'public', readMigrations())
  const promoted = Promise.withResolvers<void>()
  let asked = 0
  source.watch({
    asked: ({ kind }) => {
      if (kind !== 'page' || ++asked !== 12) return
      pg.crash()
        .then(() => other.query('select pg_promote()'))
        .then(() => promoted.resolve(), promoted.reject)
    },
    answered: () => {},
  })
  const { summary } = await syncOnce({ db, url: source.url, options: { leaseSeconds: 60 } })
  await promoted.promise
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.equal(summary.cars.seen, CARS)
  const undisturbed = await newDatabase('postgres')
  await syncOnce({ db: undisturbed, url: source.url })
  assert.deepEqual(await digestOfCars(other), await digestOfCars(undisturbed))
})
