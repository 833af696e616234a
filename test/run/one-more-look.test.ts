import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isWorthALook } from '../../src/run/one-more-look.ts'

/** How many looks there are when each lasts `eachMs`, in a run that has worked for `activeMs` before. */
const looksOf = (eachMs: number, activeMs: number): number => {
  let looks = 0
  while (isWorthALook(looks, looks * eachMs, activeMs + looks * eachMs)) looks++
  return looks
}

describe('isWorthALook', () => {
  it('allows a dozen where they are short', () => {
    assert.equal(looksOf(50, 1000), 12)
    assert.equal(looksOf(50, 10_000_000), 12)
  })

  it('stops after three where each takes long', () => {
    assert.equal(looksOf(4000, 20_000), 3)
    assert.equal(looksOf(600_000, 0), 3)
  })

  it('has more patience in a run that takes long anyway', () => {
    assert.equal(looksOf(4000, 400_000), 6)
  })
})
