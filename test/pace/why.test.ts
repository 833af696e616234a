import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../src/pace/bucket/bucket.ts'
import type { Pace } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'
import { allowanceOf, isFindingOut, whyAtEnd, whyOf } from '../../src/pace/why.ts'
import { startWindow } from '../../src/pace/window/window.ts'
import { after, drive, letInMany, limitedBy, NOW, times, turnedAway } from './driving.ts'

const begun = (members: Partial<Pace> = {}): Pace => ({ ...startPace({ now: NOW }), ...members })
const bucket = (rate: number): Bucket => startBucket({ rate, at: NOW })
const window = startWindow(100, 60_000, { after: NOW - 50, by: NOW }, true)
const why = (members: Partial<Pace>, now = NOW): string => whyOf(begun(members), now)

describe('whyOf', () => {
  it('says so where nothing pushes back', () => {
    assert.equal(why({}), 'nothing pushes back')
  })

  it('says at which rate a refusal came, and which is held', () => {
    const found = { shape: bucket(11.94), wall: { at: NOW, rate: 12.43 } }
    assert.equal(why(found), '429 at 12.4/s; holding 11.9/s')
    assert.equal(why({ shape: bucket(11.94) }), '11.9/s')
  })

  it('says that a rate is only tried while the limit is found out by trials, or one refusal follows the other', () => {
    const wall = { at: NOW, rate: 44 }
    const search = { low: 75, high: null, step: 1.6, need: 4, passed: 0, sinceAt: NOW }
    for (const members of [{ search }, { fallback: 90 }, { hasty: 1 }]) {
      const found = { shape: { ...bucket(117), ...members }, wall }
      assert.equal(why(found), '429 at 44/s; finding out the limit, trying 117/s')
      assert.equal(isFindingOut(begun(found)), true)
    }
    assert.equal(why({ shape: { ...bucket(117), search } }), 'refused; finding out the limit, trying 117/s')
  })

  it('says which rate is held while a higher one is tried', () => {
    const search = { low: 20, high: null, step: 1.1, need: 60, passed: 0, sinceAt: NOW, from: 20 }
    const shape = { ...bucket(22), search }
    assert.equal(why({ shape, wall: { at: NOW, rate: 20.5 } }), '429 at 20.5/s; holding 20/s, trying 22/s')
    assert.equal(why({ shape, origin: 'learned' }), '20/s, learned last time, trying 22/s')
    assert.equal(isFindingOut(begun({ shape })), false)
    assert.equal(allowanceOf(begun({ shape }))!.rate, 20)
  })

  it('never says that a rate is held while trials go on, in a run against a bucket whose savings mislead', () => {
    const limit = { kind: 'token-bucket', rate: 20, burst: 40 } as const
    const said: string[] = []
    const heard = (now: number, pace: Pace) => {
      const text = whyOf(pace, now)
      if (isFindingOut(pace)) assert.match(text, /finding out the limit/)
      else said.push(text)
    }
    drive(begun(), { from: NOW, forMs: 60_000, latencyMs: 20, ...limitedBy(limit, true), heard })
    const held = said.map((text) => Number(/holding ([\d.]+)/.exec(text)?.[1] ?? 0))
    assert.ok(Math.max(...held) > 15 && Math.max(...held) < 45, `${Math.max(...held)}/s`)
  })

  it('says where a limit comes from that was not found out', () => {
    assert.equal(why({ shape: bucket(5), origin: 'learned' }), '5/s, learned last time')
    assert.equal(why({ shape: bucket(5), origin: 'documented' }), '5/s, as the vendor says')
    assert.equal(why({ shape: window, origin: 'announced' }), '100 requests in 60 s, as the source announces')
  })

  it('speaks of windows in seconds or minutes', () => {
    assert.equal(why({ shape: window }), '100 requests in 60 s')
    assert.equal(why({ shape: { ...window, windowMs: 3_600_000 } }), '100 requests in 60 min')
  })

  it('says that so many at once are taken', () => {
    const { width } = begun()
    assert.equal(why({ width: { ...width, cap: 8 } }), 'at most 8 at once')
    assert.equal(why({ width: { ...width, cap: 8 }, origin: 'learned' }), 'at most 8 at once, learned last time')
  })

  it('says that the limit is being found out', () => {
    const sought = turnedAway(letInMany(begun(), 20, NOW, 100), NOW + 2000)
    assert.match(whyOf(sought, NOW + 2050), /^429 at [\d.]+\/s; finding out the limit$/)
    assert.equal(whyOf({ ...sought, wall: null }, NOW + 2050), 'refused; finding out the limit')
  })

  it('says how long the source asks us to wait', () => {
    const asked = turnedAway(letInMany(begun(), 20, NOW, 100), NOW + 2000, 30_000)
    assert.match(whyOf(asked, NOW + 2050), /^waiting 30 s, as the source asks; /)
    assert.doesNotMatch(whyOf(asked, NOW + 40_000), /waiting/)
  })

  it('says that the source is down, since when, and when it is asked again', () => {
    const down = times(5, (i) => i).reduce(
      (pace, i) =>
        after(
          pace,
          { kind: 'sent', at: NOW + i },
          { kind: 'failed', id: pace.nextId, at: NOW + i, letIn: true, random: 0.5 },
        ),
      begun(),
    )
    assert.match(
      whyOf(down, NOW + 5),
      /^the source has not answered properly for 0(\.\d+)? s; asking again in [\d.]+ s$/,
    )
    assert.match(whyOf(down, NOW + 40_004), /for 40 s; asking again$/)
    assert.equal(whyAtEnd(down), 'the source did not answer properly any more')
  })

  it('says nothing of waiting for a run that has ended', () => {
    const waiting = { ...begun(), gateUntil: NOW + 40_000 }
    assert.match(whyOf(waiting, NOW), /^waiting 40 s, as the source asks; /)
    assert.equal(whyAtEnd(waiting), 'nothing pushes back')
  })

  it('says that a rate was asked for, where that is what holds it', () => {
    assert.equal(why({ maxRate: 2 }), '2/s, as asked for')
    assert.equal(why({ maxRate: 2, shape: bucket(5) }), '2/s, as asked for')
    assert.equal(why({ maxRate: 9, shape: bucket(5) }), '5/s')
  })

  it('is a short sentence at every moment of a run', () => {
    const seen = new Set<string>()
    for (const limit of [
      { kind: 'token-bucket', rate: 10, burst: 10 },
      { kind: 'fixed-window', quota: 50, windowMs: 10_000 },
      { kind: 'concurrency', cap: 4 },
    ] as const)
      for (const tells of [true, false]) {
        const heard = (now: number, pace: Pace) => seen.add(whyOf(pace, now))
        drive(begun(), { from: NOW, forMs: 60_000, latencyMs: 100, ...limitedBy(limit, tells), heard })
      }
    for (const text of seen) {
      assert.ok(text.length < 120, text)
      assert.doesNotMatch(text, /NaN|undefined|null|Infinity|-\d|\d{5}|e[+-]\d/, text)
    }
    assert.ok([...seen].some((text) => /^429 at [\d.]+\/s; holding [\d.]+\/s$/.test(text)))
  })
})

describe('allowanceOf', () => {
  const rateOf = (members: Partial<Pace>): number | undefined => allowanceOf(begun(members))?.rate

  it('is the rate that is held, of a limit or of a wish, whichever is lower', () => {
    assert.equal(allowanceOf(begun()), null)
    assert.equal(rateOf({ shape: bucket(5) }), 5)
    assert.equal(rateOf({ maxRate: 2, shape: bucket(5) }), 2)
    assert.equal(rateOf({ maxRate: 9 }), 9)
    assert.ok(Math.abs(rateOf({ shape: window })! - 1.667) < 0.01)
  })

  it('tells what goes through at once: the burst of a bucket, the quota of a window, one of a wish', () => {
    assert.equal(allowanceOf(begun({ shape: { ...bucket(5), burst: 7 } }))!.burst, 7)
    assert.equal(allowanceOf(begun({ shape: window, maxRate: 2 }))!.burst, 100)
    assert.equal(allowanceOf(begun({ shape: window, maxRate: 1 }))!.burst, 1)
  })

  it('goes on to be that of the window that a refusal puts in doubt', () => {
    const doubted = turnedAway(begun({ shape: window }), NOW)
    assert.equal(doubted.shape.kind, 'seeking')
    assert.ok(rateOf(doubted)! > 1)
  })
})
