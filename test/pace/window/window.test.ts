import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { admit, noTraffic, type Sent, type Traffic } from '../../../src/pace/traffic.ts'
import { usualWindow } from '../../../src/pace/window/usual-window.ts'
import {
  startWindow,
  type Window,
  windowAccepted,
  windowRefused,
  windowSent,
  windowWait,
} from '../../../src/pace/window/window.ts'
import { NOW, times } from '../driving.ts'

const MINUTE = 60_000

type Replay = {
  sends: number[]
  /** The sends before one more than the quota was tried for the first time, to see whether it was raised. */
  plain: number[]
  window: Window
}

/** Sends at every instant at which the model allows it; an answer takes `tookMs`. */
const replay = (from: Window, pauses: readonly number[], tookMs: number): Replay => {
  let window = from
  let traffic = noTraffic
  let flight: Sent[] = []
  let now = NOW
  const land = (until: number): void => {
    for (const each of flight.filter(({ at }) => at + tookMs <= until)) {
      traffic = admit(traffic, each.at)
      window = windowAccepted(window, traffic, each.at)
    }
    flight = flight.filter(({ at }) => at + tookMs > until)
  }
  const sends: number[] = []
  let plain: number[] | null = null
  for (const pause of pauses) {
    now += pause
    land(now)
    for (let wait = windowWait(window, traffic, flight, now, 3 * tookMs); wait > 0; ) {
      // An answer that comes back has the pace asked again.
      now = Math.min(now + wait, ...flight.map(({ at }) => at + tookMs))
      land(now)
      wait = windowWait(window, traffic, flight, now, 3 * tookMs)
    }
    window = windowSent(window, traffic, flight, now)
    if (window.bonus > 0) plain ??= [...sends]
    flight.push({ id: sends.length, at: now, width: flight.length + 1 })
    sends.push(now)
  }
  return { sends, plain: plain ?? sends, window }
}

const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(50), fc.nat(3000)), { minLength: 5, maxLength: 150 })
const quotas = fc.integer({ min: 1, max: 30 })
const windows = fc.integer({ min: 1000, max: 10_000 })
const latencies = fc.integer({ min: 1, max: 2000 })
const opened = { after: NOW - 20, by: NOW }

describe('a sliding window', () => {
  it('never sees more than its quota, whenever one looks', () => {
    fc.assert(
      fc.property(quotas, windows, latencies, pauses, (quota, windowMs, tookMs, given) => {
        const { sends } = replay(startWindow(quota, windowMs, opened, false), given, tookMs)
        for (let i = quota; i < sends.length; i++)
          assert.ok(sends[i]! - sends[i - quota]! > windowMs, `${quota + 1} within ${sends[i]! - sends[i - quota]!} ms`)
      }),
    )
  })

  it('wastes no time: the next leaves as soon as one has left the window', () => {
    const { sends } = replay(
      startWindow(10, 5000, opened, false),
      times(100, () => 0),
      20,
    )
    assert.ok(sends.at(-1)! - NOW < 9 * 5000 * 1.05, `${sends.at(-1)! - NOW} ms`)
  })
})

describe('a window whose quota seems to fall, though the source says that the next one opens when it should', () => {
  const fallen = (windowMs: number): (Window | null)[] => {
    const next = (opens: number) => ({ after: opens + windowMs - 500, by: opens + windowMs + 500 })
    const window = startWindow(60, windowMs, opened, false)
    const traffic = times(34, (i) => NOW + i).reduce(admit, noTraffic)
    const once = windowRefused(window, traffic, [], NOW + 100, next(NOW))!
    const later = times(20, (i) => NOW + windowMs + i).reduce(admit, traffic)
    const grown = { ...once, quota: 50, opened: { after: NOW + windowMs - 20, by: NOW + windowMs } }
    return [once, windowRefused(grown, later, [], NOW + windowMs + 100, next(NOW + windowMs))]
  }

  it('has fallen, once', () => {
    assert.equal(fallen(3000)[0]?.quota, 34)
  })

  it('is none where the source says that a place is free before the window can end', () => {
    const window = startWindow(60, 3000, opened, false)
    const traffic = times(34, (i) => NOW + i).reduce(admit, noTraffic)
    const refused = (freeIn: number) =>
      windowRefused(window, traffic, [], NOW + 600, { after: NOW + 600 + freeIn - 1000, by: NOW + 600 + freeIn })
    assert.equal(refused(1000), null)
    assert.equal(refused(3000)?.quota, 34)
    // The last place to become free is the end of it, too, and of a minute a second more is hardly a difference.
    const minute = startWindow(60, MINUTE, opened, false)
    const named = { after: NOW + MINUTE + 300, by: NOW + MINUTE + 1300 }
    assert.equal(windowRefused(minute, traffic, [], NOW + 600, named)?.quota, 34)
  })

  it('has fallen again, of whatever length it is', () => {
    assert.equal(fallen(3000)[1]?.quota, 20)
    assert.equal(fallen(MINUTE)[1]?.quota, 20)
  })
})

describe('a fixed window', () => {
  it('never gets more than its quota from one opening to the next', () => {
    fc.assert(
      fc.property(quotas, windows, latencies, pauses, (quota, windowMs, tookMs, given) => {
        const { plain } = replay(startWindow(quota, windowMs, opened, true), given, tookMs)
        const used = new Map<number, number>()
        for (const at of plain) {
          const window = Math.floor((at - NOW) / windowMs)
          used.set(window, (used.get(window) ?? 0) + 1)
        }
        for (const [window, count] of used) assert.ok(count <= quota, `${count} of ${quota} in window ${window}`)
      }),
    )
  })

  it('has its whole quota at the opening', () => {
    const { sends } = replay(
      startWindow(50, MINUTE, opened, true),
      times(300, () => 0),
      50,
    )
    const later = sends.slice(150)
    for (let window = 3; window < 6; window++) {
      const own = later.filter((at) => Math.floor((at - NOW) / MINUTE) === window)
      assert.equal(own.length, 50)
      assert.ok(own.at(-1)! - (NOW + window * MINUTE) < 2000, 'at its beginning')
    }
  })

  it('gets one request first after a pause, until its openings were foreseen more than once', () => {
    const { sends } = replay(
      startWindow(10, MINUTE, opened, true),
      times(20, () => 0),
      50,
    )
    assert.ok(sends[11]! - sends[10]! >= 50, 'the others wait for its answer')
    assert.ok(sends[12]! - sends[11]! < 10)
  })
})

describe('an early probe', () => {
  const full = (quota: number, from: number): Traffic => times(quota, (i) => from + i * 10).reduce(admit, noTraffic)

  it('narrows down when windows open, refused or not, and never loses the instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 29_999 }), (offset) => {
        const truth = NOW - 30_000 + offset
        let window = startWindow(10, MINUTE, { after: NOW - 30_001, by: NOW }, true)
        for (let round = 0; round < 6; round++) {
          const before = window.opened
          const traffic = full(10, before.by)
          const wait = windowWait(window, traffic, [], before.by + 1000, 100)
          const at = before.by + 1000 + wait
          const probing = windowSent(window, traffic, [], at)
          if (probing.probing === null) return
          const opensAt = truth + Math.ceil((at - truth) / MINUTE) * MINUTE - MINUTE
          // The window opened between the requests before and this one, or has not yet.
          const isIn = opensAt > before.by + 100
          const heard = isIn
            ? windowAccepted(probing, admit(traffic, at), at)
            : windowRefused(probing, traffic, [], at, null)
          assert.ok(heard !== null)
          window = heard
          const { after, by } = window.opened
          assert.ok(by - after < before.by - before.after, 'narrower')
          const windows = Math.round((by - truth) / MINUTE)
          const opens = [truth + windows * MINUTE, truth + (windows - 1) * MINUTE, truth + (windows + 1) * MINUTE]
          assert.ok(
            opens.some((each) => each >= after - 1 && each <= by + 1),
            'still in between',
          )
          if (!isIn) assert.ok(window.quota === 10 && window.probing === null)
        }
      }),
    )
  })

  it('that a wait has made late is of the opening it was made for', () => {
    const window = { ...startWindow(10, MINUTE, { after: NOW - 1000, by: NOW }, true), probing: NOW + MINUTE + 300 }
    const at = NOW + MINUTE + 300
    const { opened } = windowAccepted(window, admit(full(10, NOW), at), at)
    assert.deepEqual(opened, { after: NOW + MINUTE - 1000, by: NOW + MINUTE })
  })

  it('tells whether a window slides: what is let in long before a place is free opens at set instants', () => {
    const window = { ...startWindow(10, MINUTE, { after: NOW - 10_000, by: NOW }, false), mayBeFixed: true }
    const traffic = full(10, NOW)
    const at = NOW + 500 + windowWait(window, traffic, [], NOW + 500, 100)
    assert.ok(at < NOW + MINUTE - 2000, `${at - NOW}`)
    const probing = windowSent(window, traffic, [], at)
    assert.equal(windowAccepted(probing, admit(traffic, at), at).fixed, true)
    assert.equal(windowRefused(probing, traffic, [], at, null)?.fixed, false)
  })

  it('tells so, too, when the window must have opened, by who wakes up a little late', () => {
    const window = { ...startWindow(10, MINUTE, { after: NOW - 100, by: NOW }, false), mayBeFixed: true }
    const traffic = full(10, NOW + 30_000)
    const at = NOW + MINUTE + 12
    assert.equal(windowWait(window, traffic, [], NOW + 40_000, 100), at - NOW - 40_000)
    for (const lateMs of [0, 1, 20, 200]) {
      assert.equal(windowWait(window, traffic, [], at + lateMs, 100), 0, `${lateMs} ms late`)
      const probing = windowSent(window, traffic, [], at + lateMs)
      const slides = windowRefused(probing, traffic, [], at + lateMs, null)!
      assert.ok(windowWait(slides, traffic, [], at + lateMs + 50, 100) > 29_000)
    }
  })

  it('looks on the whole minute first', () => {
    const by = Math.floor(NOW / MINUTE) * MINUTE + 9000
    const window = startWindow(10, MINUTE, { after: by - 20_000, by }, true)
    const at = by + 500 + windowWait(window, full(10, by), [], by + 500, 100)
    assert.ok(at % MINUTE < 100, `${at % MINUTE}`)
  })

  it('is not made where the opening is known well, where nothing is fixed, or after it was in vain again and again', () => {
    const traffic = full(10, NOW)
    const wait = (members: Partial<Window>): number =>
      windowWait(
        { ...startWindow(10, MINUTE, { after: NOW - 20_000, by: NOW }, true), ...members },
        traffic,
        [],
        NOW + 500,
        100,
      )
    assert.ok(wait({}) < 59_000)
    for (const members of [
      { fixed: false, mayBeFixed: false },
      { earlyMisses: 5 },
      { opened: { after: NOW - 50, by: NOW } },
    ])
      assert.ok(wait(members) >= 59_500, JSON.stringify(members))
  })
})

describe('the quota', () => {
  const window = startWindow(20, MINUTE, opened, true)

  it('is raised when more goes through within a window', () => {
    const traffic = times(23, (i) => NOW + i).reduce(admit, noTraffic)
    assert.equal(windowAccepted(window, traffic, NOW + 22).quota, 23)
  })

  // What the window before let in is not part of the one that the probe opens.
  it('is not raised by an early probe that goes through', () => {
    const early = { ...window, opened: { after: NOW - 20_000, by: NOW }, probing: NOW + 50_000 }
    const traffic = [...times(20, (i) => NOW + i), NOW + 50_000].reduce(admit, noTraffic)
    assert.equal(windowAccepted(early, traffic, NOW + 50_000).quota, 20)
  })

  it('is not lowered by requests that leave in one millisecond', () => {
    const traffic = [...times(10, (i) => NOW + i), ...times(10, () => NOW + 10)].reduce(admit, noTraffic)
    const opens = { after: NOW + MINUTE - 1000, by: NOW + MINUTE }
    assert.equal(windowRefused(window, traffic, [], NOW + 10, opens)?.quota, 20)
  })

  it('is lowered when nearly as much went through before a refusal', () => {
    const traffic = times(19, (i) => NOW + i).reduce(admit, noTraffic)
    assert.equal(windowRefused(window, traffic, [], NOW + 100, null)?.quota, 19)
  })

  it('has to be sought anew when little of it went through', () => {
    const traffic = times(5, (i) => NOW + i).reduce(admit, noTraffic)
    assert.equal(windowRefused(window, traffic, [], NOW + 100, null), null)
  })

  it('is found out in time to have been raised by the source, whether it slides or not', () => {
    for (const fixed of [true, false]) {
      const raised = replay(
        startWindow(20, MINUTE, opened, fixed),
        times(20 * 60, () => 0),
        20,
      ).window
      assert.ok(raised.quota > 20, 'everything is let in')
    }
  })

  const used = times(20, (i) => NOW + i).reduce(admit, noTraffic)

  it('is gone beyond by one alone, and in a pause', () => {
    const bold = { ...window, bonus: 1 }
    assert.equal(windowWait(bold, used, [], NOW + 500, 100), 0)
    assert.ok(windowWait(bold, used, [{ id: 30, at: NOW + 400, width: 1 }], NOW + 500, 100) > 0, 'one is out')
    assert.ok(windowWait({ ...bold, fixed: false }, used, [], NOW + 59_500, 100) > 0, 'the next is free soon')
  })

  it('is gone beyond only where enough is left of the job to gain by it', () => {
    const tried = (left: number): number => {
      const trusted = { ...window, foreseen: 9 }
      return windowSent(trusted, { ...used, total: 2000 }, [], NOW + MINUTE + 20, left).bonus
    }
    assert.equal(tried(5000), 1)
    assert.equal(tried(50), 0)
  })
})

describe('a window that the source speaks of', () => {
  it('has the length that lies between its openings', () => {
    const known = { ...startWindow(20, 50_000, { after: NOW - 1000, by: NOW }, true), probing: NOW + 40_000 }
    const traffic = times(20, (i) => NOW + i).reduce(admit, noTraffic)
    const told = windowRefused(known, traffic, [], NOW + 40_000, { after: NOW + 59_200, by: NOW + 60_200 })!
    assert.equal(told.windowMs, MINUTE)
    assert.ok(told.opened.by - NOW <= 200 && told.opened.by - NOW >= -1000)
  })
})

describe('usualWindow', () => {
  it('is the length in use that fits what was measured', () => {
    assert.equal(usualWindow(59_000, 60_050), MINUTE)
    assert.equal(usualWindow(59_900), MINUTE)
    assert.equal(usualWindow(3_000_000, 3_700_000), 3_600_000)
    assert.equal(usualWindow(40_000, 55_000), undefined)
  })

  it('is rather a common one where several fit', () => {
    assert.equal(usualWindow(3500, 5050), 5000)
    assert.equal(usualWindow(11_000, 15_000), 15_000)
    assert.equal(usualWindow(11_000, 13_000), 12_000)
  })
})

describe('a window whose opening is known roughly', () => {
  const quota = 20
  const open = (uncertainMs: number): Window => ({
    ...startWindow(quota, 2000, { after: NOW - uncertainMs, by: NOW }, true),
    earlyMisses: 2,
  })
  const all = times(quota, (i) => NOW - 700 + i * 10).reduce(admit, noTraffic)

  it('counts what left while it may have been open', () => {
    assert.equal(windowWait(open(50), all, [], NOW + 20, 100), 0)
    assert.ok(windowWait(open(1000), all, [], NOW + 20, 100) > 1000)
  })

  it('has opened within its own length', () => {
    const { opened } = startWindow(quota, 2000, { after: NOW - 9000, by: NOW }, true)
    assert.deepEqual(opened, { after: NOW - 2000, by: NOW })
  })
})
