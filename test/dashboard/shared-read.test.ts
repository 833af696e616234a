import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sharedRead } from '../../dashboard/shared-read.ts'

describe('sharedRead', () => {
  const scene = (tookMs = 0) => {
    const state = { at: 0, reads: 0, broken: false, turn: 0 }
    const read = sharedRead(
      async () => {
        state.reads++
        state.at += tookMs
        if (state.broken) throw new Error('broken')
        return state.reads
      },
      5000,
      () => state.at,
      () => state.turn,
    )
    return { state, read }
  }

  it('reads once for all who ask until the answer is old', async () => {
    const { state, read } = scene()
    assert.deepEqual(await Promise.all([read(), read(), read()]), [1, 1, 1])
    state.at = 4999
    assert.equal(await read(), 1)
    state.at = 5000
    assert.equal(await read(), 2)
  })

  it('takes at most a twentieth of the time', async () => {
    const { state, read } = scene(1000)
    assert.equal(await read(), 1)
    state.at = 20_999
    assert.equal(await read(), 1)
    state.at = 21_000
    assert.equal(await read(), 2)
  })

  it('takes nothing that was read, or begun to be read, before a turn for an answer after it', async () => {
    const { state, read } = scene()
    const before = read()
    state.turn++
    assert.equal(await read(), 2)
    assert.equal(await before, 1)
    assert.equal(await read(), 2)
  })

  it('keeps no error', async () => {
    const { state, read } = scene()
    state.broken = true
    await assert.rejects(read(), /broken/)
    state.broken = false
    assert.equal(await read(), 2)
  })
})
