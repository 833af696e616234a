import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type LeastTimeFacts, leastTime } from '../../src/run/least-time.ts'

const facts = (members: Partial<LeastTimeFacts> = {}): LeastTimeFacts => ({
  pages: { done: 40, total: 40 },
  learned: { requestsPerSecond: 2, burst: 10, concurrency: 4 },
  answerMs: 200,
  ...members,
})

describe('leastTime', () => {
  it('is what the limit allows: the burst at once, then its rate', () => {
    assert.deepEqual(leastTime(facts()), { ms: 15_000, by: 'limit' })
    assert.deepEqual(leastTime(facts({ answerMs: null })), { ms: 15_000, by: 'limit' })
  })

  it('is what the width allows where no limit was met, or the burst is enough', () => {
    const learned = { requestsPerSecond: null, concurrency: 4 }
    assert.deepEqual(leastTime(facts({ learned })), { ms: 2000, by: 'width' })
    assert.deepEqual(leastTime(facts({ pages: { done: 10, total: 10 } })), { ms: 500, by: 'width' })
  })

  it('is of the pages that were read and had to be', () => {
    assert.deepEqual(leastTime(facts({ pages: { done: 20, total: 40 } })), { ms: 5000, by: 'limit' })
    assert.deepEqual(leastTime(facts({ pages: { done: 50, total: 40 } })), { ms: 15_000, by: 'limit' })
    assert.deepEqual(leastTime(facts({ pages: { done: 40, total: null } })), { ms: 15_000, by: 'limit' })
  })

  it('is not known where nothing was read, learned or measured', () => {
    assert.equal(leastTime(facts({ pages: { done: 0, total: 40 } })), null)
    assert.equal(leastTime(facts({ learned: null })), null)
    assert.equal(leastTime(facts({ learned: { requestsPerSecond: 2, concurrency: 4 } })), null, 'no burst was kept')
    const learned = { requestsPerSecond: null, concurrency: 4 }
    assert.equal(leastTime(facts({ learned, answerMs: null })), null)
    assert.equal(leastTime(facts({ learned: { ...learned, concurrency: 0 } })), null)
  })

  it('is never more than the fastest lawful way takes, through a bucket or a window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 60 }), (n, quota) => {
        const windowMs = 6000
        const bound = leastTime({
          pages: { done: n, total: n },
          learned: { requestsPerSecond: (quota * 1000) / windowMs, burst: quota, concurrency: 1 },
          answerMs: null,
        })
        const inWindows = (Math.ceil(n / quota) - 1) * windowMs
        const inBucket = Math.max(0, n - quota) * (windowMs / quota)
        assert.ok((bound?.ms ?? 0) <= Math.min(inWindows, inBucket) + 1e-6)
      }),
    )
  })
})
