import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
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
        let bucket = tried(bucketAt(begin), first, NOW)
        let trials = 0
        for (; bucket.search !== null; trials++) {
          assert.ok(trials < 60, 'it does not end')
          const { rate } = bucket
          const said = rate <= limit ? { low: rate } : { high: rate }
          bucket = tried(bucket, { ...bucket.search, ...said }, NOW)
        }
        assert.ok(bucket.rate <= limit && bucket.rate > 0.85 * limit, `${bucket.rate} for ${limit}`)
      }),
    )
  })
})
