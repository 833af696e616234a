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
    { reader = 1, wantRaw = true, of = names }: { reader?: number; wantRaw?: boolean; of?: Names } = {},
  ) => knownCars(db, of, reader, wantRaw, ids)

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

    it('names one that may have changed, with the stored record where an older reader read it', async () => {
      const other = { sourceId: 'same', fingerprint: fingerprintOf('other') }
      assert.deepEqual(await ask([other]), [
        { index: 0, kind: 'stored', reader: 1, removed: false, same: false, raw: null },
      ])
      const [known] = await ask([other], { reader: 2 })
      assert.ok(known?.kind === 'stored' && !known.same)
      assert.deepEqual(JSON.parse(known.raw!), { id: 'same' })
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
