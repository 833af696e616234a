import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Names } from '../../src/store/database.ts'
import { knownCars } from '../../src/store/known-cars.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { batchOf, begin, fingerprintOf, writeOf } from './fixture.ts'

const HOSTILE = ['null', 'a,b', '"', "'", '\\', '{}', 'ü🚗', ' ']

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const { context, source, names } = await begin(db)
  const same = writeOf('same')
  const rawless = writeOf('rawless', {}, { keepsRaw: false })
  const removed = writeOf('removed')
  const hostile = HOSTILE.map((id) => writeOf(id))
  await commitPages(db, context, batchOf(1, [same, rawless, removed, ...hostile]))
  await db.query(`update cars set removed_at = now() where source = $1 and source_id = 'removed'`, [source])

  const ask = (
    ids: readonly { sourceId: string; fingerprint: string }[],
    {
      reader = 1,
      wantRaw = true,
      of = names,
      compareEvery = 1,
    }: { reader?: number; wantRaw?: boolean; of?: Names; compareEvery?: number } = {},
  ) => knownCars(db, of, reader, wantRaw, ids, compareEvery)

  describe(`knownCars on ${kind}`, () => {
    it('passes over what is stored just so, whatever its id', async () => {
      assert.deepEqual(await ask([same, ...hostile]), [])
    })

    it('names what is not stored as new, by its place in the question', async () => {
      const answer = await ask([same, writeOf('x'), writeOf('y,z')])
      assert.deepEqual(
        answer.sort((a, b) => a.index - b.index),
        [
          { index: 1, kind: 'new' },
          { index: 2, kind: 'new' },
        ],
      )
    })

    it('gives the stored record of one that may have changed', async () => {
      const [known] = await ask([{ sourceId: 'same', fingerprint: fingerprintOf('other') }])
      assert.ok(known?.kind === 'stored')
      assert.equal(known.reader, 1)
      assert.equal(known.removed, false)
      assert.equal(known.same, false)
      assert.deepEqual(JSON.parse(known.raw!), { id: 'same' })
    })

    it('gives the stored record of each so manieth only, but of each that an older reader read', async () => {
      const changed = [same, removed, ...hostile].map(({ sourceId }) => ({
        sourceId,
        fingerprint: fingerprintOf('other'),
      }))
      const given = async (more: { reader?: number }): Promise<number[]> =>
        (await ask(changed, { compareEvery: 2, ...more }))
          .filter((known) => known.kind === 'stored' && known.raw !== null)
          .map(({ index }) => index)
          .sort((a, b) => a - b)
      const all = changed.map((_, index) => index)
      assert.deepEqual(
        await given({}),
        all.filter((index) => index % 2 === 1),
      )
      assert.deepEqual(await given({ reader: 2 }), all)
    })

    it('names one that an older reader read', async () => {
      const [known] = await ask([same], { reader: 2 })
      assert.ok(known?.kind === 'stored')
      assert.equal(known.reader, 1)
      assert.equal(known.same, true)
    })

    it('names one that is marked removed', async () => {
      const [known] = await ask([removed])
      assert.ok(known?.kind === 'stored')
      assert.equal(known.removed, true)
    })

    it('names one that lacks raw, where raw is wanted', async () => {
      const [known] = await ask([rawless])
      assert.ok(known?.kind === 'stored')
      assert.equal(known.raw, null)
      assert.equal(known.same, true)
      assert.deepEqual(await ask([rawless], { wantRaw: false }), [])
    })

    it('knows nothing of the cars of another source', async () => {
      assert.deepEqual(await ask([same], { of: { ...names, source: 'elsewhere' } }), [{ index: 0, kind: 'new' }])
    })

    it('answers an empty question', async () => {
      assert.deepEqual(await ask([]), [])
    })
  })
}
