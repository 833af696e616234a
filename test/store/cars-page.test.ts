import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CarsQuestion, readCarsPage } from '../../src/store/cars-page.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import { readInventory } from '../../src/store/inventory.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, writeOf } from './fixture.ts'

const ALL: CarsQuestion = { search: null, make: null, show: 'living', after: null, limit: 100 }

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const ids = async ({ names }: Begun, question: Partial<CarsQuestion> = {}): Promise<string[]> =>
    (await readCarsPage(db, names, { ...ALL, ...question })).cars.map(({ sourceId }) => sourceId)
  const remove = (id: string, { source }: Begun) =>
    db.query('update cars set removed_at = now() where source = $1 and source_id = $2', [source, id])

  describe(`readCarsPage on ${kind}`, () => {
    it('pages by key: every car once, though cars come and go meanwhile', async () => {
      const begun = await begin(db)
      const all = Array.from({ length: 25 }, (_, i) => `c${String(i).padStart(2, '0')}`)
      await commitPages(
        db,
        begun.context,
        batchOf(
          1,
          all.map((id) => writeOf(id)),
        ),
      )
      const seen: string[] = []
      let after: string | null = null
      do {
        const page = await readCarsPage(db, begun.names, { ...ALL, after, limit: 10 })
        seen.push(...page.cars.map(({ sourceId }) => sourceId))
        if (after === null) await remove('c03', begun)
        after = page.next
      } while (after !== null)
      assert.deepEqual(seen, all)
    })

    it('finds all words of a search, in any order and case, and takes signs for what they are', async () => {
      const begun = await begin(db)
      const cars = [
        writeOf('1', { title: 'Škoda Superb 100%', make: 'Škoda', vin: 'TMBZZZ3T1A1234567' }),
        writeOf('2', { title: 'Audi A4 Avant', make: 'Audi', lot_number: 'LOT-77' }),
        writeOf('3', { title: 'Audi A6', make: 'Audi' }),
      ]
      await commitPages(db, begun.context, batchOf(1, cars))
      assert.deepEqual(await ids(begun, { search: 'AUDI' }), ['2', '3'])
      assert.deepEqual(await ids(begun, { search: '  avant  audi ' }), ['2'])
      assert.deepEqual(await ids(begun, { search: '100%' }), ['1'])
      assert.deepEqual(await ids(begun, { search: '%' }), ['1'])
      assert.deepEqual(await ids(begun, { search: 'a_' }), [])
      assert.deepEqual(await ids(begun, { search: 'tmbzzz3t' }), ['1'])
      assert.deepEqual(await ids(begun, { search: 'lot-77' }), ['2'])
      assert.deepEqual(await ids(begun, { make: 'Audi', search: 'a6' }), ['3'])
      assert.deepEqual(await ids(begun, { make: 'audi' }), [])
    })

    it('shows what is there, or what is removed; and only cars of the source', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('1', { price: '19900.50' }), writeOf('2')]))
      await remove('2', begun)
      assert.deepEqual(await ids(begun), ['1'])
      assert.deepEqual(await ids(begun, { show: 'removed' }), ['2'])
      const { cars, next } = await readCarsPage(db, begun.names, ALL)
      assert.deepEqual([cars[0]!.price, cars[0]!.mileageKm, cars[0]!.removedAt, next], ['19900.50', 92_661, null, null])
    })
  })

  describe(`readInventory on ${kind}`, () => {
    it('counts by make, the largest first, cars without one too', async () => {
      const begun = await begin(db)
      const cars = [
        writeOf('1', { make: 'Audi' }),
        writeOf('2', { make: 'BMW' }),
        writeOf('3', { make: 'BMW', status: 'sold' }),
        writeOf('4', { make: null }),
        writeOf('5', { make: 'BMW' }),
      ]
      await commitPages(db, begun.context, batchOf(1, cars))
      await remove('5', begun)
      assert.deepEqual(await readInventory(db, begun.names), [
        { make: 'BMW', cars: 2, onSale: 1, removed: 1 },
        { make: 'Audi', cars: 1, onSale: 1, removed: 0 },
        { make: null, cars: 1, onSale: 1, removed: 0 },
      ])
    })
  })
}
