import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../bench/pace/scenario.ts'
import { secondRun } from '../../bench/pace/second-run.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'
import type { Bucket } from '../../src/pace/bucket/bucket.ts'
import { bucketAccepted } from '../../src/pace/bucket/bucket-accepted.ts'
import { isLookDue, lookUp } from '../../src/pace/bucket/bucket-look-up.ts'
import { type Remembered, remember, startPace } from '../../src/pace/start.ts'
import { NOW, times } from './driving.ts'

const HOUR = 3_600_000

const learned = (agoMs: number, held: number): Bucket => {
  const limit = { kind: 'rate', rate: 50, burst: 1, narrow: false, steady: false, held } as const
  const remembered: Remembered = { at: NOW - agoMs, limit, cap: null, concurrency: 8, gateUntil: 0 }
  return startPace({ now: NOW, pages: 2000, remembered }).shape as Bucket
}

describe('a bucket that has rested', () => {
  it('may be full: what it held is kept, and is used up at the first look without a higher step', () => {
    assert.equal(lookUp(learned(HOUR, 50), NOW).search?.need, 500)
    assert.equal(lookUp({ ...learned(HOUR, 50), walls: [{ at: NOW, lostMs: 0 }] }, NOW).search?.need, 61)
    // Not for all that is left: the limit may have been raised.
    assert.equal(lookUp(learned(HOUR, 50), NOW, { left: 400, latencyMs: 150 }).search?.need, 200)
  })

  it('would pay for a creep, which therefore tells nothing', () => {
    const crept = (from: Bucket): number =>
      times(370, (i) => NOW + 20 * i).reduce((each, at) => bucketAccepted(each, at, at, 1000), { ...from, clean: 0 })
        .rate
    assert.equal(crept(learned(HOUR, 50)), 49.5)
    assert.ok(crept(learned(HOUR, 0)) > 49.5)
  })

  it('is looked at soon, for its limit may have been raised', () => {
    assert.equal(isLookDue({ ...learned(HOUR, 50), clean: learned(HOUR, 50).clean + 150 }), true)
    assert.equal(isLookDue({ ...learned(1000, 50), clean: learned(1000, 50).clean + 150 }), false)
  })

  it('is what the first run has met', () => {
    const { pace } = simulate(scenario('', bucket(50, 60), 'silent'), 1)
    const { limit } = remember(pace, NOW)
    assert.ok(limit.kind === 'rate' && limit.held! > 50 && limit.held! < 70, JSON.stringify(limit))
  })

  it('is refused little in the second run', () => {
    const refused = times(6, (i) => secondRun(scenario('', bucket(50, 60), 'silent'), i + 1)).map(
      (run) => run.refused / run.requests,
    )
    assert.ok(refused.reduce((sum, share) => sum + share, 0) / 6 < 0.003, `${refused}`)
  })
})
