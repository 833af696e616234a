import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMovement, weighSeen } from '../../src/store/balance.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { batchOf, begin, pageOf, READ_AT } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  const runOf = async () => {
    const begun = await begin(db)
    const commit = (page: Parameters<typeof pageOf>) =>
      commitPages(db, begun.context, { ...batchOf(1, []), pages: [pageOf(...page)], cars: [] })
    return { ...begun, commit }
  }

  describe(`weighSeen on ${kind}`, () => {
    it('counts a car once, and as a repeat what one listing has twice', async () => {
      const { runId, commit } = await runOf()
      await commit([1, ['a', 'b'], { segment: 'Audi' }])
      await commit([1, ['a', 'b', 'c'], { segment: 'all' }])
      await commit([2, ['c', 'd'], { segment: 'all' }])
      const books = await weighSeen(db, runId, new Map())
      assert.deepEqual(
        books,
        { distinct: 4, gone: 0, doubtful: 0, repeats: 1, withoutId: 0 },
        'that listings overlap is no repeat',
      )
    })

    it('counts repeats in the first pass only', async () => {
      const { runId, commit } = await runOf()
      await commit([1, ['a', 'b']])
      await commit([1, ['a', 'b'], { sweep: 1 }])
      assert.deepEqual((await weighSeen(db, runId, new Map())).repeats, 0)
    })

    it('counts as gone who went after being seen last, or so little before that instants do not tell', async () => {
      const { runId, commit } = await runOf()
      await commit([1, ['a', 'b', 'c', 'd']])
      await commit([1, ['c', 'd'], { sweep: 1, segment: 'changes', readAt: READ_AT + 30_000 }])
      const gone = new Map([
        ['a', READ_AT + 60_000],
        ['b', READ_AT - 60_000],
        ['c', READ_AT + 10_000],
        ['d', READ_AT + 29_000],
        ['elsewhere', READ_AT + 60_000],
      ])
      assert.deepEqual(await weighSeen(db, runId, gone), {
        distinct: 4,
        gone: 2,
        doubtful: 1,
        repeats: 0,
        withoutId: 0,
      })
    })

    it('comes to the same where no car was met twice', async () => {
      const { runId, commit } = await runOf()
      await commit([1, ['a', 'b']])
      await commit([1, ['c', 'd'], { sweep: 1, segment: 'changes' }])
      const gone = new Map([
        ['a', READ_AT + 60_000],
        ['b', READ_AT - 60_000],
        ['c', READ_AT + 60_000],
        ['elsewhere', READ_AT + 60_000],
      ])
      assert.deepEqual(await weighSeen(db, runId, gone), {
        distinct: 4,
        gone: 2,
        doubtful: 0,
        repeats: 0,
        withoutId: 0,
      })
      assert.deepEqual((await weighSeen(db, (await runOf()).runId, gone)).distinct, 0)
    })
  })

  it(`readMovement on ${kind} has the pages of one pass with their records, and where cars went that stood on them`, async () => {
    const { runId, commit } = await runOf()
    await commit([1, ['a', 'b']])
    await commit([2, []])
    await commit([1, ['a'], { sweep: 1 }])
    const { pages, departures } = await readMovement(db, runId, 0, new Map([['b', READ_AT + 5000]]))
    assert.deepEqual(
      pages.toSorted((x, y) => x.page - y.page),
      [
        { segment: 'all', pageSize: 10, page: 1, records: 2, readAt: READ_AT },
        { segment: 'all', pageSize: 10, page: 2, records: 0, readAt: READ_AT },
      ],
    )
    assert.deepEqual(departures, [{ segment: 'all', page: 1, at: READ_AT + 5000 }])
  })
}
