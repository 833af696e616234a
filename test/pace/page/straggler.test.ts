import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Latencies, mayAskTwice, overdueAfterMs, withLatency } from '../../../src/pace/page/straggler.ts'

const seen = (...spans: number[]): Latencies => spans.reduce(withLatency, [] as Latencies)
const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)

describe('overdueAfterMs', () => {
  it('is never, before five pages have come', () => {
    assert.equal(overdueAfterMs(seen(...times(4, 100))), Number.POSITIVE_INFINITY)
    assert.equal(overdueAfterMs(seen(...times(5, 1000))), 3000)
  })

  it('is not less than 400 ms', () => {
    assert.equal(overdueAfterMs(seen(...times(50, 3))), 400)
  })

  it('is the 95th percentile where a few pages are always slow', () => {
    assert.equal(overdueAfterMs(seen(...times(90, 100), ...times(10, 5000))), 5000)
    assert.equal(overdueAfterMs(seen(...times(99, 200), 9000)), 3 * (99 * 200 + 9000) * 0.01)
  })

  it('forgets all but the last hundred', () => {
    assert.equal(overdueAfterMs(seen(...times(500, 60_000), ...times(100, 200))), 600)
    assert.equal(seen(...times(500, 1)).length, 100)
  })

  it('is at least three times the mean and the latency of nineteen in twenty', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 5, maxLength: 100 }), (spans) => {
        const after = overdueAfterMs(seen(...spans))
        const mean = spans.reduce((sum, ms) => sum + ms, 0) / spans.length
        assert.ok(after >= 400 && after >= 3 * mean - 1e-6)
        assert.ok(spans.filter((ms) => ms <= after).length >= 0.95 * spans.length)
        assert.ok(after <= Math.max(400, 3 * mean + 1e-6, ...spans))
      }),
    )
  })
})

describe('mayAskTwice', () => {
  it('allows two, and one more for every hundred pages', () => {
    const most = (pages: number): number => {
      let twice = 0
      while (mayAskTwice(pages, twice)) twice++
      return twice
    }
    assert.deepEqual([1, 99, 100, 190, 1900].map(most), [2, 2, 3, 3, 21])
  })
})
