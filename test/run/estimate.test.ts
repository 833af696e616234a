import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Estimate, etaOf, observe, type Sample, speedOf, startEstimate } from '../../src/run/estimate.ts'

const at = (ms: number, cars: number): Sample => ({ at: ms, cars, pages: cars / 10, requests: cars / 5 })

/** Samples every 100 ms from 0 to `untilMs`, with the cars that `carsAt` tells. */
const watch = (untilMs: number, carsAt: (ms: number) => number): Estimate => {
  let estimate = startEstimate(at(0, carsAt(0)))
  for (let ms = 100; ms <= untilMs; ms += 100) estimate = observe(estimate, at(ms, carsAt(ms)))
  return estimate
}

describe('speedOf', () => {
  it('is not known before anything was done, however long that takes', () => {
    assert.equal(speedOf(startEstimate(at(5, 100)), 'cars'), null)
    const waited = watch(90_000, () => 100)
    assert.equal(speedOf(waited, 'cars'), null)
    const asked = observe(waited, { ...at(90_100, 100), requests: 21 })
    assert.deepEqual([speedOf(asked, 'cars'), speedOf(asked, 'requests')! > 0], [null, true])
  })

  it('is nothing where nothing is done any more, for as long as that takes', () => {
    const stalled = watch(200_000, (ms) => Math.min(ms, 20_000))
    assert.equal(speedOf(stalled, 'cars'), 0)
  })

  it('is the speed itself when that is steady, of cars, pages and requests alike', () => {
    const estimate = watch(30_000, (ms) => ms / 2)
    assert.equal(speedOf(estimate, 'cars'), 500)
    assert.equal(speedOf(estimate, 'pages'), 50)
    assert.equal(speedOf(estimate, 'requests'), 100)
  })

  it('forgets what was longer ago than ten seconds', () => {
    assert.equal(
      speedOf(
        watch(30_000, (ms) => Math.max(0, ms - 20_000)),
        'cars',
      ),
      1000,
    )
    assert.equal(
      speedOf(
        watch(30_000, (ms) => Math.min(ms, 20_000)),
        'cars',
      ),
      0,
    )
  })

  it('does not count what a resumed run had done before', () => {
    assert.equal(speedOf(observe(startEstimate(at(0, 90_000)), at(1000, 90_100)), 'cars'), 100)
  })
})

describe('observe', () => {
  it('keeps a minute', () => {
    const { samples } = watch(200_000, (ms) => ms)
    assert.equal(samples[0]!.at, 140_000)
    assert.equal(samples.at(-1)!.at, 200_000)
  })
})

describe('etaOf', () => {
  it('is not known without a goal, without movement, and in the first second', () => {
    assert.equal(
      etaOf(
        watch(30_000, (ms) => ms),
        'cars',
        null,
      ),
      null,
    )
    assert.equal(
      etaOf(
        watch(30_000, () => 7),
        'cars',
        10,
      ),
      null,
    )
    assert.equal(
      etaOf(
        watch(900, (ms) => ms),
        'cars',
        10,
      ),
      null,
    )
  })

  it('is nothing when nothing is left', () => {
    assert.deepEqual(etaOf(startEstimate(at(0, 0)), 'cars', 0), { low: 0, high: 0 })
    assert.deepEqual(etaOf(startEstimate(at(0, 0)), 'cars', -3), { low: 0, high: 0 })
  })

  it('holds the true time inside its range while the speed is steady', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 1_000_000 }), (perSecond, left) => {
        const eta = etaOf(
          watch(5000, (ms) => (ms * perSecond) / 1000),
          'cars',
          left,
        )!
        const truth = (left / perSecond) * 1000
        assert.ok(eta.low <= truth + 1 && truth <= eta.high + 1, `${eta.low} ${truth} ${eta.high}`)
        assert.ok(eta.high <= truth * 1.11 + 1, 'no wider than need be')
      }),
    )
  })

  it('reaches from the recent speed to that of the last minute', () => {
    // 100/s for 50 s, then 1000/s for 10 s.
    const eta = etaOf(
      watch(60_000, (ms) => ms / 10 + Math.max(0, ms - 50_000) * 0.9),
      'cars',
      10_000,
    )!
    assert.equal(eta.low, Math.round(10 * 950))
    assert.ok(eta.high > 30_000, 'at 250/s, the mean of the minute')
  })
})
