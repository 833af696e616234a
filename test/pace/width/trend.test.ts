import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { randomStream } from '../../../demo/random.ts'
import { elasticityAt, noTrend, observeTrend } from '../../../src/pace/width/trend.ts'
import { times } from '../driving.ts'

/** So many answers at each of the widths from 8 to 16, one after the other. */
const seen = (count: number, took: (width: number) => number, from = noTrend) =>
  times(9, (i) => 8 + i)
    .flatMap((width) => times(count, () => ({ width, tookMs: took(width) })))
    .reduce(observeTrend, from)

describe('the trend of what answers take', () => {
  it('tells nothing by a few answers, or by a single width', () => {
    assert.equal(elasticityAt(noTrend, 8), null)
    assert.equal(
      elasticityAt(
        seen(1, () => 100),
        12,
      ),
      null,
    )
    assert.equal(elasticityAt(times(50, () => ({ width: 8, tookMs: 100 })).reduce(observeTrend, noTrend), 8), null)
  })

  it('is flat where answers come no later, and one where all wait in line', () => {
    assert.ok(
      Math.abs(
        elasticityAt(
          seen(20, () => 100),
          16,
        )!.elasticity,
      ) < 1e-9,
    )
    const { elasticity, error } = elasticityAt(
      seen(20, (width) => 10 * width),
      16,
    )!
    assert.ok(Math.abs(elasticity - 1) < 1e-9 && error < 1e-3)
    assert.ok(
      elasticityAt(
        seen(20, (width) => width ** 2),
        16,
      )!.elasticity > 1.4,
    )
  })

  it('is off by about as much as it says', () => {
    const off = times(200, (seed) => {
      const random = randomStream(seed)
      const trend = seen(40, (width) => -10 * width * Math.log(1 - random()))
      const { elasticity, error } = elasticityAt(trend, 12)!
      return Math.abs(elasticity - 1) / error
    })
    const within = off.filter((errors) => errors < 1).length / off.length
    assert.ok(within > 0.5 && within < 0.85, `${within}`)
  })

  it('forgets', () => {
    const later = seen(
      400,
      () => 100,
      seen(20, (width) => 10 * width),
    )
    assert.ok(Math.abs(elasticityAt(later, 12)!.elasticity) < 0.1)
  })
})
