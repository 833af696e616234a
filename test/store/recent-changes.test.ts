import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commitPages } from '../../src/store/commit-pages.ts'
import { readRecentChanges } from '../../src/store/recent-changes.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, writeOf } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const log = ({ source, runId }: Begun, id: string, what: string, changes: object, ago: string) =>
    db.query(
      `insert into car_changes (source, source_id, run_id, kind, changes, at)
       values ($1, $2, $3::text::uuid, $4, $5::text::jsonb, now() - $6::text::interval)`,
      [source, id, runId, what, JSON.stringify(changes), ago],
    )

  describe(`readRecentChanges on ${kind}`, () => {
    it('is empty where nothing has changed', async () => {
      const { names } = await begin(db)
      assert.deepEqual(await readRecentChanges(db, names, 10), { counts: {}, latest: [], partial: false })
    })

    it('counts the last day by kind and shows the latest of each, with the car and exact prices', async () => {
      const begun = await begin(db)
      const other = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('1'), writeOf('2', { title: null, make: null })]))
      await log(begun, '1', 'price_changed', { price: { from: 1, to: 2 } }, '25 hours')
      await log(
        begun,
        '1',
        'price_changed',
        { price: { from: 20_000, to: 19_900.5 }, bid: { from: 1, to: 2 } },
        '3 hours',
      )
      await log(begun, '2', 'price_changed', { price: { from: null, to: 5 } }, '2 hours')
      await log(begun, '2', 'updated', { color: { from: null, to: 'red' } }, '1 hour')
      await log(begun, 'unknown', 'removed', {}, '1 minute')
      await log(other, '1', 'listed', {}, '1 minute')
      const { counts, latest, partial } = await readRecentChanges(db, begun.names, 1)
      assert.deepEqual([counts, partial], [{ price_changed: 2, updated: 1, removed: 1 }, false])
      assert.deepEqual(
        latest.map(({ sourceId, kind, price }) => [sourceId, kind, price]),
        [
          ['unknown', 'removed', null],
          ['2', 'updated', null],
          ['2', 'price_changed', { from: null, to: '5' }],
        ],
      )
      const more = await readRecentChanges(db, begun.names, 5)
      const exact = more.latest.at(-1)!
      assert.deepEqual(
        [exact.price, exact.title, exact.currency],
        [{ from: '20000', to: '19900.5' }, '2019 Audi Q5', 'USD'],
      )
      assert.match(exact.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    })
  })
}
