import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../bench/pace/scenario.ts'
import { secondRun, takeOver } from '../../bench/pace/second-run.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'
import { type Bucket, bucketSent, bucketWait, startBucket } from '../../src/pace/bucket/bucket.ts'
import { bucketAccepted } from '../../src/pace/bucket/bucket-accepted.ts'
import { isLookDue, lookUp } from '../../src/pace/bucket/bucket-look-up.ts'
import { type Remembered, remember, startPace } from '../../src/pace/start.ts'
import { NOW, times } from './driving.ts'

const HOUR = 3_600_000

const keptOf = (agoMs: number, held: number): Remembered => {
  const limit = { kind: 'rate', rate: 50, burst: 1, narrow: false, steady: false, held } as const
  return { at: NOW - agoMs, limit, cap: null, concurrency: 8, gateUntil: 0 }
}
const learned = (agoMs: number, held: number): Bucket =>
  startPace({ now: NOW, pages: 2000, remembered: keptOf(agoMs, held) }).shape as Bucket

/** How many may leave at once when a process takes over. */
const spent = (agoMs: number, held: number): number => {
  let bucket = learned(agoMs, held)
  let count = 0
  for (; bucketWait(bucket, NOW) === 0; count++) bucket = bucketSent(bucket, NOW)
  return count
}

describe('a bucket that has rested', () => {
  it('may be full: what it held is kept, and is used up at the first look without a higher step', () => {
    assert.equal(lookUp(learned(HOUR, 50), NOW).search?.need, 610)
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

  it('is spent by the process that takes over, as far as it has surely filled: the other may have gone on for three seconds', () => {
    assert.deepEqual([spent(20_000, 50), spent(3500, 50), spent(2000, 50)], [40, 20, 1])
    // What may be there besides is used up at the first look.
    assert.equal(learned(20_000, 50).rested, 10)
    assert.equal(spent(HOUR, 50), 1)
  })

  it('is kept whole from one process to the next', () => {
    const opening = { admitted: times(60, (i) => NOW - 60 + i), wallAt: NOW }
    // A guess that it is a short window had taken its room away.
    const shape = { ...startBucket({ rate: 50, at: NOW, opening }), burst: 1, sure: true }
    let pace = { ...startPace({ now: NOW }), shape, opening }
    for (const at of [NOW, NOW + 20_000, NOW + 40_000]) {
      const remembered = remember(pace, at)
      const { limit } = remembered
      assert.ok(limit.kind === 'rate' && limit.held! > 56 && limit.burst > 0.79 * limit.held!, JSON.stringify(limit))
      pace = startPace({ now: at + 20_000, remembered }) as typeof pace
    }
  })

  it('is refused little in the process that takes over', () => {
    const runs = times(6, (i) => takeOver(scenario('', bucket(50, 60), 'silent'), i + 1))
    assert.ok(runs.reduce((sum, { refused, requests }) => sum + refused / requests, 0) / 6 < 0.003)
    assert.ok(runs.reduce((sum, { ms, leastMs }) => sum + ms / leastMs, 0) / 6 < 1.01)
  })

  it('is refused little in the second run', () => {
    const refused = times(6, (i) => secondRun(scenario('', bucket(50, 60), 'silent'), i + 1)).map(
      (run) => run.refused / run.requests,
    )
    assert.ok(refused.reduce((sum, share) => sum + share, 0) / 6 < 0.003, `${refused}`)
  })
})
