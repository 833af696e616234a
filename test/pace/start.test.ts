import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Limit } from '../../demo/limits.ts'
import { type Bucket, bucketSent, startBucket } from '../../src/pace/bucket/bucket.ts'
import { mostWidthOf, widthOf } from '../../src/pace/model.ts'
import { type Pace, waitBefore } from '../../src/pace/pace.ts'
import { type PaceStart, type Remembered, remember, startPace } from '../../src/pace/start.ts'
import { noTraffic } from '../../src/pace/traffic.ts'
import { noThroughput, observeThroughput } from '../../src/pace/width/throughput.ts'
import { startWidth } from '../../src/pace/width/width.ts'
import { startWindow, type Window } from '../../src/pace/window/window.ts'
import { after, type Driven, drive, letIn, letInMany, limitedBy, NOW, sent, times, turnedAway } from './driving.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** As the store gives it back. */
const kept = (pace: Pace, now: number): Remembered => JSON.parse(JSON.stringify(remember(pace, now))) as Remembered
const begun = (members: Partial<Pace> = {}): Pace => ({ ...startPace({ now: NOW }), ...members })
const again = (pace: Pace, now = NOW + HOUR, start: Partial<PaceStart> = {}): Pace =>
  startPace({ now, remembered: kept(pace, NOW), ...start })

const atRate = (): Pace => begun({ shape: { ...startBucket({ rate: 10, at: NOW }), burst: 8 } })
const atQuota = (used: number): Pace => {
  const window = startWindow(100, MINUTE, { after: NOW - 50, by: NOW }, true)
  return letInMany(begun({ shape: window }), used, NOW, 10)
}

describe('a source without a limit', () => {
  const unlimited = (from: Pace, forMs: number) =>
    drive(from, { from: NOW, forMs, latencyMs: 100, answer: () => ({ refused: false }) })
  const atOnce = ({ flight }: Pace): number => flight.length

  it('is asked by as many at once as went well in the run before, within a few round trips', () => {
    const pages = 2000
    const first = unlimited(startPace({ now: NOW, pages }), 8000).pace
    assert.ok(atOnce(unlimited(startPace({ now: NOW, pages }), 800).pace) < 14)
    assert.ok(atOnce(unlimited(again(first, NOW, { pages }), 800).pace) >= atOnce(first))
  })

  it('is begun with one request all the same, and no more than is wished for', () => {
    const next = again(unlimited(begun(), 8000).pace, NOW, { maxConcurrency: 5 })
    assert.ok(waitBefore(sent(next, NOW), NOW) > 0)
    assert.equal(atOnce(unlimited(next, 2000).pace), 5)
  })

  /** A run after one whose answers took so long at each width. */
  const afterOne = (tookMs: (width: number) => number): Pace => {
    const throughput = times(600, (i) => 8 + (i % 20)).reduce(
      (each, width) => observeThroughput(each, { width, tookMs: tookMs(width) }),
      noThroughput,
    )
    const width = { ...startWidth, limit: 27 }
    return again(begun({ throughput, width, traffic: { ...noTraffic, total: 3000 } }), NOW, { pages: 2000 })
  }

  it('is widened as carefully as before where more may bring no more, up to what seemed the best', () => {
    const slower = afterOne((width) => 100 * Math.max(1, width / 16) ** 2)
    assert.ok(slower.wentWell >= 14 && slower.wentWell <= 18, `${slower.wentWell}`)
    const quicker = afterOne(() => 100)
    assert.ok(quicker.wentWell >= 27)
    assert.ok(atOnce(unlimited(slower, 500).pace) < 13)
    assert.ok(atOnce(unlimited(quicker, 800).pace) >= 27)
  })

  it('may be asked by as many as seemed the best, whatever a wall would cost', () => {
    const next = afterOne((width) => 100 * Math.max(1, width / 16))
    assert.ok(next.wentWell > 13)
    const most = mostWidthOf(next)
    assert.equal(most, next.wentWell)
    assert.ok(most > mostWidthOf(startPace({ now: NOW, pages: 2000 })))
  })

  it('keeps what went well also when little was asked for, until something is refused', () => {
    const next = again(unlimited(begun(), 8000).pace, NOW)
    const { concurrency } = kept(letIn(next, NOW), NOW)
    assert.equal(concurrency, next.wentWell)
    assert.equal(kept(turnedAway(letIn(next, NOW), NOW + 100), NOW + 200).concurrency, 1)
  })
})

describe('a source that takes so many at once', () => {
  it('is asked by as many from the start in the next run, however small the job', () => {
    const capped = begun({ width: { ...startWidth, limit: 20, cap: 20, capWalls: 2 } })
    assert.equal(widthOf(again(capped, NOW, { pages: 200 })), 20)
  })
})

describe('what is kept', () => {
  it('is plain JSON, whatever was found, and says when', () => {
    const limits: Limit[] = [
      { kind: 'token-bucket', rate: 10, burst: 20 },
      { kind: 'fixed-window', quota: 60, windowMs: 10_000 },
      { kind: 'sliding-window', quota: 20, windowMs: 1000 },
      { kind: 'concurrency', cap: 5 },
    ]
    for (const limit of limits)
      for (const forMs of [10, 1500, 6000, 60_000]) {
        const { pace, now } = drive(begun(), { from: NOW, forMs, latencyMs: 100, ...limitedBy(limit) })
        const remembered = remember(pace, now)
        assert.deepEqual(kept(pace, now), remembered)
        assert.ok(Math.abs(remembered.at - now) <= 1)
        const next = startPace({ now: now + 1000, remembered })
        assert.ok(Number.isFinite(waitBefore(next, now + 1000)))
      }
  })

  it('is the window that a refusal puts in doubt, until another limit is found', () => {
    const doubted = turnedAway(atQuota(2), NOW + 5000)
    assert.equal(doubted.shape.kind, 'seeking')
    assert.equal(kept(doubted, NOW + 6000).limit.kind, 'quota')
  })

  it('is how roughly the opening of a window is known, and that it was looked for', () => {
    const window = startWindow(100, MINUTE, { after: NOW - 9000, by: NOW }, true)
    const { shape } = again(begun({ shape: window }))
    assert.ok(shape.kind === 'window')
    assert.equal(shape.opened.by - shape.opened.after, 9000)
    assert.equal(shape.earlyMisses, 2)
  })

  it('is an even pace of what was let in where a short window was refuted and not seen since', () => {
    const window = { ...startWindow(70, 2000, { after: NOW - 50, by: NOW }, true), misses: 1 }
    const pace = letInMany(begun(), 40, NOW, 50)
    const { limit } = kept({ ...pace, shape: window }, NOW + 2000)
    assert.ok(limit.kind === 'rate', limit.kind)
    assert.ok(limit.rate > 19 && limit.rate < 21, `${limit.rate}`)
    const seen = begun({ shape: { ...window, foreseen: 1 } })
    assert.equal(kept(seen, NOW).limit.kind, 'quota')
  })

  it('is how much a bucket holds, which waits need to tell its rate', () => {
    const holdsAfter = (burst: number): unknown => {
      const { shape } = again(begun({ shape: { ...startBucket({ rate: 10, at: NOW }), burst } }))
      assert.ok(shape.kind === 'bucket')
      return shape.holds
    }
    assert.equal(holdsAfter(8), 10)
    assert.equal(holdsAfter(1), null, 'nothing is known to be saved up')
  })

  it('is no rate that is only tried', () => {
    const bucket = { ...startBucket({ rate: 10, at: NOW }), walls: [{ at: NOW - 3000, lostMs: 0 }] }
    const search = { low: 10, high: null, step: 1.6, need: 4, passed: 0, sinceAt: NOW }
    const triedBy = (members: Partial<Bucket>, count: number): Remembered => {
      const pace = letInMany(begun({ shape: { ...bucket, ...members } }), count, NOW - 3000, 100, 5)
      return kept({ ...pace, shape: { ...bucket, ...members } }, NOW)
    }
    const rateOf = (members: Partial<Bucket>): number => {
      const { limit } = triedBy(members, 30)
      assert.ok(limit.kind === 'rate')
      return limit.rate
    }
    assert.equal(rateOf({ rate: 90, search: { ...search, from: 12 } }), 12, 'a look')
    for (const members of [{ search }, { fallback: 1 }]) {
      const rate = rateOf({ rate: 90, ...members })
      assert.ok(rate > 9 && rate < 11, `${rate}`)
    }
    assert.equal(triedBy({ search }, 6).limit.kind, 'none', 'of hardly any: mostly it was waited')
  })

  it('is the rate that is held while it is sought why it is refused', () => {
    let pace = again(atRate())
    for (let i = 0; i < 40; i++) pace = letIn(pace, NOW + HOUR + i * 100)
    for (let i = 0; i < 5; i++) pace = turnedAway(pace, NOW + HOUR + 4000 + i * 200, null, 5)
    assert.equal(pace.shape.kind, 'seeking')
    assert.equal(remember(pace, NOW + 2 * HOUR).limit.kind, 'rate')
  })

  it('is whether the rate has met the limit', () => {
    for (const met of [true, false]) {
      const { shape } = again(begun({ shape: { ...startBucket({ rate: 10, at: NOW }), met } }))
      assert.ok(shape.kind === 'bucket' && shape.met === met)
    }
  })

  it('does not grow with the length of the run', () => {
    const much = letInMany(begun({ shape: startWindow(1e6, DAY, { after: NOW, by: NOW }, true) }), 9000, NOW, 1)
    const { limit } = kept(much, NOW + 10_000)
    assert.ok(limit.kind === 'quota' && limit.recent.length <= 5000)
  })
})

describe('a run that has learned from one before', () => {
  it('begins just under the rate that was held, with as much to save up', () => {
    const { shape, origin } = again(atRate())
    assert.ok(shape.kind === 'bucket')
    assert.ok(shape.rate <= 10 && shape.rate > 9.5, `${shape.rate}`)
    assert.equal(shape.burst, 8)
    assert.equal(shape.search, null, 'there is nothing to seek')
    assert.equal(origin, 'learned')
  })

  it('goes on where a bucket was left: what has filled since then counts, up to one token', () => {
    const slow = begun({ shape: startBucket({ rate: 1, at: NOW, narrow: true }) })
    const waitAfter = (ms: number): number => Math.round(waitBefore(again(slow, NOW + ms), NOW + ms) / 10) * 10
    assert.deepEqual([0, 400, 1100, HOUR].map(waitAfter), [1000, 600, 0, 0])
    assert.equal(waitAfter(-HOUR), 1000, 'kept by a clock that was ahead')
    const first = letIn(again(slow), NOW + HOUR, 10)
    assert.ok(waitBefore(first, NOW + HOUR + 10) > 950, 'and no more than one')
  })

  it('does not pay twice for the request that left just before it was kept', () => {
    const gone = bucketSent({ ...startBucket({ rate: 1, at: NOW - 1000, narrow: true }) }, NOW)
    const pace = begun({ shape: gone })
    const next = startPace({ now: NOW + 700, remembered: JSON.parse(JSON.stringify(remember(pace, NOW + 500))) })
    assert.equal(Math.round(waitBefore(next, NOW + 700) / 10) * 10, 300)
  })

  it('pays what was overdrawn, and by no clock more than that', () => {
    const pace = begun({ shape: { ...startBucket({ rate: 1, at: NOW, narrow: true }), tokens: -2 } })
    const waitAfter = (ms: number): number => Math.round(waitBefore(again(pace, NOW + ms), NOW + ms) / 10) * 10
    assert.deepEqual([0, 1000, HOUR, -HOUR].map(waitAfter), [3000, 2000, 0, 3000])
  })

  it('does not get slower from one slice to the next', () => {
    let pace = atRate()
    for (let slice = 0; slice < 30; slice++) pace = startPace({ now: NOW + 500, remembered: kept(pace, NOW) })
    assert.ok(pace.shape.kind === 'bucket')
    assert.equal(pace.shape.rate, 10)
  })

  it('knows the window, and what of its quota was used', () => {
    let pace = again(atQuota(70), NOW + 5000)
    assert.ok(pace.shape.kind === 'window' && pace.shape.quota === 100 && pace.shape.windowMs === MINUTE)
    let count = 0
    let now = NOW + 5000
    for (; count < 200 && waitBefore(pace, now) < 1000; count++) {
      now += waitBefore(pace, now)
      pace = letIn(pace, now, 20)
      now += 20
    }
    assert.equal(count, 30)
    const opensIn = NOW + MINUTE - now
    assert.ok(Math.abs(waitBefore(pace, now) - opensIn) < 200)
  })

  it('knows of a quota that was used long ago that it is there again', () => {
    const pace = again(atQuota(100), NOW + 10 * MINUTE)
    assert.equal(waitBefore(pace, NOW + 10 * MINUTE), 0)
  })

  it('keeps to the cap, and begins as wide as the one before ended', () => {
    const { width } = begun()
    const { width: next } = again(begun({ width: { ...width, limit: 8, cap: 8, capWalls: 2 } }))
    assert.equal(next.cap, 8)
    assert.equal(next.limit, 8)
    assert.equal(again(begun({ width: { ...width, limit: 20 } })).width.cap, null)
  })

  it('obeys a wait that was asked of the one before', () => {
    const pace = again({ ...atRate(), gateUntil: NOW + 120_000 }, NOW + 1000)
    assert.ok(waitBefore(pace, NOW + 1000) >= 119_000)
    assert.ok(waitBefore(pace, NOW + 120_000) < 1000)
  })

  it('waits no longer than was asked for by a clock that was ahead', () => {
    const pace = again({ ...atRate(), gateUntil: NOW + 120_000 }, NOW - DAY)
    assert.equal(waitBefore(pace, NOW - DAY), 120_000)
    assert.equal(waitBefore(again(begun({ gateUntil: NOW - 1 }), NOW - DAY), NOW - DAY), 0)
  })

  it('obeys it also where nothing else was learned', () => {
    const asked = turnedAway(begun(), NOW, 120_000)
    assert.ok(waitBefore(again(turnedAway(atRate(), NOW, 120_000), NOW + 1000), NOW + 1000) >= 119_000)
    assert.ok(waitBefore(again(asked, NOW + 1000), NOW + 1000) >= 119_000)
    assert.ok(waitBefore(again(asked, NOW + 1000, { documented: 5 }), NOW + 1000) >= 119_000)
  })

  it('asks a source at once that was down', () => {
    const failed = (pace: Pace, at: number): Pace =>
      after(pace, { kind: 'sent', at }, { kind: 'failed', id: pace.nextId, at, letIn: true, random: 0.5 })
    const down = times(8, (i) => NOW + 20 * i).reduce(failed, letIn(begun(), NOW - 100))
    assert.ok(waitBefore(down, NOW + 200) > 0)
    assert.equal(waitBefore(again(down, NOW + 1000), NOW + 1000), 0)
  })

  it('gets along with what a clock wrote that was ahead', () => {
    const ahead = kept(atQuota(0), NOW)
    assert.ok(ahead.limit.kind === 'quota')
    const remembered: Remembered = { ...ahead, limit: { ...ahead.limit, openedAt: NOW + 10 * MINUTE } }
    let pace = startPace({ now: NOW, remembered })
    let at = NOW
    for (const step of [letIn, turnedAway, turnedAway, turnedAway, letIn]) {
      at += waitBefore(pace, at)
      pace = step(pace, at)
      at += 50
    }
    assert.ok(pace.shape.kind !== 'window' || pace.shape.windowMs > 0)
  })

  it('has forgotten it after more than a week', () => {
    assert.equal(again(atRate(), NOW + 6 * DAY).shape.kind, 'bucket')
    const late = again(atRate(), NOW + 8 * DAY)
    assert.equal(late.shape.kind, 'open')
    assert.equal(late.origin, 'found')
  })

  it('is hardly refused, and not slower than the source allows', () => {
    const limits: [Limit, perSecond: number][] = [
      [{ kind: 'token-bucket', rate: 10, burst: 10 }, 10],
      [{ kind: 'fixed-window', quota: 100, windowMs: MINUTE }, 100 / 60],
      [{ kind: 'concurrency', cap: 4 }, 4 / 0.11],
    ]
    for (const [limit, perSecond] of limits) {
      const source = { latencyMs: 100, ...limitedBy(limit) }
      const first: Driven = drive(begun(), { from: NOW, forMs: 4 * MINUTE, ...source })
      // Long enough for what is in flight to have come back.
      const from = first.now + 10_000
      const second = drive(startPace({ now: from, remembered: kept(first.pace, first.now) }), {
        from,
        forMs: 4 * MINUTE,
        ...source,
      })
      const refused = second.sends.filter((each) => each.refused).length
      assert.ok(refused <= 0.01 * second.sends.length + 2, `${refused} of ${second.sends.length}`)
      assert.ok(second.sends.length >= 0.85 * 240 * perSecond, `${second.sends.length} of ${240 * perSecond}`)
    }
  })
})

describe('what the vendor says', () => {
  const documented = startPace({ now: NOW, documented: 2 })

  it('is where it begins: one at once, then at that rate', () => {
    assert.equal(documented.origin, 'documented')
    assert.equal(waitBefore(documented, NOW), 0)
    const wait = waitBefore(sent(documented, NOW), NOW)
    assert.ok(wait > 400 && wait < 600, `${wait}`)
  })

  it('is not saved up for', () => {
    assert.ok(waitBefore(sent(sent(documented, NOW + MINUTE), NOW + MINUTE), NOW + MINUTE) > 400)
  })

  it('is overruled by what was met, not by an earlier run that met nothing', () => {
    const learned = again(atRate(), NOW + HOUR, { documented: 2 }).shape
    assert.ok(learned.kind === 'bucket' && learned.rate > 9)
    const nothing = again(begun(), NOW + HOUR, { documented: 2 })
    assert.ok(nothing.shape.kind === 'bucket' && nothing.shape.rate === 2)
    assert.equal(nothing.origin, 'documented')
    assert.equal(again(atRate(), NOW + 30 * DAY, { documented: 2 }).origin, 'documented')
  })
})

describe('with nothing known', () => {
  it('it is open: nothing waits, and one goes first', () => {
    const pace = startPace({ now: NOW })
    assert.equal(pace.shape.kind, 'open')
    assert.equal(waitBefore(pace, NOW), 0)
    assert.equal(waitBefore(sent(pace, NOW), NOW), Number.POSITIVE_INFINITY)
  })

  it('an earlier run that met no limit is not taken for a promise of many at once', () => {
    const { width } = begun()
    const wide = again(begun({ width: { ...width, limit: 40 } }))
    assert.equal(wide.width.limit, startPace({ now: NOW }).width.limit)
    assert.equal(wide.origin, 'found')
  })
})

it('whether a window slides is handed on as not known', () => {
  const window = { ...startWindow(60, 60_000, { after: NOW - 9000, by: NOW - 8000 }, false), mayBeFixed: true }
  const kept = JSON.parse(JSON.stringify(remember({ ...startPace({ now: NOW }), shape: window }, NOW)))
  const { shape } = startPace({ now: NOW + 1000, remembered: kept })
  assert.ok(shape.kind === 'window')
  assert.deepEqual([shape.fixed, shape.mayBeFixed], [false, true])
})

it('a window of which neither the length nor the quota is sure is handed on as such', () => {
  const known = {
    ...startWindow(28, 4000, { after: NOW - 3000, by: NOW - 2000 }, false),
    shorter: [3000, 2000],
    unsure: 2,
  }
  const handedOn = (window: Window): Window => {
    const kept = JSON.parse(JSON.stringify(remember({ ...startPace({ now: NOW }), shape: window }, NOW)))
    const { shape } = startPace({ now: NOW + 60_000, remembered: kept })
    assert.ok(shape.kind === 'window')
    return shape
  }
  const { shorter, unsure, windowMs } = handedOn(known)
  assert.deepEqual([shorter, unsure, windowMs], [[3000, 2000], 2, 4000])
  const tried = handedOn({ ...known, windowMs: 3000, shorter: [2000], longer: 4000 })
  assert.deepEqual([tried.windowMs, tried.shorter], [4000, [3000, 2000]])
})

describe('a pause that is ours', () => {
  const fails = (pace: Pace, id: number, at: number): Pace =>
    after(pace, { kind: 'failed', id, at, letIn: true, random: 0.9 })
  /** Six under way, of which five fail and the last is answered late. */
  const lateAnswer = (): Pace => {
    const flying = times(6, () => NOW).reduce(sent, begun())
    const ids = flying.flight.map(({ id }) => id)
    const down = ids.slice(0, 5).reduce((pace, id) => fails(pace, id, NOW + 50), flying)
    assert.ok(down.gateUntil > NOW + 500)
    return after(down, { kind: 'accepted', id: ids[5]!, at: NOW + 60, limits: [] })
  }

  it('is not handed on as a wait that the source has asked for', () => {
    assert.equal(kept(lateAnswer(), NOW + 70).gateUntil, 0)
  })

  it('does not hide a longer one of the source', () => {
    const told = turnedAway(lateAnswer(), NOW + 70, 120_000)
    assert.ok(kept(told, NOW + 200).gateUntil >= NOW + 120_000)
  })
})
