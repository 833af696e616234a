import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { LeaseLostError } from '../../src/errors.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import { forgetSeen, keepAnswers, markAbsent, notAskedFor, unseenAmong } from '../../src/store/missing.ts'
import { holdProven, provenGone, readHeld, removeProven } from '../../src/store/removals.ts'
import { finishRun, openRun } from '../../src/store/runs.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, finishOf, writeOf } from './fixture.ts'

const ALL = ['a', 'b', 'c']

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  /** A source with three cars, stored by a run that is complete. */
  const stored = async (): Promise<Begun> => {
    const begun = await begin(db)
    await commitPages(
      db,
      begun.context,
      batchOf(
        1,
        ALL.map((id) => writeOf(id)),
      ),
    )
    await finishRun(db, begun.names, begun.lease, begun.runId, finishOf())
    return begun
  }
  /** A later run that has seen these cars. Answers its id. */
  const sweep = async ({ names, lease, context }: Begun, seen: readonly string[]): Promise<string> => {
    const { run } = await openRun(db, names, lease, { runId: randomUUID(), mode: 'full', fresh: true })
    const cars = seen.map((id) => writeOf(id, {}, { isNew: false }))
    await commitPages(db, { ...context, runId: run.runId }, batchOf(1, cars))
    await forgetSeen(db, names, lease, run.runId)
    return run.runId
  }
  const end = ({ names, lease }: Begun, runId: string, proof: 'exact' | 'none') =>
    finishRun(db, names, lease, runId, finishOf({ proof }))
  const gone = async ({ names }: Begun, runId: string): Promise<number> =>
    (await provenGone(db, names, runId)).reduce((sum, { cars }) => sum + cars, 0)

  describe(`what is missing, on ${kind}`, () => {
    it('is proven gone when the source says so, and then marked removed once', async () => {
      const begun = await stored()
      const { names, lease } = begun
      const runId = await sweep(begun, ['a', 'b'])
      assert.equal(await markAbsent(db, names, lease, runId, 2), 1)
      assert.deepEqual(await notAskedFor(db, names, runId), ['c'])
      assert.equal(await gone(begun, runId), 0, 'absence from one sweep proves nothing')
      await keepAnswers(db, names, lease, { gone: ['c'], there: [] })
      assert.equal(await gone(begun, runId), 1)
      assert.equal(await removeProven(db, names, lease, runId), 1)
      assert.equal(await removeProven(db, names, lease, runId), 0)
      const rows = await db.query('select source_id from cars where source = $1 and removed_at is not null', [
        begun.source,
      ])
      assert.deepEqual(rows, [{ source_id: 'c' }])
    })

    it('is nothing where as many cars are stored as were met, unless one that was met is not stored', async () => {
      const begun = await stored()
      const { names, lease, context } = begun
      const whole = await sweep(begun, ALL)
      assert.equal(await markAbsent(db, names, lease, whole, 3), 0)
      await end(begun, whole, 'exact')
      const { run } = await openRun(db, names, lease, { runId: randomUUID(), mode: 'full', fresh: true })
      const cars = ['a', 'b'].map((id) => writeOf(id, {}, { isNew: false }))
      const rejects = [{ position: 2, sourceId: 'd', reason: 'too_large', path: '', payload: '{}' }]
      await commitPages(db, { ...context, runId: run.runId }, batchOf(1, cars, { ids: ['a', 'b', 'd'], rejects }))
      assert.equal(await markAbsent(db, names, lease, run.runId, 3), 1, 'c is absent, though three were met')
    })

    it('is proven gone by a second sweep, if the first one ended with its proof', async () => {
      for (const proof of ['exact', 'none'] as const) {
        const begun = await stored()
        const { names, lease } = begun
        const first = await sweep(begun, ['a', 'b'])
        await markAbsent(db, names, lease, first, 2)
        await end(begun, first, proof)
        const second = await sweep(begun, ['a', 'b'])
        await markAbsent(db, names, lease, second, 2)
        assert.equal(await gone(begun, second), proof === 'exact' ? 1 : 0, proof)
        if (proof === 'exact') continue
        // The second one is the first that counts.
        await end(begun, second, 'exact')
        const third = await sweep(begun, ['a', 'b'])
        await markAbsent(db, names, lease, third, 2)
        assert.equal(await gone(begun, third), 1)
      }
    })

    it('is forgotten when it is seen, or said to be there', async () => {
      const begun = await stored()
      const { names, lease } = begun
      const first = await sweep(begun, ['a'])
      assert.equal(await markAbsent(db, names, lease, first, 1), 2)
      await keepAnswers(db, names, lease, { gone: ['b'], there: ['c'] })
      await end(begun, first, 'exact')
      const second = await sweep(begun, ['a', 'b'])
      assert.equal(await markAbsent(db, names, lease, second, 2), 1, 'of c nothing is known any more')
      assert.equal(await gone(begun, second), 0)
    })

    it('is held by the latest run alone', async () => {
      const begun = await stored()
      const { names, lease } = begun
      for (const _ of [1, 2]) {
        const runId = await sweep(begun, ['a'])
        await markAbsent(db, names, lease, runId, 1)
        await keepAnswers(db, names, lease, { gone: ['b', 'c'], there: [] })
        assert.equal(await holdProven(db, names, lease, runId, new Map([['Audi', 'Audi']])), 2)
        const held = await readHeld(db, names)
        assert.deepEqual(
          held.map(({ runId: by, cars, segments }) => ({ by, cars, segments })),
          [{ by: runId, cars: 2, segments: [{ name: 'Audi', cars: 2 }] }],
        )
        await end(begun, runId, 'exact')
      }
    })

    it('takes hints only of cars that are stored and that the run has not seen', async () => {
      const begun = await stored()
      const runId = await sweep(begun, ['a'])
      assert.deepEqual(await unseenAmong(db, begun.names, runId, ['a', 'b', 'c', 'unknown']), ['b', 'c'])
      await keepAnswers(db, begun.names, begun.lease, { gone: ['b'], there: [] })
      assert.deepEqual(
        await unseenAmong(db, begun.names, runId, ['b', 'c']),
        ['c'],
        'what was answered is not asked again',
      )
    })

    it('needs the lease', async () => {
      const begun = await stored()
      const { names, runId } = begun
      const lease = { ...begun.lease, fence: begun.lease.fence - 1 }
      for (const write of [
        () => forgetSeen(db, names, lease, runId),
        () => markAbsent(db, names, lease, runId, 3),
        () => keepAnswers(db, names, lease, { gone: ['a'], there: [] }),
        () => holdProven(db, names, lease, runId, new Map()),
        () => removeProven(db, names, lease, runId),
      ])
        await assert.rejects(write, LeaseLostError)
    })
  })
}
