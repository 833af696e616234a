import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Latency, noLatency, observeLatency } from '../../../src/pace/width/latency.ts'
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
