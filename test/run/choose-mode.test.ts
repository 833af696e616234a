import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Covered,
  chooseMode,
  coveredUntil,
  holesIn,
  type ModeFacts,
  minutesSince,
  sweepsAgainAt,
} from '../../src/run/choose-mode.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Date.UTC(2026, 9, 1)
const full = (at: number): Covered => ({ kind: 'full', from: at, to: at })
const part = (from: number, to: number): Covered => ({ kind: 'incremental', from, to })

describe('coveredUntil', () => {
  it('goes on from the last full sweep through stretches that touch, to the first hole', () => {
    assert.equal(coveredUntil([]), null)
    assert.equal(coveredUntil([part(0, 10)]), null)
    assert.equal(coveredUntil([full(10), part(5, 20), part(20, 30)]), 30)
    assert.equal(coveredUntil([part(20, 30), full(10), part(9, 15)]), 15, 'what lies behind a hole does not count')
    assert.equal(coveredUntil([full(10), part(12, 30), full(40), part(35, 50)]), 50)
  })

  it('agrees with walking instant by instant', () => {
    const instant = fc.nat(40)
    const stretch = fc.oneof(
      instant.map(full),
      fc.tuple(instant, instant).map(([a, b]) => part(Math.min(a, b), Math.max(a, b))),
    )
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 8 }), (coverage) => {
        const fulls = coverage.filter(({ kind }) => kind === 'full').map(({ to }) => to)
        let at = Math.max(...fulls)
        // On to the end of any stretch in which this instant lies.
        for (let moved = fulls.length > 0; moved; ) {
          const next = Math.max(at, ...coverage.filter(({ from, to }) => from <= at && at <= to).map(({ to }) => to))
          moved = next > at
          at = next
        }
        assert.equal(coveredUntil(coverage), fulls.length === 0 ? null : at)
      }),
    )
  })
})

describe('holesIn', () => {
  it('names what lies between covered stretches since the last full sweep', () => {
    assert.deepEqual(holesIn([full(10), part(5, 20), part(25, 30), part(28, 40), part(50, 60)]), [
      { from: 20, to: 25 },
      { from: 40, to: 50 },
    ])
    assert.deepEqual(holesIn([part(0, 5), part(9, 12), full(20)]), [], 'a full sweep heals what was before it')
  })
})

describe('chooseMode', () => {
  const facts = (members: Partial<ModeFacts> = {}): ModeFacts => ({
    asked: null,
    maxMinutes: 4320,
    unfinishedFull: false,
    unreadFeed: null,
    fullTookMs: 0,
    coverage: [full(NOW - HOUR)],
    now: NOW,
    ...members,
  })

  it('is incremental within 24 hours of a full sweep, from what is covered on', () => {
    assert.deepEqual(chooseMode(facts()), { mode: 'incremental', coveredUntil: NOW - HOUR })
    assert.equal(chooseMode(facts({ coverage: [full(NOW - 24 * HOUR + 1)] })).mode, 'incremental')
    assert.equal(chooseMode(facts({ coverage: [full(NOW - 24 * HOUR)] })).mode, 'full')
  })

  it('is full where a full sweep is unfinished, where there is no feed, and where none was complete', () => {
    assert.equal(chooseMode(facts({ unfinishedFull: true })).mode, 'full')
    assert.equal(chooseMode(facts({ maxMinutes: null })).mode, 'full')
    assert.equal(chooseMode(facts({ coverage: [] })).mode, 'full')
  })

  it('is full after a run that could not read the feed, where that takes a tenth of the time at most, and says why', () => {
    const unread = { unreadFeed: 'No feed', coverage: [full(NOW - HOUR)] }
    for (const asked of [null, 'incremental'] as const) {
      const after = (fullTookMs: number) => chooseMode(facts({ ...unread, asked, fullTookMs }))
      assert.deepEqual(after(HOUR / 10), { mode: 'full', note: 'No feed: reading everything.' })
      assert.equal(after(HOUR / 10 + 1).mode, 'incremental')
    }
    assert.deepEqual(chooseMode(facts({ ...unread, unfinishedFull: true })), { mode: 'full', note: null })
  })

  it('is full where the feed does not reach back to what is covered, so that a missed time is healed', () => {
    const coverage = [full(NOW - 20 * HOUR), part(NOW - 2 * HOUR, NOW - HOUR)]
    assert.equal(chooseMode(facts({ coverage, maxMinutes: 19 * 60 })).mode, 'full')
    assert.equal(chooseMode(facts({ coverage, maxMinutes: 21 * 60 })).mode, 'incremental')
  })

  it('does what was asked, and says why where it cannot', () => {
    assert.deepEqual(chooseMode(facts({ asked: 'full' })), { mode: 'full', note: null })
    assert.equal(chooseMode(facts({ asked: 'incremental', coverage: [full(NOW - 30 * HOUR)] })).mode, 'incremental')
    const forced = chooseMode(facts({ asked: 'incremental', coverage: [] }))
    assert.match(forced.mode === 'full' ? (forced.note ?? '') : '', /no complete sweep yet/)
  })
})

describe('minutesSince', () => {
  it('is the gap rounded up, and five more', () => {
    assert.equal(minutesSince(NOW - 61_000, NOW), 7)
    assert.equal(minutesSince(NOW + HOUR, NOW), 5, 'clocks that disagree make no negative period')
  })
})

describe('sweepsAgainAt', () => {
  it('lets sweeps that stand in for a feed take a tenth of the time', () => {
    const coverage: Covered[] = [
      { kind: 'full', from: 1000, to: 1000 },
      { kind: 'incremental', from: 0, to: 90_000 },
    ]
    assert.equal(sweepsAgainAt(coverage, 60_000), 601_000)
    assert.equal(sweepsAgainAt(coverage, 0), 1000)
  })
})
