import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fullJitter } from '../../src/pace/backoff.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('fullJitter', () => {
  it('doubles its ceiling with every attempt, up to the cap', () => {
    const ceilings = [1, 2, 3, 4, 5].map((attempt) => fullJitter(attempt, 1, 100, 1000))
    assert.deepEqual(ceilings, [100, 200, 400, 800, 1000])
  })

  it('is uniform under its ceiling: as random as what it is given', () => {
    assert.equal(fullJitter(3, 0, 100, 1000), 0)
    assert.equal(fullJitter(3, 0.25, 100, 1000), 100)
    assert.equal(fullJitter(3, 0.5, 100, 1000), 200)
  })

  it('stays between nothing and the cap for any attempt, even absurd ones', () => {
    fc.assert(
      fc.property(fc.integer(), random, fc.nat(10_000), fc.nat(100_000), (attempt, at, base, cap) => {
        const wait = fullJitter(attempt, at, base, cap)
        assert.ok(wait >= 0 && wait <= cap, String(wait))
      }),
    )
  })

  it('takes an attempt before the first for the first', () => {
    assert.equal(fullJitter(0, 1, 100, 1000), 100)
  })
})
