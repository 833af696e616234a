import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { waitBefore } from '../../src/pace/pace.ts'
import { nextProbeAt, type Seeking } from '../../src/pace/seeking.ts'
import { startPace } from '../../src/pace/start.ts'
import { startWindow } from '../../src/pace/window/window.ts'
import { letInMany, NOW, sent, turnedAway } from './driving.ts'

const MINUTE = 60_000
/** Between a try and its answer. */
const FLIGHT_MS = 50

const seeking = (members: Partial<Seeking> = {}): Seeking => ({
  kind: 'seeking',
  wallAt: NOW,
  heardAt: NOW + 50,
  wallWidth: 4,
  beside: [],
  countedFrom: NOW - 5000,
  refusedAt: NOW,
  probeAt: 0,
  unansweredAt: null,
  tries: 0,
  told: false,
  sparseMs: 0,
  before: null,
  held: null,
  kept: null,
  ...members,
})

/** When a source that refuses everything for so long is asked. */
const probes = (from: Seeking, forMs: number): number[] => {
  const asked: number[] = []
  let now = from.heardAt
  for (let tries = from.tries; ; tries++) {
    const at = nextProbeAt({ ...from, tries }, now)
    if (at > from.wallAt + forMs) return asked
    asked.push(at)
    now = at + FLIGHT_MS
  }
}

const froms = fc.integer({ min: 0, max: 3_600_000 }).map((ms) => NOW - ms)

describe('nextProbeAt', () => {
  it('asks soon at first, for most sources let in again soon', () => {
    const soon = probes(seeking(), 5000)
    assert.ok(soon.length >= 3 && soon[0]! - NOW < 500)
  })

  it('asks no more often where the wall was long ago', () => {
    const late = seeking({ tries: 1, heardAt: NOW + 5000, countedFrom: NOW - 100_000 })
    const asked = probes(late, 60_000)
    assert.ok(asked.length < 10, asked.map((at) => at - NOW).join())
    for (const [i, at] of asked.entries()) assert.ok(at > (asked[i - 1] ?? late.heardAt) + 900, `${at - NOW}`)
  })

  it('asks once where windows tend to end just after it would ask anyway', () => {
    const asked = probes(seeking({ countedFrom: NOW - 1900 }), MINUTE).map((at) => Math.floor((at - NOW + 1900) / 1000))
    assert.deepEqual(
      asked.filter((second) => second > 3 && second <= 30 && (NOW / 1000 + second) % 60 > 1),
      [5, 10, 15, 30],
    )
  })

  it('asks no sooner after the wall for such an instant, which would pass for a rate', () => {
    const asked = probes(seeking({ countedFrom: NOW - 2500 }), 4000)
    assert.ok(!asked.some((at) => at - NOW > 1100 && at - NOW < 2900), `${asked.map((at) => at - NOW)}`)
  })

  it('asks at the length of what was taken for a short window, then ever more seldom', () => {
    const window = startWindow(60, 3000, { after: NOW - 2000, by: NOW - 1000 }, true)
    const asked = probes(seeking({ before: window, countedFrom: NOW - 1000 }), 8000)
    assert.ok(asked.some((at) => at - NOW > 2500 && at - NOW < 3500))
    assert.ok(probes(seeking({ before: window }), 12 * MINUTE).length < 40)
    const refuted = probes(seeking({ before: { ...window, misses: 1 }, countedFrom: NOW - MINUTE }), 8000)
    assert.ok(refuted.length < asked.length)
  })

  it('asks seldom within a window whose length is sure, and at its end', () => {
    const window = startWindow(60, MINUTE, { after: NOW - 5100, by: NOW - 5000 }, false)
    const known = probes(seeking({ before: { ...window, foreseen: 9 } }), MINUTE)
    assert.ok(known.length <= 4, `${known.length}`)
    assert.ok(known.some((at) => Math.abs(at - (NOW - 5000 + MINUTE)) < 30))
    const unsure = probes(seeking({ before: { ...window, foreseen: 1 } }), MINUTE)
    assert.ok(unsure.length > known.length)
  })

  it('asks the more rarely the longer it lasts, but never so rarely that much time is lost', () => {
    fc.assert(
      fc.property(froms, (countedFrom) => {
        const asked = probes(seeking({ countedFrom }), 4 * 3_600_000)
        const within = (from: number, to: number): number =>
          asked.filter((at) => at - NOW >= from * MINUTE && at - NOW < to * MINUTE).length
        assert.ok(asked.length < 400, `${asked.length} probes in four hours`)
        assert.ok(within(0, 1) > within(5, 6) && within(5, 6) >= within(90, 91))
        for (const [i, at] of asked.entries()) {
          const before = asked[i - 1] ?? NOW
          assert.ok(at > before, 'later than the one before')
          assert.ok(at - before < Math.max(20_000, 0.4 * (before - NOW)), `${at - before} ms after ${before - NOW}`)
        }
      }),
    )
  })

  it('asks just after the instants at which windows of the usual lengths end', () => {
    const asked = probes(seeking({ countedFrom: NOW - 1234 }), 2 * 3_600_000)
    for (const seconds of [10, 30, 60, 300, 600, 3600]) {
      const end = NOW - 1234 + seconds * 1000
      assert.ok(
        asked.some((at) => at >= end && at < end + 1000),
        `${seconds} s`,
      )
    }
  })

  it('asks just after the full minute', () => {
    fc.assert(
      fc.property(froms, (countedFrom) => {
        const minute = Math.ceil((NOW + 5000) / MINUTE) * MINUTE
        const asked = probes(seeking({ countedFrom }), MINUTE)
        // One that is on its way when the minute is full is answered after it.
        assert.ok(asked.some((at) => at > minute - FLIGHT_MS && at < minute + 1000))
      }),
      { examples: [[1_767_268_727_934]] },
    )
  })

  it('asks at whole multiples of the lengths that are not over yet, and at no other full minute', () => {
    fc.assert(
      fc.property(froms, (countedFrom) => {
        const asked = probes(seeking({ countedFrom }), 24 * MINUTE)
        const isNear = (minutes: number): boolean => {
          const end = Math.ceil((NOW + 60_001) / (minutes * MINUTE)) * minutes * MINUTE
          return asked.some((at) => at > end - 2 * FLIGHT_MS && at < end + 1000)
        }
        assert.ok(isNear(5) && isNear(10))
        assert.ok(asked.length <= 32, `${asked.length} probes in 24 minutes`)
      }),
    )
  })

  it('asks ever more seldom the longer the window was taken to be', () => {
    const asked = (windowMs: number): number => {
      const before = startWindow(60, windowMs, { after: NOW - windowMs - 1000, by: NOW - windowMs }, true)
      return probes(seeking({ before, countedFrom: before.opened.by }), 4 * MINUTE).length
    }
    assert.ok(asked(15 * MINUTE) < asked(MINUTE) - 3, `${asked(15 * MINUTE)} for ${asked(MINUTE)}`)
  })

  it('asks less often where a window is known, which opens a moment late or has another length', () => {
    const before = startWindow(100, MINUTE, { after: NOW - MINUTE, by: NOW - MINUTE + 50 }, true)
    assert.ok(probes(seeking({ before }), 5000).length < probes(seeking(), 5000).length)
    assert.ok(probes(seeking({ before }), 1000).length >= 1)
  })
})

describe('while the limit is sought', () => {
  const refused = turnedAway(letInMany(startPace({ now: NOW }), 30, NOW, 100), NOW + 3000)

  it('nothing leaves before the probe is due', () => {
    assert.equal(refused.shape.kind, 'seeking')
    const wait = waitBefore(refused, NOW + 3050)
    assert.ok(wait > 0 && wait < 1000)
    assert.equal(waitBefore(refused, NOW + 3050 + wait), 0)
  })

  it('one probe is under way at a time, unless it does not come back', () => {
    const at = NOW + 3050 + waitBefore(refused, NOW + 3050)
    const probing = sent(refused, at)
    assert.ok(waitBefore(probing, at) > 0)
    assert.ok(waitBefore(probing, at + 20) > 0)
    const wide = { ...probing, width: { ...probing.width, limit: 4 } }
    assert.equal(waitBefore(wide, at + 30_000), 0, 'a straggler is not waited for')
  })

  it('a wait that the source asks for is kept to the millisecond, and then asked at once', () => {
    const told = turnedAway(letInMany(startPace({ now: NOW }), 30, NOW, 100), NOW + 3000, 8000)
    assert.equal(waitBefore(told, NOW + 3050), 8000)
    assert.equal(waitBefore(told, NOW + 11_049), 1)
    assert.equal(waitBefore(told, NOW + 11_050), 0)
  })
})
