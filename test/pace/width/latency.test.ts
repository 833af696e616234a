import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Latency, noLatency, observeLatency, refusableShare } from '../../../src/pace/width/latency.ts'
import { times } from '../driving.ts'

const seen = (spans: readonly number[], from: Latency = noLatency): Latency => spans.reduce(observeLatency, from)

describe('observeLatency', () => {
  it('knows after a few answers how long one takes', () => {
    const { samples, meanMs } = seen([90, 110, 100])
    assert.equal(samples, 3)
    assert.ok(Math.abs(meanMs - 100) < 1)
  })

  it('lies within what was seen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 300 }), (spans) => {
        const { meanMs } = seen(spans)
        const [least, most] = [Math.min(...spans) - 1e-6, Math.max(...spans) + 1e-6]
        assert.ok(meanMs >= least && meanMs <= most, `mean ${meanMs}`)
      }),
    )
  })

  it('follows the mean both ways', () => {
    const later = seen(
      times(200, () => 400),
      seen(times(50, () => 100)),
    )
    assert.ok(Math.abs(later.meanMs - 400) < 20, `${later.meanMs}`)
    const sooner = seen(
      times(200, () => 100),
      later,
    )
    assert.ok(Math.abs(sooner.meanMs - 100) < 20, `${sooner.meanMs}`)
  })

  it('does not take one answer in a thousand for the usual', () => {
    const usual = seen(times(100, () => 100))
    assert.ok(observeLatency(usual, 60_000).meanMs < 125)
  })
})

describe('what a wall can refuse', () => {
  it('is all that is in flight where answers take alike, or few have come', () => {
    assert.equal(refusableShare(noLatency), 1)
    assert.equal(refusableShare(seen([10, 100, 100])), 1)
    assert.equal(refusableShare(seen(times(200, (i) => 100 + (i % 3)))), 1)
  })

  it('is the share of an answer that a refusal takes where they are served for long', () => {
    // Forty on their way, and up to two hundred at the source.
    const share = refusableShare(seen(times(400, (i) => 40 + ((i * 61) % 200))))
    assert.ok(share > 0.4 && share < 0.6, `${share}`)
    assert.ok(refusableShare(seen(times(400, (i) => 1 + ((i * 61) % 200)))) >= 1 / 3, 'and never next to nothing')
  })

  it('is more again once none comes as quickly any more', () => {
    const once = seen(
      times(2000, () => 100),
      seen(times(20, (i) => (i === 10 ? 5 : 100))),
    )
    assert.ok(refusableShare(once) > 0.95, `${refusableShare(once)}`)
  })

  it('lies between a third and all', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 300 }), (spans) => {
        const share = refusableShare(seen(spans))
        assert.ok(share >= 1 / 3 && share <= 1)
      }),
    )
  })
})
