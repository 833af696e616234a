import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readLearned, saveLearned } from '../../src/store/learned.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`what was learned, on ${kind}`, () => {
    it('is nothing at first', async () => {
      assert.equal(await readLearned(db, 'host/none'), null)
    })

    it('comes back as it was saved, with the time, the latest only and each scope for itself', async () => {
      await saveLearned(db, 'host/a', { pageSize: 500, requestsPerSecond: 2.125, concurrency: 4 })
      await saveLearned(db, 'host/b', { pageSize: 50, requestsPerSecond: 1, concurrency: 1 })
      await saveLearned(db, 'host/a', { pageSize: 1000, requestsPerSecond: null, concurrency: 8 })
      const { learnedAt, ...learned } = (await readLearned(db, 'host/a'))!
      assert.deepEqual(learned, { pageSize: 1000, requestsPerSecond: null, concurrency: 8 })
      assert.ok(Math.abs(learnedAt - Date.now()) < 60_000)
      assert.equal((await readLearned(db, 'host/b'))!.pageSize, 50)
    })
  })
}
