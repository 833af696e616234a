import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Limit } from '../../demo/limits.ts'
import { type Pace, waitBefore } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'
import { startWidth } from '../../src/pace/width/width.ts'
import { startWindow } from '../../src/pace/window/window.ts'
import { after, drive, letIn, letInMany, limitedBy, NOW, sent, times, turnedAway } from './driving.ts'

const MINUTE = 60_000
const begun = (): Pace => startPace({ now: NOW, pages: 5000 })

/** What a source with this limit is taken for after so long. */
const found = (limit: Limit, forMs: number, tells = false, latencyMs = 120): Pace =>
  drive(begun(), { from: NOW, forMs, latencyMs, ...limitedBy(limit, tells) }).pace

/** 60 requests let in within six seconds, then a wall, then refusals (the last just before) until one is let in. */
const releasedAfter = (ms: number, retryAfterMs: number | null = null): Pace => {
  const wall = turnedAway(letInMany(begun(), 60, NOW, 100), NOW + 6000, retryAfterMs)
  const refused = retryAfterMs === null && ms > 3000 ? turnedAway(wall, NOW + 6000 + ms - 300) : wall
  return letIn(refused, NOW + 6000 + ms)
}

describe('when the source lets in again', () => {
  it('soon: it has a rate', () => {
    for (const ms of [110, 400, 1200]) {
      const { shape } = releasedAfter(ms)
      assert.equal(shape.kind, 'bucket')
      assert.ok(shape.kind === 'bucket' && shape.rate > 0.5 && shape.rate < 100)
    }
  })

  it('late: it has a quota, of as many as were let in', () => {
    const { shape, countedFrom } = releasedAfter(54_100)
    assert.ok(shape.kind === 'window', shape.kind)
    assert.equal(shape.quota, 60)
    assert.equal(shape.windowMs, MINUTE, 'a minute after the first of them')
    assert.equal(countedFrom, NOW + 60_100)
  })

  it('at the time it named: the window ends then', () => {
    const { shape } = releasedAfter(54_050, 54_000)
    assert.ok(shape.kind === 'window')
    assert.equal(shape.windowMs, MINUTE)
    assert.equal(shape.quota, 60)
    assert.ok(shape.opened.by - shape.opened.after <= 1000)
  })

  it('late after next to nothing: it is no quota', () => {
    const wall = turnedAway(letInMany(begun(), 2, NOW, 100), NOW + 200)
    assert.equal(letIn(wall, NOW + 9000).shape.kind, 'bucket')
  })

  // Somebody else has used up the quota, or this process before it was killed.
  it('late, and it has let in nothing before: a quota is counted from then on', () => {
    const wall = turnedAway(turnedAway(begun(), NOW), NOW + 8000)
    const { shape, width, countedFrom } = letIn(wall, NOW + 9000)
    assert.equal(shape.kind, 'open')
    assert.equal(width.limit, 1)
    assert.equal(countedFrom, NOW + 9000)
    for (const tells of [false, true]) {
      const limit: Limit = { kind: 'fixed-window', quota: 100, windowMs: MINUTE }
      const { answer } = limitedBy(limit, tells)
      for (let i = 0; i < 100; i++) answer(NOW - 100 + i)
      const run = drive(begun(), { from: NOW, forMs: 6 * MINUTE, latencyMs: 120, answer })
      const letInOf = run.sends.filter(({ refused }) => !refused).length
      assert.ok(run.pace.shape.kind === 'window' && run.pace.shape.quota === 100)
      assert.ok(letInOf >= 600, `${letInOf}`)
    }
  })

  it('it is known since when a quota may have been counted', () => {
    assert.equal(releasedAfter(400).countedFrom, NOW + 6400)
  })
})

describe('a window of a few seconds that opens later than foreseen', () => {
  /** 40 in a window that was thought to be so long, when it is refused; it lets in again so much later. */
  const reopened = (windowMs: number, lateMs: number): Pace => {
    const opened = { after: NOW - 5000, by: NOW }
    const shape = { ...startWindow(40, windowMs, opened, false), foreseen: 1 }
    const used = letInMany({ ...begun(), shape }, 40, NOW, 10)
    const wall = turnedAway({ ...used, shape: { ...shape, opened } }, NOW + windowMs + 20)
    assert.equal(wall.shape.kind, 'seeking')
    return letIn(turnedAway(wall, NOW + windowMs + 120), NOW + windowMs + lateMs)
  }

  it('by little is a matter of jitter', () => {
    const { shape } = reopened(4000, 250)
    assert.ok(shape.kind === 'window' && shape.windowMs === 4000 && shape.marginMs > 12)
  })

  it('by little again and again is a matter of jitter where it has opened when it should', () => {
    const opened = { after: NOW - 1000, by: NOW }
    const missed = { ...startWindow(40, 20_000, opened, false), misses: 2 }
    const again = (foreseen: number, missedAt = NOW - 90_000): Pace['shape'] => {
      const used = letInMany({ ...begun(), shape: { ...missed, foreseen, missedAt } }, 40, NOW, 10)
      return letIn(turnedAway(used, NOW + 20_020, 1000), NOW + 21_080).shape
    }
    const shape = again(4)
    assert.ok(shape.kind === 'window' && shape.misses === 2 && shape.marginMs >= 18, shape.kind)
    assert.equal(again(1).kind, 'bucket')
    // Twice in one window it is none.
    assert.equal(again(4, NOW + 10_000).kind, 'bucket')
  })

  it('by more is of another length', () => {
    const { shape } = reopened(4000, 1020)
    assert.ok(shape.kind === 'window' && shape.windowMs === 5000)
  })
})

describe('a learned pace that is refused again and again', () => {
  const learned = (): Pace => {
    const remembered = {
      at: NOW - MINUTE * 60,
      limit: { kind: 'rate', rate: 20, burst: 1, narrow: false, steady: true, met: true } as const,
      cap: null,
      concurrency: 8,
      gateUntil: 0,
    }
    return startPace({ now: NOW, pages: 5000, remembered })
  }
  const refused = (count: number, everyMs: number): Pace => {
    let pace = letInMany(learned(), count, NOW, everyMs, 20)
    const from = NOW + count * everyMs
    for (let i = 0; i < 5; i++) pace = turnedAway(pace, from + i * 150, null, 5)
    assert.equal(pace.shape.kind, 'seeking')
    return letIn(pace, from + 1100)
  }

  it('is gone on with as what was let in on the whole', () => {
    const { shape } = refused(100, 50)
    assert.ok(shape.kind === 'bucket')
    assert.ok(shape.rate > 15 && shape.rate < 18, `${shape.rate}`)
    assert.equal(shape.search, null)
    assert.equal(shape.narrow, false)
  })

  it('does not pass for a bucket of one token: it was our own pace that let so few go at once', () => {
    const { shape } = refused(10, 60)
    assert.ok(shape.kind === 'bucket')
    assert.equal(shape.narrow, false)
  })
})

describe('a silent source', () => {
  for (const [rate, burst] of [
    [2, 1],
    [10, 10],
    [40, 60],
  ] as const)
    it(`with ${rate}/s and a bucket of ${burst} is taken for that rate`, () => {
      const { shape } = found({ kind: 'token-bucket', rate, burst }, 300_000)
      assert.ok(shape.kind === 'bucket', shape.kind)
      // A look whether the limit was raised may be on.
      const held = shape.search?.from ?? shape.rate
      assert.ok(Math.abs(held / rate - 1) < 0.1, `${held}`)
      assert.ok(shape.burst <= burst + 1, `${shape.burst} saved up`)
    })

  it('with a short window is met by an even pace', () => {
    for (const kind of ['fixed-window', 'sliding-window'] as const) {
      const { shape } = found({ kind, quota: 20, windowMs: 1000 }, 120_000)
      assert.ok(shape.kind === 'bucket', shape.kind)
      assert.ok(shape.rate > 17 && shape.rate < 21, `${shape.rate}`)
    }
  })

  it('with a window of a minute is taken for that, whether it slides or not', () => {
    for (const kind of ['fixed-window', 'sliding-window'] as const) {
      const { shape } = found({ kind, quota: 100, windowMs: MINUTE }, 10 * MINUTE)
      assert.ok(shape.kind === 'window', shape.kind)
      assert.equal(shape.windowMs, MINUTE)
      assert.ok(Math.abs(shape.quota - 100) <= 2, `${shape.quota}`)
    }
  })

  it('has the length of its window recognised from two openings', () => {
    // Each begins in the middle of a window, so that the first opening alone does not tell.
    for (const phaseMs of [7000, 23_000, 41_000]) {
      const { shape } = found({ kind: 'fixed-window', quota: 80, windowMs: 30_000, phaseMs }, 5 * MINUTE)
      assert.ok(shape.kind === 'window', shape.kind)
      assert.equal(shape.windowMs, 30_000)
      assert.ok(Math.abs(shape.quota - 80) <= 2, `${shape.quota}`)
    }
  })

  it('that takes so many at once is taken for neither', () => {
    const { shape, width } = found({ kind: 'concurrency', cap: 6 }, MINUTE)
    assert.equal(shape.kind, 'open')
    assert.ok(Math.abs(width.cap! - 6) <= 1, `${width.cap}`)
  })
})

describe('a source that names a wait', () => {
  it('is taken for its rate all the same, though seconds are rounded up', () => {
    const { shape } = found({ kind: 'token-bucket', rate: 10, burst: 10 }, 300_000, true)
    assert.ok(shape.kind === 'bucket', shape.kind)
    assert.ok(Math.abs(shape.rate / 10 - 1) < 0.1, `${shape.rate}`)
  })

  it('for a quota a second is met by an even pace, and makes it wait a few times only', () => {
    for (const kind of ['fixed-window', 'sliding-window'] as const) {
      const source = limitedBy({ kind, quota: 20, windowMs: 1000 }, true)
      const { pace, sends } = drive(begun(), { from: NOW, forMs: 45_000, latencyMs: 155, ...source })
      assert.ok(pace.shape.kind === 'bucket', pace.shape.kind)
      assert.ok(pace.shape.rate > 18 && pace.shape.rate < 20, `${pace.shape.rate}`)
      const waits = sends.filter(
        ({ refused, at }, i) => refused && at - (sends[i - 1]?.at ?? 0) > 0 && sends[i + 1]!.at - at > 500,
      )
      assert.ok(waits.length <= 4, `${waits.length}`)
    }
  })

  it('has its window known at once', () => {
    const { shape } = found({ kind: 'fixed-window', quota: 100, windowMs: MINUTE }, 4 * MINUTE, true)
    assert.ok(shape.kind === 'window', shape.kind)
    assert.equal(shape.windowMs, MINUTE)
    assert.ok(Math.abs(shape.quota - 100) <= 2, `${shape.quota}`)
  })
})

describe('a window', () => {
  it('that has slid so often slides on when its quota shrinks', () => {
    const slid = (foreseen: number): Pace => {
      const { shape, ...pace } = releasedAfter(54_100)
      assert.ok(shape.kind === 'window')
      const known: Pace = { ...pace, shape: { ...shape, fixed: false, foreseen } }
      const wall = turnedAway(letInMany(known, 20, NOW + 60_200, 100), NOW + 90_000)
      return letIn(turnedAway(wall, NOW + 90_200), NOW + 105_000)
    }
    const [sure, unsure] = [slid(9).shape, slid(1).shape]
    assert.ok(sure.kind === 'window' && unsure.kind === 'window')
    assert.deepEqual([sure.mayBeFixed, sure.windowMs], [false, MINUTE])
    assert.equal(unsure.mayBeFixed, true)
  })

  it('that was taken for a shorter one slides for all that is known, unless it would be full if it did', () => {
    const refuted = (atMs: number): Pace => {
      const first = letInMany(releasedAfter(9000), 59, NOW + 15_100, 50)
      return letIn(turnedAway(turnedAway(first, NOW + 40_000), NOW + 40_200), NOW + atMs)
    }
    const { shape } = refuted(76_000)
    assert.ok(shape.kind === 'window', shape.kind)
    assert.deepEqual([shape.fixed, shape.mayBeFixed], [false, true])
    const early = refuted(44_000).shape
    assert.ok(early.kind === 'window' && early.fixed, JSON.stringify(early))
  })

  it('of a second or two is met by an even pace', () => {
    const first = letInMany(releasedAfter(9000), 59, NOW + 15_100, 2)
    const { shape } = letIn(turnedAway(first, NOW + 15_300, 1000), NOW + 16_500)
    assert.ok(shape.kind !== 'window' || shape.windowMs >= 3000, JSON.stringify(shape))
  })

  const wide = (pace: Pace): Pace => ({ ...pace, width: { ...pace.width, limit: 14, settled: null } })

  it('that was taken to slide over too short a time keeps its quota, wherever one was thought to open', () => {
    const limit = {
      kind: 'quota' as const,
      quota: 80,
      windowMs: 3000,
      fixed: false,
      openedAt: NOW - 2200,
      recent: [] as number[],
    }
    const remembered = { at: NOW, limit, cap: null, concurrency: 20, gateUntil: 0 }
    const begun = startPace({ now: NOW, pages: 500, remembered })
    const wall = turnedAway(turnedAway(letInMany(begun, 80, NOW, 15), NOW + 3020), NOW + 3120)
    const { shape } = letIn(wall, NOW + 5800)
    assert.ok(shape.kind === 'window' && shape.quota === 80, `${shape.kind === 'window' && shape.quota}`)
  })

  it('is not taken to let in all at once what one request does not prove', () => {
    const wall = wide(turnedAway(letInMany(begun(), 60, NOW, 100), NOW + 6000, 54_000))
    const opened = letIn(wall, NOW + 60_050)
    assert.equal(opened.shape.kind, 'window')
    assert.ok(opened.width.limit < 3, `${opened.width.limit}`)
  })

  /** Refused with ten in flight of which the other nine are let in, half of them having left after it. */
  const refusedAmong = (pace: Pace, at: number, retryAfterMs: number | null): Pace => {
    const out = times(10, (i) => at + 20 * i).reduce(sent, wide(pace))
    const refused = after(out, { kind: 'refused', id: out.nextId - 5, at: at + 300, retryAfterMs, limits: [] })
    return times(10, (i) => out.nextId - 10 + i).reduce(
      (each, id) => after(each, { kind: 'accepted', id, at: at + 400, limits: [] }),
      refused,
    )
  }

  it('that has opened as foreseen is no cap on requests at once, whatever is refused', () => {
    const { shape, ...pace } = releasedAfter(54_050, 54_000)
    assert.ok(shape.kind === 'window')
    const at = NOW + 180_000
    assert.notEqual(refusedAmong({ ...pace, shape: { ...shape, foreseen: 3 } }, at, null).width.cap, 9)
    assert.notEqual(refusedAmong(begun(), at, null).width.cap, null, 'else it may be')
  })

  it('that was made of a long wait is no cap where it is refused with a short one', () => {
    const { shape, ...pace } = releasedAfter(14_050, 14_000)
    assert.ok(shape.kind === 'window')
    // It is refused at its very beginning: neither is its quota smaller.
    const refused = (waitMs: number): Pace =>
      refusedAmong({ ...pace, shape: { ...shape, foreseen: 0, bonus: 0 } }, NOW + 60_000, waitMs)
    assert.equal(refused(1000).width.cap, null)
    assert.notEqual(refused(5000).width.cap, null, 'else it may be')
  })

  it('is not concluded from a long wait where what left later was let in: that is a cap', () => {
    const { shape, width } = refusedAmong(letInMany(begun(), 5, NOW, 100), NOW + 5000, 10_000)
    assert.equal(shape.kind, 'open')
    assert.ok(width.cap !== null && width.cap < 10)
  })

  it('is not made of the time that a straggler was waited for: what else was let in tells of a cap', () => {
    for (const retryAfterMs of [null, 1000]) {
      const at = NOW + 5000
      const out = times(10, (i) => at + 20 * i).reduce(sent, wide(letInMany(begun(), 5, NOW, 100, 1400)))
      const refused = after(out, { kind: 'refused', id: out.nextId - 5, at: at + 300, retryAfterMs, limits: [] })
      const late = out.nextId - 10
      const answered = times(9, (i) => late + 1 + i).reduce(
        (each, id) => after(each, { kind: 'accepted', id, at: at + 1400, limits: [] }),
        refused,
      )
      assert.equal(answered.shape.kind, 'seeking', 'one is still waited for')
      const { shape, width } = letIn(answered, at + 1400 + waitBefore(answered, at + 1400))
      assert.equal(shape.kind, 'open')
      assert.ok(width.cap !== null && width.cap < 10)
    }
  })

  it('is not made of one more wall at which nearly all went on, nor a rate: one less at once suits either', () => {
    const width = { ...startWidth, limit: 6, cap: 6, capMost: 6, capWalls: 3, fullAt: 6 }
    const met = refusedAmong({ ...letInMany(begun(), 5, NOW, 100), width }, NOW + 5000, null)
    assert.deepEqual([met.shape.kind, met.width.cap], ['open', 5])
  })

  it('that is none after all leaves no rate above what was let in on the whole', () => {
    let pace = releasedAfter(54_050, 54_000)
    let at = NOW + 60_100
    for (let i = 0; i < 6 && pace.shape.kind === 'window'; i++) {
      pace = turnedAway(pace, at + 100, 1000)
      at = pace.gateUntil + 50
      pace = letIn(pace, at)
      at += 50
    }
    assert.ok(pace.shape.kind === 'bucket', pace.shape.kind)
    assert.ok(pace.shape.rate <= (1000 * pace.traffic.total) / (at - NOW), `${pace.shape.rate}`)
  })
})

it('a run that begins at a wall, with a window that an earlier one has kept, does not take it for longer', () => {
  const limit = { kind: 'quota' as const, quota: 80, windowMs: 4000, fixed: false, openedAt: NOW - 7000, recent: [] }
  const remembered = { at: NOW - 5000, limit, cap: null, concurrency: 20, gateUntil: 0 }
  const { shape } = letIn(turnedAway(startPace({ now: NOW, pages: 500, remembered }), NOW, 3000), NOW + 3050)
  assert.ok(shape.kind === 'window')
  assert.deepEqual([shape.quota, shape.windowMs], [80, 4000])
})
