import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import { migrate } from '../../src/store/migrate.ts'
import { databaseKinds, newDatabase, newPostgresUrl } from '../support/databases.ts'
import { batchOf, begin, READ_AT, writeOf } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`the views on ${kind}`, () => {
    it('count the cars that are there by make', async () => {
      const begun = await begin(db)
      const cars = [writeOf('a'), writeOf('b'), writeOf('c', { make: 'Kia' }), writeOf('d', { make: null })]
      await commitPages(db, begun.context, batchOf(1, cars))
      await db.query(`update cars set removed_at = now() where source = $1 and source_id = 'b'`, [begun.source])
      const rows = await db.query('select make, cars::int from cars_by_make where source = $1 order by make', [
        begun.source,
      ])
      assert.deepEqual(rows, [
        { make: 'Audi', cars: 1 },
        { make: 'Kia', cars: 1 },
        { make: null, cars: 1 },
      ])
    })

    it('show what a car cost before and after', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a', { price: '20000' }), writeOf('b')]))
      const dearer = [
        writeOf('a', { price: '19000' }, { isNew: false, readAt: READ_AT + 1000 }),
        writeOf('b', { color: 'red' }, { isNew: false, readAt: READ_AT + 1000 }),
      ]
      await commitPages(db, begun.context, batchOf(2, dearer))
      const rows = await db.query(
        `select source_id, price_from::float8, price_to::float8, percent::float8, currency, title from price_changes where source = $1`,
        [begun.source],
      )
      assert.deepEqual(rows, [
        { source_id: 'a', price_from: 20_000, price_to: 19_000, percent: -5, currency: 'USD', title: '2019 Audi Q5' },
      ])
    })

    it('tell how much is done and whether a process is at it', async () => {
      const begun = await begin(db)
      await db.query(
        `insert into sync_progress (source, status, pages_done, pages_total, cars_per_minute, eta_low_ms, heartbeat_at)
         values ($1, 'running', 30, 120, 5000.4, 61000, now())`,
        [begun.source],
      )
      const look = async () =>
        (
          await db.query(
            `select done, is_live, cars_per_minute, extract(epoch from eta_low)::float8 as eta from sync_overview where source = $1`,
            [begun.source],
          )
        )[0]
      assert.deepEqual(await look(), { done: 0.25, is_live: true, cars_per_minute: 5000, eta: 61 })
      await db.query(`update sync_progress set heartbeat_at = now() - interval '1 minute' where source = $1`, [
        begun.source,
      ])
      assert.equal((await look())!.is_live, false)
    })
  })
}

it('a view of such a name that somebody else has made is left alone', async () => {
  const db = await openDatabase({ databaseUrl: await newPostgresUrl() }, { embeddedFolder: null })
  await db.query('create view price_changes as select 1 as mine')
  await migrate(db, 'public', readMigrations())
  assert.deepEqual(await db.query('select mine from price_changes'), [{ mine: 1 }])
  assert.deepEqual(await db.query('select * from cars_by_make'), [])
  await db.close()
})
