import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { atOnce } from '../../bench/pace/at-once.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { startBucket } from '../../src/pace/bucket/bucket.ts'
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { adjust, type Pace, waitBefore } from '../../src/pace/pace.ts'
import { remember, startPace } from '../../src/pace/start.ts'
import { allowanceOf, whyOf } from '../../src/pace/why.ts'
import { startWindow } from '../../src/pace/window/window.ts'
import { letIn, letInMany, NOW, sent, times, turnedAway } from './driving.ts'

const MINUTE = 60_000

/** Ten a second, of which so many are left. */
const perSecond = (remaining: number): AnnouncedLimit[] => [
  { name: '', quota: 10, windowMs: 1000, remaining, resetMs: 1000 },
]
/** After so many at the even pace of ten a second. */
const begun = (count = 20, says = (i: number): AnnouncedLimit[] => perSecond(9 - (i % 10))): Pace =>
  times(count, (i) => i).reduce(
    (pace, i) => letIn(pace, NOW + i * 110, 50, says(i)),
    startPace({ now: NOW, pages: 5000 }),
  )
const AFTER = NOW + 20 * 110

describe('a refusal of which the source says that a short limit it announces had room', () => {
  const refused = turnedAway(begun(), AFTER, null, 50, perSecond(6))

  it('is by another limit, which is sought at once', () => {
    assert.equal(begun().shape.kind, 'bucket')
    assert.equal(refused.shape.kind, 'seeking')
    assert.equal(refused.unannounced, true)
  })

  it('leaves the even pace as it was, beside what is found', () => {
    const before = begun().shape
    assert.ok(before.kind === 'bucket' && refused.beside !== null)
    assert.equal(refused.beside.rate, before.rate)
    const open: Pace = { ...refused, shape: { kind: 'open' } }
    const next = sent(open, AFTER + 5000)
    const wait = waitBefore(next, AFTER + 5000)
    assert.ok(wait > 90 && wait < 110, `${wait}`)
  })

  it('is told by what was left before, where the refusal itself says nothing', () => {
    const bare = turnedAway(
      begun(20, () => perSecond(6)),
      AFTER,
    )
    assert.equal(bare.unannounced, true)
  })
})

describe('a refusal of which nothing was left of a short limit that is announced', () => {
  it('is its own: the even pace gets slower, and nothing is sought', () => {
    const { shape, unannounced } = turnedAway(begun(), AFTER, 1000, 50, perSecond(0))
    assert.ok(shape.kind === 'bucket' && shape.rate < 9.86)
    assert.equal(unannounced, false)
  })

  it('is its own beside another limit as well', () => {
    const found = turnedAway(begun(), AFTER, null, 50, perSecond(6))
    const open: Pace = { ...found, shape: { kind: 'open' } }
    const { shape, beside } = turnedAway(open, AFTER + 5000, null, 50, perSecond(0))
    assert.equal(shape.kind, 'open')
    assert.ok(beside!.rate < found.beside!.rate)
  })

  it('is of the other one where nothing was let in since the one before', () => {
    const found = turnedAway(begun(), AFTER, null, 50, perSecond(6))
    const first = turnedAway({ ...found, shape: { kind: 'open' } }, AFTER + 5000, null, 50, perSecond(0))
    const second = turnedAway(first, AFTER + 6000, null, 50, perSecond(0))
    assert.ok(second.shape.kind === 'seeking')
    assert.equal(second.shape.wallAt, AFTER + 5000, 'the first of them was its wall')
    assert.equal(second.beside!.rate, found.beside!.rate)
    const both = sent(sent({ ...found, shape: { kind: 'open' } }, AFTER + 5000), AFTER + 5001)
    const together = times(2, (i) => i).reduce(
      (pace, i) =>
        adjust(pace, {
          kind: 'refused',
          id: both.nextId - 2 + i,
          at: AFTER + 5050 + i,
          retryAfterMs: null,
          limits: perSecond(0),
        }),
      both,
    )
    assert.equal(together.shape.kind, 'open', 'two that were in flight together are one wall')
    const waiting = turnedAway(first, AFTER + 6000, 1000, 50, perSecond(0))
    assert.equal(waiting.shape.kind, 'open', 'somebody else may have taken the token that it waited for')
  })
})

describe('a refusal of which the source says that a long limit it announces had room', () => {
  it('is by another limit, however many are in flight', () => {
    const perMinute = (remaining: number): AnnouncedLimit[] => [
      { name: '', quota: 100, windowMs: MINUTE, remaining, resetMs: 30_000 },
    ]
    const wide = letIn(startPace({ now: NOW, pages: 5000 }), NOW, 50, perMinute(8))
    const flying = times(6, (i) => i).reduce((pace) => sent(pace, NOW + 100), wide)
    const id = wide.nextId
    const refused = adjust(flying, { kind: 'refused', id, at: NOW + 150, retryAfterMs: null, limits: perMinute(2) })
    assert.equal(refused.unannounced, true)
    assert.equal(refused.shape.kind, 'seeking')
    // What is announced still holds.
    const spent = letIn({ ...refused, flight: [], shape: { kind: 'open' } }, NOW + 200, 50, perMinute(0))
    assert.ok(waitBefore(spent, NOW + 300) > 29_000)
  })
})

describe('what was found beside an announced limit', () => {
  const found = turnedAway(begun(), AFTER, null, 50, perSecond(6))
  const window = startWindow(300, MINUTE, { after: AFTER, by: AFTER }, true)
  const both: Pace = { ...found, shape: window }

  it('is said, and so is what is announced', () => {
    assert.equal(whyOf(both, AFTER), '300 requests in 60 s, and 9.86/s, as the source announces')
    assert.equal(whyOf({ ...both, shape: { kind: 'open' } }, AFTER), '9.86/s, as the source announces')
    assert.equal(allowanceOf(both)!.rate, 5)
    assert.ok(allowanceOf({ ...both, shape: startWindow(30, 1000, { after: AFTER, by: AFTER }, true) })!.rate < 10)
  })

  it('is said beside a quota that is announced', () => {
    const perMinute = [{ name: '', quota: 300, windowMs: MINUTE, remaining: 200, resetMs: 30_000 }]
    const known = letIn(startPace({ now: NOW }), NOW, 50, perMinute)
    const refused = turnedAway(known, NOW + 100, null, 50, perMinute)
    const held: Pace = { ...refused, shape: startBucket({ rate: 9.5, at: NOW }), wall: null }
    assert.equal(whyOf(held, NOW), '9.5/s, and 300 requests in 60 s, as the source announces')
    assert.equal(allowanceOf(held)!.rate, 5)
  })

  it('is gone on with by the next run, which hears again what is announced', () => {
    const later = AFTER + 3_600_000
    const next = startPace({ now: later, remembered: JSON.parse(JSON.stringify(remember(both, AFTER))) })
    const told = letIn(next, later, 50, perSecond(9))
    assert.ok(told.shape.kind === 'window' && told.shape.quota === 300)
    assert.ok(told.beside !== null && told.beside.rate > 9.8)
  })

  it('is no rate that grows while what is announced holds it back', () => {
    const rateAfter = (everyMs: number): number => {
      const held: Pace = { ...found, beside: null, shape: startBucket({ rate: 5, at: AFTER + 1000 }), gateUntil: 0 }
      const { shape } = letInMany({ ...held, width: { ...held.width, limit: 8 } }, 100, AFTER + 1000, everyMs)
      return shape.kind === 'bucket' ? shape.rate : Number.NaN
    }
    assert.equal(rateAfter(1000), 5)
    assert.ok(rateAfter(200) > 5.2)
  })

  it('is a cap alone, the rate is the one that is announced', () => {
    const capped: Pace = { ...found, shape: { kind: 'open' }, width: { ...found.width, limit: 4, cap: 4 } }
    const kept = remember(capped, AFTER)
    assert.ok(kept.limit.kind === 'rate' && kept.limit.rate > 9.8)
    assert.equal(kept.cap, 4)
    assert.equal(startPace({ now: AFTER, remembered: kept }).unannounced, false)
  })
})

describe('a source that announces one of its two limits', () => {
  for (const { name, tells, time, refused } of [
    { name: 'at most 4 and bucket 10/s burst 10', tells: 'headers', time: 1.02, refused: 0.005 },
    { name: 'at most 8 and bucket 50/s burst 60', tells: 'headers', time: 1.08, refused: 0.005 },
    { name: 'fixed 10/s, untold fixed 300/min', tells: 'headers', time: 1.02, refused: 0.005 },
    { name: 'fixed 10/s, untold fixed 300/min, bare', tells: 'headers', time: 1.04, refused: 0.01 },
    { name: 'bucket 10/s burst 10, untold fixed 300/min, bare', tells: 'headers', time: 1.02, refused: 0.01 },
    // Nothing is ever left of it, so a refusal might as well be its own.
    { name: 'bucket 5/s burst 1, untold fixed 100/min', tells: 'headers', time: 1.02, refused: 0.01 },
    { name: 'bucket 5/s burst 1, untold fixed 100/min, bare', tells: 'headers', time: 1.02, refused: 0.015 },
  ] as const)
    it(`has the other one found: ${name}`, () => {
      const each = atOnce().find((scenario) => scenario.name === name && scenario.tells === tells)!
      for (let seed = 1; seed <= 6; seed++) {
        const run = simulate(each, seed)
        assert.ok(run.done)
        assert.ok(run.ms <= time * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(3)} times the least`)
        assert.ok(run.refused <= refused * run.requests, `seed ${seed}: ${run.refused} of ${run.requests}`)
      }
    })
})
