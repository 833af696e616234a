import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_FINDINGS, OTHERS } from '../../src/source/drift-counts.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { readReport } from '../../src/store/report.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, failingAtCommit, writeOf } from './fixture.ts'

type Counts = Readonly<Record<string, number>>

const commit = (db: Database, begun: Begun, page: number, drift: Counts) =>
  commitPages(db, begun.context, { ...batchOf(page, [writeOf(`car-${page}`)]), drift: new Map(Object.entries(drift)) })

const driftOf = async (db: Database, begun: Begun): Promise<Counts> => {
  const [row] = await db.query('select drift::text from carsync.runs where run_id = $1::text::uuid', [begun.runId])
  return JSON.parse(row!.drift)
}

const many = (count: number, prefix: string): Counts =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}: new key`, 1]))

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`the drift of a run on ${kind}`, () => {
    it('is the sum of its commits', async () => {
      const begun = await begin(db)
      assert.deepEqual(await driftOf(db, begun), {})
      await commit(db, begun, 1, {})
      assert.deepEqual(await driftOf(db, begun), {})
      await commit(db, begun, 2, { 'a: new key': 3, 'lots[]."b\'\\": new key': 1 })
      await commit(db, begun, 3, {})
      await commit(db, begun, 4, { 'a: new key': 4, 'c: new key': 9 })
      assert.deepEqual(await driftOf(db, begun), { 'a: new key': 7, 'lots[]."b\'\\": new key': 1, 'c: new key': 9 })
    })

    it('is written with the pages or not at all', async () => {
      const begun = await begin(db)
      await assert.rejects(commit(failingAtCommit(db, '53100'), begun, 1, { 'a: new key': 3 }), { code: '53100' })
      assert.deepEqual(await driftOf(db, begun), {})
    })

    it('adds up where commits run side by side', async () => {
      const begun = await begin(db)
      await Promise.all(Array.from({ length: 8 }, (_, page) => commit(db, begun, page, { a: 1, [`p${page}`]: 1 })))
      const { a, ...pages } = await driftOf(db, begun)
      assert.deepEqual([a, Object.keys(pages).length], [8, 8])
    })

    it('tells so many findings apart, keeps those that came first, and adds up the others', async () => {
      const begun = await begin(db)
      await commit(db, begun, 1, { ...many(MAX_FINDINGS - 1, 'early'), [OTHERS]: 5 })
      await commit(db, begun, 2, { 'often: new key': 9, ...many(7, 'late') })
      const once = await driftOf(db, begun)
      assert.equal(Object.keys(once).length, MAX_FINDINGS + 1)
      assert.deepEqual([once['often: new key'], once[OTHERS], once['late0: new key']], [9, 12, undefined])
      await commit(db, begun, 3, { 'early0: new key': 2, 'often: new key': 1, 'later: new key': 100 })
      const twice = await driftOf(db, begun)
      assert.deepEqual([twice['early0: new key'], twice['often: new key'], twice[OTHERS]], [3, 10, 112])
      assert.equal(Object.keys(twice).length, MAX_FINDINGS + 1)
    })

    it('is in the report, the most frequent first, and only where there is some', async () => {
      const begun = await begin(db)
      assert.equal('drift' in (await readReport(db, begun.names, null))!, false)
      await commit(db, begun, 1, { 'z: new key': 3, 'a: new key': 1, 'longest: new key': 7, 'b: new key': 3 })
      const { drift } = (await readReport(db, begun.names, begun.runId))!
      assert.deepEqual(Object.entries(drift!), [
        ['longest: new key', 7],
        ['b: new key', 3],
        ['z: new key', 3],
        ['a: new key', 1],
      ])
    })
  })
}
