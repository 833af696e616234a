import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commitPages } from '../../src/store/commit-pages.ts'
import { weighCars } from '../../src/store/weigh-cars.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { batchOf, begin, writeOf } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`weighCars on ${kind}`, () => {
    it('is null where there is no table, and where there is no car', async () => {
      assert.equal(await weighCars(db, 'nowhere'), null)
      assert.equal(await weighCars(db, 'public'), null)
    })

    it('weighs the table with its indexes, and raw as a part of it', async () => {
      const begun = await begin(db)
      const record = Buffer.from(JSON.stringify({ text: 'x'.repeat(800) }))
      const cars = Array.from({ length: 500 }, (_, i) => writeOf(`car-${i}`, {}, { record }))
      await commitPages(db, begun.context, batchOf(1, cars))
      const weight = (await weighCars(db, 'public'))!
      assert.equal(weight.cars, 500)
      assert.ok(weight.rawBytes > 800 && weight.rawBytes < 900, `${weight.rawBytes}`)
      assert.ok(weight.carBytes > 1000 && weight.carBytes < 3000, `${weight.carBytes}`)
      assert.ok(weight.databaseBytes > 500 * weight.carBytes)
    })
  })
}
