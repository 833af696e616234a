import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scenario } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { bucket } from '../../../bench/pace/table.ts'
import { type Bucket, type Search, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { tried } from '../../../src/pace/bucket/bucket-trial.ts'
import { NOW } from '../driving.ts'

const search = (members: Partial<Search> = {}): Search => ({
  low: null,
  high: null,
  step: 2,
  need: 4,
  passed: 3,
  sinceAt: NOW,
  ...members,
})
const bucketAt = (rate: number): Bucket => startBucket({ rate, at: NOW, search: search({ low: rate }) })

describe('tried', () => {
  it('goes up in steps until something is refused, and down until something goes well', () => {
    const up = tried(bucketAt(5), search({ low: 5 }), NOW)
    assert.equal(up.rate, 10)
    const down = tried(bucketAt(5), search({ high: 5 }), NOW)
    assert.equal(down.rate, 2.5)
  })

  it('then goes between what went well and what did not', () => {
    const { rate } = tried(bucketAt(5), search({ low: 5, high: 20 }), NOW)
    assert.ok(rate > 5 && rate < 20)
  })

  it('tries once more what alone was refused, where all up to just under it is let in: somebody else may have been there', () => {
    const narrow = startBucket({ rate: 2.9, at: NOW, narrow: true })
    const again = tried(narrow, search({ low: 2.9, high: 3, refused: 1 }), NOW)
    assert.deepEqual([again.rate, again.search?.high, again.search?.low], [3, null, 2.9])
    assert.equal(tried(narrow, search({ low: 2.9, high: 3, refused: 2 }), NOW).search, null)
    // What is saved up pays for a few.
    assert.equal(tried(bucketAt(2.9), search({ low: 2.9, high: 3, refused: 1 }), NOW).search, null)
  })

  it('does not stay at a seventh of the limit for a single refusal', () => {
    const shared = scenario('', bucket(20, 3), 'retry-after', { tenant: 8, pages: 600 })
    const { ms, leastMs } = simulate(shared, 12)
    assert.ok(ms < 4 * leastMs, `${ms / leastMs}`)
  })

  it('begins each trial anew', () => {
    const next = tried(bucketAt(5), search({ low: 5 }), NOW + 700)
    assert.equal(next.search?.passed, 0)
    assert.equal(next.search?.sinceAt, NOW + 700)
  })

  it('ends just under the limit, after few trials, wherever that lies', () => {
    const rates = fc.double({ min: 0.1, max: 500, noNaN: true })
    fc.assert(
      fc.property(rates, rates, fc.double({ min: 1.3, max: 3, noNaN: true }), (limit, begin, step) => {
        const first = begin <= limit ? search({ low: begin, step }) : search({ high: begin, step })
        let each = tried(bucketAt(begin), first, NOW)
        let trials = 0
        for (; each.search !== null; trials++) {
          assert.ok(trials < 60, 'it does not end')
          const { rate } = each
          const said = rate <= limit ? { low: rate } : { high: rate }
          each = tried(each, { ...each.search, ...said }, NOW)
        }
        assert.ok(each.rate <= limit && each.rate > 0.85 * limit, `${each.rate} for ${limit}`)
      }),
    )
  })
})
