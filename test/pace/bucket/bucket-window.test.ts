import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { asWindow, lately } from '../../../src/pace/bucket/bucket-window.ts'
import { admit, noTraffic, refuse, type Traffic } from '../../../src/pace/traffic.ts'
import { NOW, times } from '../driving.ts'

const SECOND = 1000
/** 20 in each of these windows, then one is refused. */
const full = (from: number, windows: number, given: Traffic = noTraffic, quota = 20): Traffic =>
  times(windows, (i) => from + 2 * i * SECOND).reduce(
    (traffic, opens) => refuse(times(quota, (i) => opens + 30 * i).reduce(admit, traffic), opens + 30 * quota),
    given,
  )
/** 20 in each of so many windows of this length, at once, and from then on refusals. */
const shut = (windowMs: number, windows: number): Traffic =>
  times(windows, (i) => NOW + i * windowMs).reduce(
    (traffic, opens) =>
      times(3, (i) => opens + 1200 + 300 * i).reduce(refuse, times(20, (i) => opens + 30 * i).reduce(admit, traffic)),
    noTraffic,
  )
const guess = (members: Partial<Bucket> = {}): Bucket => ({
  ...startBucket({ rate: 30, at: NOW, fallback: 2, windowMs: SECOND }),
  ...members,
})

describe('a rate that may be a quota for a second', () => {
  it('becomes an even pace of the quota that explains its refusals', () => {
    const { rate, fallback, steady, explained, tokens } = asWindow(guess(), 29, full(NOW, 2), [])
    assert.ok(rate! > 19 && rate! < 20, `${rate}`)
    assert.equal(fallback, null)
    assert.equal(steady, true)
    assert.equal(explained, 2)
    assert.ok(tokens! < -4, 'what was taken ahead of the quota is not there')
  })

  it('is none where nothing explains them', () => {
    assert.deepEqual(asWindow(guess(), 29, full(NOW, 1), []), { windowMs: 0, explained: 0 })
    assert.deepEqual(asWindow(guess({ windowMs: 0 }), 29, full(NOW, 2), []), { windowMs: 0, explained: 0 })
  })

  it('becomes an even pace of the longer window that explains what was refused for a while', () => {
    const { windowMs, rate } = asWindow(guess(), 29, shut(2000, 3), [])
    assert.equal(windowMs, 2000)
    assert.ok(rate! > 9.5 && rate! < 10.5, `${rate}`)
    assert.equal(
      asWindow(guess(), 29, shut(2000, 2), []).windowMs,
      0,
      'of two refusals each much is explained by chance',
    )
  })

  it('is none if it is refused at its own even pace, and soon again', () => {
    const held = guess({ rate: 19.5, fallback: null, explained: 2 })
    assert.equal(asWindow({ ...held, clean: 40 }, 19.2, full(NOW, 2), []).windowMs, 0)
    assert.equal(
      asWindow({ ...held, clean: 400 }, 19.2, full(NOW, 2), []).rate,
      19.2,
      'a little slower once in a while',
    )
  })

  it('that was sure remains one when the limit moves, and is found by what came since', () => {
    const before = full(NOW, 4)
    const movedAt = NOW + 7900
    const moved = full(NOW + 8000, 1, before, 10)
    const sure = guess({ rate: 19.5, fallback: null, explained: 4, walls: [{ at: movedAt, lostMs: 0 }] })
    const first = asWindow(sure, 19.2, moved, [])
    assert.equal(first.rate, undefined)
    assert.equal(first.windowMs, SECOND)
    const { rate, explainedSince } = asWindow({ ...sure, explained: 3 }, 19.2, full(NOW + 10_000, 1, moved, 10), [])
    assert.ok(rate! > 9 && rate! < 10.5, `${rate}`)
    assert.equal(explainedSince, movedAt)
  })

  it('may be a quota for two seconds, where each refusal is a wait and nothing else is tried', () => {
    /** So many in each window, 12 ms apart from its first third on, and one that is refused. */
    const told = (quota: number, windows: number): Traffic =>
      times(windows, (i) => NOW + 2000 * i + 30 * (i % 3)).reduce(
        (traffic, opens) =>
          refuse(times(quota, (i) => opens + 600 + 12 * i).reduce(admit, traffic), opens + 600 + 12 * quota),
        noTraffic,
      )
    const waiting = { tollMs: SECOND, windowMs: 0, fallback: null }
    const { rate, windowMs, steady } = asWindow(guess(waiting), 29, told(60, 3), [])
    assert.ok(windowMs === 2000 && steady === true && rate! > 29 && rate! < 30, `${windowMs}, ${rate}`)
    assert.equal(asWindow(guess(waiting), 29, told(60, 2), []).windowMs, 0, 'two are met by chance')
    assert.equal(asWindow(guess(waiting), 29, told(10, 3), []).windowMs, 0, 'so few are alike at any rate')
    assert.equal(asWindow(guess({ ...waiting, tollMs: 0 }), 29, told(60, 3), []).windowMs, 0)
  })
})

it('what was let in lately is counted over the length of the window', () => {
  assert.ok(Math.abs(lately(guess(), full(NOW, 1), NOW + 600) - 19.7) < 0.1)
  assert.equal(lately(guess({ windowMs: 0 }), full(NOW, 1), NOW + 600), 0)
})
