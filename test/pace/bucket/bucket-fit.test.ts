import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EXACT, fitRate, type Known, runsOf } from '../../../src/pace/bucket/bucket-fit.ts'
import { type Met, metBy } from '../waiting.ts'

const WAIT_MS = 1000

/** The rate that is told of a source, and between which it lies. */
const told = ({ walls, opening, traffic }: Met): Known => {
  const known = fitRate(walls, opening, traffic)
  assert.ok(known !== null)
  return known
}

describe('the rate between refusals', () => {
  it('is told whether a wait saves up all that flows in, or only what the bucket holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 60 }), fc.integer({ min: 5, max: 90 }), (rate, burst) => {
        // Runs of different length: each pace above the rate is refused after another time.
        const met = metBy({ rate, burst, waitMs: WAIT_MS, paces: [3, 1.3, 1.6, 1.2].map((times) => times * rate) })
        const { low, high, error } = told(met)
        assert.ok(low < 1.03 * rate && high > 0.97 * rate, `${low} to ${high} with ${rate} a second and ${burst}`)
        if (error < EXACT) assert.ok(Math.abs(told(met).rate / rate - 1) < 0.05)
      }),
    )
  })

  it('is not taken for less because less was asked for', () => {
    const met = metBy({ rate: 40, burst: 20, waitMs: WAIT_MS, paces: [120, 60], slowFirst: { pace: 10, forMs: 5000 } })
    assert.ok(Math.abs(told(met).rate / 40 - 1) < 0.05, `${told(met).rate}`)
  })

  it('is one in between where far different ones explain the same, and known to be no more than that', () => {
    const { low, high, rate, error } = told(metBy({ rate: 30, burst: 10, waitMs: WAIT_MS, paces: [60, 60] }))
    assert.ok(low < 20 && high > 30)
    assert.ok(low < rate && rate < high)
    assert.ok(error > 0.5)
  })

  it('is not told by a few requests', () => {
    const { walls, opening, traffic } = metBy({ rate: 50, burst: 60, waitMs: WAIT_MS, paces: [150] })
    assert.equal(fitRate(walls.slice(0, 1), opening, traffic), null)
  })
})

describe('runs', () => {
  it('of a few requests are taken together with their neighbours', () => {
    const { walls, traffic } = metBy({ rate: 4, burst: 2, waitMs: WAIT_MS, paces: [8, 8, 8, 8, 8, 8, 8, 8] })
    const runs = runsOf(walls, traffic)
    assert.ok(runs.length < walls.length - 1)
    for (const { admitted } of runs) assert.ok(admitted.length >= 20)
  })
})
