import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { atOnce } from '../../../bench/pace/at-once.ts'
import { faulty } from '../../../bench/pace/faulty.ts'
import type { Scenario } from '../../../bench/pace/scenario.ts'
import { secondRun, takeOver } from '../../../bench/pace/second-run.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { startBucket } from '../../../src/pace/bucket/bucket.ts'
import { type Pace, waitBefore } from '../../../src/pace/pace.ts'
import { type Remembered, remember, startPace } from '../../../src/pace/start.ts'
import { allowanceOf, whyOf } from '../../../src/pace/why.ts'
import { provenBucket, settledBucket } from '../../../src/pace/window/longer-quota.ts'
import { startWindow } from '../../../src/pace/window/window.ts'
import { letInMany, NOW, times, turnedAway } from '../driving.ts'

const MINUTE = 60_000
const SEEDS = [1, 2, 3, 4]

const source = (scenarios: readonly Scenario[], name: string, tells: string): Scenario =>
  scenarios.find((each) => each.name === name && each.tells === tells)!

/** The pace at the end, and the share refused in the latter half of the requests. */
const ended = (scenario: Scenario, seed: number): { pace: Pace; late: number; time: number } => {
  const { pace, trace, ms, leastMs, left } = simulate(scenario, seed)
  assert.deepEqual(left, [], 'every page was read')
  const late = trace.slice(trace.length / 2)
  return { pace, late: late.filter(({ status }) => status === 429).length / late.length, time: ms / leastMs }
}

/** Whether the pace holds about so many a second, and just so many a minute. */
const isNear = ({ shape, longer }: Pace, rate: number, perMinute: number): boolean =>
  shape.kind === 'bucket' &&
  Math.abs(shape.rate / rate - 1) < 0.25 &&
  longer !== null &&
  Math.abs((longer.quota * MINUTE) / longer.windowMs / perMinute - 1) <= 0.02

/** 10 a second and 100 in five minutes, of which all are used up. */
const usedUp = (): Pace => {
  const shape = { ...startBucket({ rate: 10, at: NOW }), steady: true, sure: true, met: true }
  const longer = startWindow(100, 5 * MINUTE, { after: NOW - 1, by: NOW }, true)
  return letInMany({ ...startPace({ now: NOW }), shape, longer }, 100, NOW, 200)
}

describe('a source with so many a second and so many a minute', () => {
  for (const tells of ['silent', 'retry-after'])
    for (const [name, rate, perMinute] of [
      ['fixed 10/s and 300/min', 10, 300],
      ['bucket 10/s burst 10 and fixed 300/min', 10, 300],
      ['bucket 5/s burst 1 and fixed 100/min', 5, 100],
    ] as const)
      it(`is asked by both: ${name}, ${tells}`, () => {
        const runs = SEEDS.map((seed) => ended(source(atOnce(), name, tells), seed))
        for (const [i, { late, time }] of runs.entries())
          assert.ok(late < 0.02 && time < 1.15, `seed ${SEEDS[i]}: ${late} refused, ${time} times the least`)
        // Chance may hide one of them: then it is an even pace, which both bear.
        const found = runs.filter(({ pace }) => isNear(pace, rate, perMinute))
        assert.ok(found.length >= SEEDS.length - 1, `${found.length} of ${SEEDS.length}`)
      })

  it('is asked by both where the faster limit is met within the window of the other', () => {
    const both = { kind: 'several', limits: [fixedSecond(5), fixedMinute(60)] } as const
    const scenario: Scenario = { ...source(atOnce(), 'fixed 10/s and 300/min', 'retry-after'), limit: both }
    for (const seed of SEEDS) {
      const { pace, late, time } = ended(scenario, seed)
      assert.ok(isNear(pace, 5, 60) || pace.longer?.quota === 120, `seed ${seed}: ${JSON.stringify(pace.longer)}`)
      assert.ok(late < 0.02 && time < 1.02, `seed ${seed}: ${late} refused, ${time} times the least`)
    }
  })

  it('has two windows where it lets in so many a minute and so many an hour', () => {
    const { pace } = ended(source(atOnce(), 'fixed 100/min and 1000/h', 'silent'), 1)
    assert.ok(pace.shape.kind === 'window' && pace.shape.quota === 100)
    assert.equal(pace.longer?.quota, 1000)
  })

  it('begins with both in the next run, and in one that takes over', () => {
    for (const tells of ['silent', 'retry-after']) {
      const scenario = source(atOnce(), 'bucket 5/s burst 1 and fixed 100/min', tells)
      for (const seed of SEEDS) {
        const second = secondRun(scenario, seed)
        assert.equal(second.lost, 0)
        assert.ok(second.refused < 0.007 * second.requests, `seed ${seed}: ${second.refused} refused`)
        assert.equal(takeOver(scenario, seed).lost, 0)
      }
    }
  })
})

const fixedSecond = (quota: number) => ({ kind: 'fixed-window', quota, windowMs: 1000, phaseMs: 400 }) as const
const fixedMinute = (quota: number) => ({ kind: 'fixed-window', quota, windowMs: MINUTE, phaseMs: 17_830 }) as const

describe('a quota beside a rate', () => {
  it('is waited for when it is used up, and the rate goes on then', () => {
    const pace = usedUp()
    const opensAt = NOW + 5 * MINUTE
    const wait = waitBefore(pace, NOW + 21_000)
    assert.ok(Math.abs(NOW + 21_000 + wait - opensAt) < 50, `${wait} ms`)
  })

  it('is kept, and the next run waits for it, too', () => {
    const kept = JSON.parse(JSON.stringify(remember(usedUp(), NOW + 21_000))) as Remembered
    const next = startPace({ now: NOW + 30_000, remembered: kept })
    assert.equal(next.longer?.quota, 100)
    assert.ok(next.shape.kind === 'bucket' && Math.abs(next.shape.rate - 10) < 0.2)
    assert.ok(waitBefore(next, NOW + 30_000) > 4 * MINUTE)
    // An hour later it is renewed.
    assert.ok(waitBefore(startPace({ now: NOW + 60 * MINUTE, remembered: kept }), NOW + 60 * MINUTE) < 1000)
  })

  it('is told of, and is what holds in the long run', () => {
    const pace = usedUp()
    assert.equal(whyOf(pace, NOW + 21_000), '10/s, and 100 requests in 5 min')
    assert.deepEqual(allowanceOf(pace), { rate: 1 / 3, burst: 100 })
  })

  it('is not what a single refusal far below it speaks of', () => {
    const shape = { ...startBucket({ rate: 10, at: NOW }), steady: true, sure: true, met: true }
    const longer = startWindow(100, 5 * MINUTE, { after: NOW - 1, by: NOW }, true)
    const pace = letInMany({ ...startPace({ now: NOW }), shape, longer }, 20, NOW, 200)
    const refused = turnedAway(pace, NOW + 5000)
    assert.equal(refused.longer?.quota, 100)
    assert.ok(refused.shape.kind === 'bucket' && refused.shape.rate < 10)
  })

  it('is corrected when two in a row are refused near its end, and the rate stays what it was', () => {
    const shape = { ...startBucket({ rate: 10, at: NOW }), steady: true, sure: true, met: true }
    const longer = startWindow(100, 5 * MINUTE, { after: NOW - 1, by: NOW }, true)
    const pace = letInMany({ ...startPace({ now: NOW }), shape, longer }, 95, NOW, 200)
    const twice = turnedAway(turnedAway(pace, NOW + 20_000), NOW + 20_500)
    assert.equal(twice.longer?.quota, 95)
    assert.ok(twice.shape.kind === 'bucket' && twice.shape.rate === (pace.shape as { rate: number }).rate)
  })

  it('is not taken for a limit that has fallen', () => {
    for (const seed of SEEDS) {
      const { pace } = ended(source(faulty(), 'counter 60/min, halves in mid-run', 'retry-after'), seed)
      assert.equal(pace.longer, null, `seed ${seed}`)
    }
  })
})

describe('a rate that is known', () => {
  const bucket = { ...startBucket({ rate: 10, at: NOW }), clean: 60, met: true }

  it('has held for three seconds, and was refused at its own pace or let in far more than was let in at first', () => {
    assert.equal(provenBucket(bucket, 0)?.rate, 10)
    assert.equal(provenBucket({ ...bucket, clean: 29 }, 0), null)
    assert.equal(provenBucket({ ...bucket, met: false }, 20)?.rate, 10)
    assert.equal(provenBucket({ ...bucket, met: false }, 21), null)
    const walls = times(3, (i) => ({ at: NOW + i, lostMs: 0 }))
    assert.equal(provenBucket({ ...bucket, met: false, walls: walls.slice(1) }, 0), null)
    assert.equal(provenBucket({ ...bucket, met: false, walls }, 0)?.rate, 10)
    assert.equal(provenBucket(null, 0), null)
  })

  it('is where a look higher began, and none while it is sought', () => {
    const search = { low: 10, high: null, step: 1.1, need: 60, passed: 0, sinceAt: NOW }
    assert.equal(settledBucket({ ...bucket, rate: 11, search: { ...search, from: 10 } })?.rate, 10)
    assert.equal(settledBucket({ ...bucket, search }), null)
    assert.equal(settledBucket({ ...bucket, fallback: 3 }), null)
  })
})
