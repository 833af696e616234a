import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { admit, type Limit, type LimitState } from '../../../demo/limits.ts'
import { type Allowance, admittedWithin, freshAfterMs, lowerBoundMs } from './lower-bound.ts'

const cases: readonly [Allowance, number, number][] = [
  [{ kind: 'token-bucket', rate: 20, burst: 1 }, 1, 0],
  [{ kind: 'token-bucket', rate: 20, burst: 1 }, 101, 5000],
  [{ kind: 'token-bucket', rate: 20, burst: 41 }, 101, 3000],
  [{ kind: 'fixed-window', quota: 50, windowMs: 2000 }, 50, 0],
  [{ kind: 'fixed-window', quota: 50, windowMs: 2000 }, 51, 2000],
  [{ kind: 'sliding-window', quota: 50, windowMs: 2000 }, 150, 4000],
  [{ kind: 'sliding-counter', quota: 50, windowMs: 2000 }, 50, 0],
  [{ kind: 'sliding-counter', quota: 50, windowMs: 2000 }, 51, 2000],
  [{ kind: 'sliding-counter', quota: 50, windowMs: 2000 }, 101, 4000],
  [{ kind: 'leaky-queue', rate: 20, burst: 10 }, 1, 0],
  [{ kind: 'leaky-queue', rate: 20, burst: 10 }, 101, 5000],
  [{ kind: 'concurrency', cap: 4 }, 1, 100],
  [{ kind: 'concurrency', cap: 4 }, 41, 1100],
]

describe('the lower bound', () => {
  for (const [limit, requests, ms] of cases)
    it(`${JSON.stringify(limit)}: ${requests} requests need ${ms} ms`, () => {
      assert.equal(lowerBoundMs(limit, requests, 100), ms)
      assert.ok(admittedWithin(limit, ms, 100) >= requests)
    })

  it('adds up what limits let through of which any is enough', () => {
    const window = (quota: number, windowMs: number): Allowance => ({ kind: 'fixed-window', quota, windowMs })
    const limit: Allowance = { kind: 'any', of: [window(20, 1000), window(40, 5000)] }
    assert.equal(lowerBoundMs(limit, 60, 100), 0)
    assert.equal(lowerBoundMs(limit, 61, 100), 1000)
    assert.equal(lowerBoundMs(limit, 141, 100), 5000)
    assert.equal(lowerBoundMs(limit, 200, 100), 5000)
    assert.equal(freshAfterMs(limit), 5000)
  })

  it('waits for all limits that have to let a request pass', () => {
    const window = (quota: number, windowMs: number) => ({ kind: 'fixed-window', quota, windowMs }) as const
    const limit: Allowance = { kind: 'all', of: [window(20, 1000), window(150, 15_000)] }
    const needs = [20, 21, 150, 151, 171, 300].map((requests) => lowerBoundMs(limit, requests, 100))
    assert.deepEqual(needs, [0, 1000, 7000, 15_000, 16_000, 22_000])
    assert.equal(freshAfterMs(limit), 15_000)
  })

  it('is just what a caller needs who asks every millisecond', () => {
    const limits: fc.Arbitrary<Exclude<Limit, { kind: 'concurrency' }>> = fc.oneof(
      fc.record({
        kind: fc.constant('token-bucket' as const),
        rate: fc.integer({ min: 1, max: 200 }),
        burst: fc.integer({ min: 1, max: 50 }),
      }),
      fc.record({
        kind: fc.constantFrom('fixed-window' as const, 'sliding-window' as const),
        quota: fc.integer({ min: 1, max: 50 }),
        windowMs: fc.integer({ min: 10, max: 1000 }),
      }),
    )
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 300 }), (limit, requests) => {
        let state: LimitState = { kind: 'fresh' }
        let admitted = 0
        let now = 0
        for (; ; now++) {
          // As often at one instant as anything passes.
          for (let passes = true; passes && admitted < requests; ) {
            const admission = admit(limit, state, now)
            state = admission.state
            passes = admission.ok
            if (passes) admitted++
          }
          if (admitted === requests) break
        }
        // The demo forgives a thousandth of a token each time; and where nothing is saved up, each token comes up to a
        // millisecond before it is asked for.
        const slack = limit.kind === 'token-bucket' ? 1 + requests / limit.rate + (limit.burst === 1 ? requests : 0) : 0
        assert.ok(Math.abs(now - lowerBoundMs(limit, requests, 100)) <= slack, `${now} ms`)
      }),
      { numRuns: 50 },
    )
  })
})
