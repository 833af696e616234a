import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lookUpsOf } from '../../src/commit/look-ups.ts'
import type { Known } from '../../src/store/known-cars.ts'

const QUESTION = {
  reader: 1,
  wantRaw: true,
  records: [
    { sourceId: '1', fingerprint: 'a' },
    { sourceId: '2', fingerprint: 'b' },
  ],
}
const STORED: Known[] = [{ index: 0, kind: 'stored', reader: 1, removed: false, same: true, raw: null }]
const store = { knownCars: async (): Promise<Known[]> => STORED }

describe('lookUpsOf', () => {
  it('takes every record for new where nothing is stored', async () => {
    assert.deepEqual(await lookUpsOf(store, true).knownCars(QUESTION), [
      { index: 0, kind: 'new' },
      { index: 1, kind: 'new' },
    ])
  })

  it('asks the store where something is', async () => {
    assert.equal(await lookUpsOf(store, false).knownCars(QUESTION), STORED)
  })

  it('asks the store from the first car on that was stored already', async () => {
    const lookUps = lookUpsOf(store, true)
    lookUps.distrust()
    assert.equal(await lookUps.knownCars(QUESTION), STORED)
  })
})
