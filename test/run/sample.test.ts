import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { samplePages } from '../../src/run/sample.ts'

describe('samplePages', () => {
  it('picks different pages that there are, the same for a seed and others for another', () => {
    const picked = samplePages(1000, 20, 'a')
    assert.equal(new Set(picked).size, 20)
    assert.ok(picked.every((page) => Number.isInteger(page) && page >= 1 && page <= 1000))
    assert.deepEqual(samplePages(1000, 20, 'a'), picked)
    assert.notDeepEqual(samplePages(1000, 20, 'b'), picked)
  })

  it('picks all where more are wanted than there are', () => {
    assert.deepEqual(
      samplePages(3, 10, 'a').sort((a, b) => a - b),
      [1, 2, 3],
    )
  })

  it('reaches the first and the last page', () => {
    const seen = new Set(Array.from({ length: 200 }, (_, seed) => samplePages(4, 1, String(seed))[0]))
    assert.deepEqual([...seen].sort(), [1, 2, 3, 4])
  })
})
