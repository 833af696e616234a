import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  adjust,
  isCircuitOpen,
  type Pace,
  type PaceStart,
  type Signal,
  startPace,
  waitBefore,
} from '../../src/pace/pace.ts'

const OPEN: PaceStart = { maxRate: null, maxConcurrency: null, documented: null, learned: null }

const after = (pace: Pace, ...signals: Signal[]): Pace => signals.reduce(adjust, pace)
const sent = (at: number): Signal => ({ kind: 'sent', at })
const accepted = (sentAt: number, at = sentAt + 10): Signal => ({ kind: 'accepted', sentAt, at })
const refused = (sentAt: number, at: number, retryAfterMs: number | null = null, random = 0.5): Signal => ({
  kind: 'refused',
  sentAt,
  at,
  retryAfterMs,
  random,
})
const failed = (at: number, random = 0.5): Signal => ({ kind: 'failed', at, random })
const times = (count: number, signal: (i: number) => Signal): Signal[] =>
  Array.from({ length: count }, (_, i) => signal(i))

/** As many in flight as one likes: what is left of the wait is the gate and the rate. */
const waitIdle = (pace: Pace, now: number): number => waitBefore(pace, 0, now)

describe('startPace', () => {
  it('begins open where nothing is known: no rate, a few side by side', () => {
    const pace = startPace(OPEN)
    assert.equal(pace.rate, null)
    assert.equal(pace.concurrency, 4)
    assert.equal(waitIdle(pace, 0), 0)
  })

  it('begins at what was learned, else at what the vendor says, else at what was asked for', () => {
    const learned = { requestsPerSecond: 3, concurrency: 6 }
    const known = startPace({ ...OPEN, documented: 1, learned })
    assert.equal(known.rate, 3)
    assert.equal(known.concurrency, 6)
    assert.match(known.why, /3\.0\/s, learned/)
    assert.equal(startPace({ ...OPEN, documented: 1 }).rate, 1)
    assert.equal(startPace({ ...OPEN, maxRate: 7 }).rate, 7)
    const unlimited = startPace({ ...OPEN, documented: 1, learned: { requestsPerSecond: null, concurrency: 9 } })
    assert.equal(unlimited.rate, 1, 'an earlier run that met no limit does not overrule the vendor')
  })

  it('never begins above what was asked for', () => {
    const learned = { requestsPerSecond: 30, concurrency: 20 }
    const pace = startPace({ maxRate: 2, maxConcurrency: 3, documented: 9, learned })
    assert.equal(pace.rate, 2)
    assert.equal(pace.concurrency, 3)
  })
})

describe('waitBefore', () => {
  it('lets as many leave as may be in flight, and then waits for one to come back', () => {
    const pace = startPace({ ...OPEN, maxConcurrency: 2 })
    assert.equal(waitBefore(pace, 1, 0), 0)
    assert.equal(waitBefore(pace, 2, 0), Number.POSITIVE_INFINITY)
  })

  it('spaces requests evenly at a rate, without saving up for a burst', () => {
    let pace = startPace({ ...OPEN, maxRate: 4 })
    pace = adjust(pace, sent(1000))
    assert.equal(waitIdle(pace, 1000), 250)
    assert.equal(waitIdle(pace, 1250), 0)
    pace = after(pace, sent(9000), sent(9000))
    assert.equal(waitIdle(pace, 9000), 500)
  })
})

describe('adjust', () => {
  it('goes on wider while all is accepted, quickly to eight and then slowly, to the most that is allowed', () => {
    const four = after(startPace(OPEN), ...times(4, (i) => accepted(i)))
    assert.equal(four.concurrency, 8)
    assert.ok(adjust(four, accepted(9)).concurrency < 8.5)
    const many = after(four, ...times(2000, (i) => accepted(i)))
    assert.equal(many.concurrency, 32)
    assert.equal(after(startPace({ ...OPEN, maxConcurrency: 5 }), ...times(100, (i) => accepted(i))).concurrency, 5)
  })

  it('holds everybody back for as long as the source asks', () => {
    const pace = adjust(startPace(OPEN), refused(1000, 1100, 30_000))
    assert.equal(pace.gateUntil, 31_100)
    assert.equal(waitIdle(pace, 1100), 30_000)
    const shorter = adjust(pace, refused(1050, 1200, 1000))
    assert.equal(shorter.gateUntil, 31_100, 'a shorter wait does not undo a longer one')
    const longer = adjust(pace, refused(1050, 1200, 60_000))
    assert.equal(longer.gateUntil, 61_200)
  })

  it('after a refusal stays somewhat under what was accepted before it, and says so', () => {
    // One every 100 ms: 10/s.
    const pace = after(startPace(OPEN), ...times(50, (i) => accepted(i * 100)), refused(5000, 5100, 0))
    assert.ok(pace.rate! > 8 && pace.rate! < 9, String(pace.rate))
    assert.match(pace.why, /refused at 10\/s; holding 8\.\d\/s/)
  })

  it('counts the refusals of one wall once', () => {
    const once = after(startPace(OPEN), ...times(50, (i) => accepted(i * 100)), refused(5000, 5100, 0))
    const thrice = after(once, refused(4950, 5110, 0), refused(5050, 5120, 0))
    assert.equal(thrice.rate, once.rate)
    assert.equal(thrice.concurrency, once.concurrency)
    assert.equal(thrice.refusals, 1)
    assert.ok(adjust(once, refused(5200, 5210, 0)).rate! < once.rate!, 'one sent after it is news')
  })

  it('waits longer with every refusal in a row where the source names no time', () => {
    let pace = startPace(OPEN)
    const waits: number[] = []
    for (let i = 0; i < 10; i++) {
      const at = pace.gateUntil + 1
      pace = adjust(pace, refused(at, at, null, 1))
      waits.push(pace.gateUntil - at)
    }
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    const relieved = adjust(pace, accepted(pace.gateUntil))
    assert.equal(relieved.refusals, 0)
  })

  it('creeps up again while a rate is held, never above what was asked for', () => {
    const held = after(startPace({ ...OPEN, maxRate: 10 }), refused(1, 2, 0))
    const crept = after(held, ...times(20, (i) => accepted(10 + i)))
    assert.ok(crept.rate! > held.rate! * 1.015 && crept.rate! < held.rate! * 1.03)
    assert.equal(after(held, ...times(20_000, (i) => accepted(10 + i))).rate, 10)
  })

  it('takes five failures in a row for an outage: one request at a time, and longer pauses', () => {
    const four = after(startPace(OPEN), ...times(4, (i) => failed(i)))
    assert.equal(isCircuitOpen(four), false)
    assert.equal(waitIdle(four, 4), 0)
    const five = adjust(four, failed(1000, 1))
    assert.equal(isCircuitOpen(five), true)
    assert.equal(waitIdle(five, 1000), 1000)
    assert.equal(waitBefore(five, 1, 9e9), Number.POSITIVE_INFINITY)
    const ten = after(five, ...times(5, () => failed(1000, 1)))
    assert.equal(waitIdle(ten, 1000), 30_000)
    assert.equal(isCircuitOpen(adjust(ten, accepted(50_000))), false)
  })

  it('does not count failures that an answer lies between', () => {
    const pace = after(startPace(OPEN), ...times(4, (i) => failed(i)), accepted(9), ...times(4, (i) => failed(10 + i)))
    assert.equal(isCircuitOpen(pace), false)
  })

  it('stays sane whatever happens: within its bounds, and never waiting for ever with nothing in flight', () => {
    const start = fc.record({
      maxRate: fc.option(fc.double({ min: 0.01, max: 100, noNaN: true })),
      maxConcurrency: fc.option(fc.integer({ min: 1, max: 40 })),
      documented: fc.option(fc.double({ min: 0.1, max: 50, noNaN: true })),
      learned: fc.option(
        fc.record({
          requestsPerSecond: fc.option(fc.double({ min: 0.05, max: 50, noNaN: true })),
          concurrency: fc.option(fc.integer({ min: 1, max: 40 })),
        }),
      ),
    })
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const happening = fc.record({
      kind: fc.constantFrom('sent', 'accepted', 'refused', 'failed'),
      after: fc.nat(3000),
      took: fc.nat(2000),
      retryAfterMs: fc.option(fc.nat(60_000)),
      random,
    })
    fc.assert(
      fc.property(start, fc.array(happening, { maxLength: 80 }), (given, happenings) => {
        let pace = startPace(given)
        let now = 100_000
        for (const { kind, after: ms, took, retryAfterMs, random: at } of happenings) {
          now += ms
          const sentAt = now - took
          if (kind === 'sent') pace = adjust(pace, { kind, at: now })
          else if (kind === 'accepted') pace = adjust(pace, { kind, sentAt, at: now })
          else if (kind === 'refused') pace = adjust(pace, { kind, sentAt, at: now, retryAfterMs, random: at })
          else if (kind === 'failed') pace = adjust(pace, { kind, at: now, random: at })
          const most = given.maxConcurrency ?? 32
          assert.ok(pace.concurrency >= 1 && pace.concurrency <= most, `concurrency ${pace.concurrency}`)
          assert.ok(given.maxRate === null || (pace.rate !== null && pace.rate <= given.maxRate), `rate ${pace.rate}`)
          assert.ok(pace.rate === null || pace.rate > 0)
          assert.ok(Number.isFinite(waitBefore(pace, 0, now)))
          if (kind === 'refused' && retryAfterMs !== null) assert.ok(waitBefore(pace, 0, now) >= retryAfterMs)
          assert.ok(pace.accepted.length <= 200)
        }
      }),
    )
  })
})
