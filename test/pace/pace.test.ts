import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { adjust, isDown, mayBeRefusal, type Pace, waitBefore } from '../../src/pace/pace.ts'
import { type PaceStart, remember, startPace } from '../../src/pace/start.ts'
import { after, drive, letIn, letInMany, limitedBy, NOW, sent, times, turnedAway, unlimited } from './driving.ts'
import { awaken, happenings, type Moment, play, starts } from './happening.ts'

const begun = (start: Partial<Parameters<typeof startPace>[0]> = {}): Pace => startPace({ now: NOW, ...start })
const failed = (pace: Pace, at: number, random = 0.5): Pace =>
  after(pace, { kind: 'sent', at }, { kind: 'failed', id: pace.nextId, at: at + 10, letIn: true, random })
const failures = (pace: Pace, count: number, at: number): Pace =>
  times(count, (i) => at + i * 20).reduce((each, instant) => failed(each, instant), pace)

describe('a source without a limit', () => {
  it('is read at full speed within a second', () => {
    const { sends } = drive(begun(), { from: NOW, forMs: 1000, latencyMs: 5, ...unlimited })
    assert.ok(sends.length > 1000, `${sends.length} in the first second`)
  })

  it('is read by many at once, though its answers take long', () => {
    const { pace } = drive(begun({ pages: 5000 }), { from: NOW, forMs: 30_000, latencyMs: 200, ...unlimited })
    assert.ok(pace.flight.length >= 16, `${pace.flight.length} in flight`)
    assert.equal(pace.shape.kind, 'open')
  })

  it('is read by more the longer the job is known to be', () => {
    const width = (pages: number): number =>
      drive(after(begun(), { kind: 'planned', pages }), { from: NOW, forMs: 2000, latencyMs: 20, ...unlimited }).pace
        .flight.length
    assert.ok(width(20_000) > width(200))
  })
})

describe('a source with a limit that it does not tell', () => {
  for (const [rate, burst] of [
    [2, 10],
    [10, 1],
    [10, 10],
    [40, 60],
  ] as const)
    it(`of ${rate}/s with a bucket of ${burst} is read at nearly that rate, and hardly refuses anything`, () => {
      const source = limitedBy({ kind: 'token-bucket', rate, burst })
      const { sends, pace } = drive(begun({ pages: 5000 }), { from: NOW, forMs: 900_000, latencyMs: 100, ...source })
      assert.ok(pace.shape.kind === 'bucket')
      assert.ok(Math.abs(pace.shape.rate / rate - 1) < 0.05, `${pace.shape.rate}`)
      const refused = sends.filter((each) => each.refused).length
      assert.ok(refused < 0.02 * sends.length, `${refused} of ${sends.length}`)
      assert.ok(sends.length > 0.9 * rate * 900)
    })
})

describe('the gate', () => {
  it('holds everybody back for as long as the source asks, and a shorter wait does not undo a longer one', () => {
    const flying = times(4, (i) => NOW + i).reduce(sent, begun())
    const refused = (id: number, retryAfterMs: number) =>
      ({ kind: 'refused', id, at: NOW + 50 + id, retryAfterMs, limits: [] }) as const
    const asked = after(flying, refused(0, 30_000))
    assert.equal(asked.gateUntil, NOW + 30_050)
    assert.equal(after(asked, refused(1, 1000)).gateUntil, NOW + 30_050)
    const longer = after(asked, refused(1, 60_000), { kind: 'dropped', id: 2 }, { kind: 'dropped', id: 3 })
    assert.equal(longer.gateUntil, NOW + 60_051)
    assert.ok(waitBefore(longer, NOW + 100) >= 59_900)
  })

  it('is not lifted by requests that were let in meanwhile', () => {
    const asked = turnedAway(sent(letInMany(begun(), 20, NOW, 50), NOW + 1000), NOW + 1001, 30_000)
    const after20 = after(asked, { kind: 'accepted', id: 20, at: NOW + 1100, limits: [] })
    assert.ok(waitBefore(after20, NOW + 1100) > 29_000)
  })
})

describe('an outage', () => {
  it('is five failures in a row: then one request at a time asks', () => {
    const wide = letInMany(begun(), 50, NOW, 20, 10)
    assert.equal(isDown(failures(wide, 4, NOW + 2000)), false)
    const down = failures(wide, 5, NOW + 2000)
    assert.equal(isDown(down), true)
    const at = NOW + 2090 + waitBefore(down, NOW + 2090)
    assert.ok(at > NOW + 2090, 'after a pause')
    assert.equal(waitBefore(sent(down, at), at + 3_600_000), Number.POSITIVE_INFINITY)
  })

  it('is over with one answer, and all go on', () => {
    const wide = { ...begun(), width: { ...begun().width, limit: 6 } }
    const up = letIn(failures(letInMany(wide, 50, NOW, 20, 10), 7, NOW + 2000), NOW + 100_000)
    assert.equal(isDown(up), false)
    assert.equal(waitBefore(times(5, () => NOW + 100_060).reduce(sent, up), NOW + 100_060), 0)
  })

  it('is asked soon after a short one, though many were in flight', () => {
    const flying = times(20, () => NOW + 2000).reduce(sent, letInMany(begun({ pages: 9000 }), 50, NOW, 20, 10))
    const signals = flying.flight.map(
      ({ id }) => ({ kind: 'failed', id, at: NOW + 2010, letIn: true, random: 0.5 }) as const,
    )
    assert.ok(waitBefore(after(flying, ...signals), NOW + 2010) < 5000)
  })

  it('is no limit: the same words from a source that is down mean a fault', () => {
    assert.equal(mayBeRefusal(begun()), false, 'nothing was ever let in')
    const up = letIn(begun(), NOW)
    assert.equal(mayBeRefusal(up), true)
    assert.equal(mayBeRefusal(failures(up, 5, NOW + 1000)), false)
  })
})

describe('what was asked for', () => {
  it('is kept, whatever the source bears: so many at once, and a rate without bursts', () => {
    const { sends } = drive(begun({ maxRate: 8, maxConcurrency: 3 }), {
      from: NOW,
      forMs: 20_000,
      latencyMs: 900,
      ...unlimited,
    })
    assert.ok(sends.length <= 3 * 23 && sends.length >= 50, `${sends.length}`)
    for (const [i, { at }] of sends.slice(1).entries()) assert.ok(at - sends[i]!.at >= 124.9)
  })

  it('is reached when the source bears it', () => {
    const { sends } = drive(begun({ maxRate: 50 }), { from: NOW, forMs: 60_000, latencyMs: 100, ...unlimited })
    assert.ok(sends.length > 0.9 * 3000, `${sends.length}`)
  })
})

describe('adjust', () => {
  it('hears nothing of requests that are not in flight', () => {
    const pace = sent(letIn(begun(), NOW), NOW + 100)
    for (const id of [0, 7, -1]) {
      assert.equal(adjust(pace, { kind: 'accepted', id, at: NOW + 200, limits: [] }), pace)
      assert.equal(adjust(pace, { kind: 'refused', id, at: NOW + 200, retryAfterMs: 9000, limits: [] }), pace)
      assert.equal(adjust(pace, { kind: 'failed', id, at: NOW + 200, letIn: true, random: 0.5 }), pace)
      assert.equal(adjust(pace, { kind: 'dropped', id }), pace)
    }
  })

  it('counts what was taken back as sent, for the source may have counted it', () => {
    const pace = after(sent(begun(), NOW), { kind: 'dropped', id: 0 })
    assert.deepEqual(pace.traffic.admitted, [NOW])
    assert.equal(pace.flight.length, 0)
    assert.equal(isDown(pace), false)
  })
})

it('a rate that the source lowers is followed down, and up again', () => {
  const rules = [20, 5, 20].map((rate) => limitedBy({ kind: 'token-bucket', rate, burst: 5 }))
  let pace = begun({ pages: 20_000 })
  let from = NOW
  const rates = rules.map((source) => {
    const driven = drive(pace, { from, forMs: 600_000, latencyMs: 100, ...source })
    // What is in flight at the change is lost sight of.
    pace = after(driven.pace, ...driven.pace.flight.map(({ id }) => ({ kind: 'dropped', id }) as const))
    from += 600_000
    return pace.shape.kind === 'bucket' ? pace.shape.rate : Number.NaN
  })
  for (const [i, rate] of [20, 5, 20].entries()) assert.ok(Math.abs(rates[i]! / rate - 1) < 0.1, rates.join())
})

/** Instants since 1970 are held to a quarter of a microsecond, ms. */
const HAIR = 0.001

/** A story that went wrong is made shorter for so long only, ms. */
const BRIEF = { interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true }

/** The most that is announced to be left, in `happening.ts`. */
const MOST_LEFT = 200

describe('whatever happens', () => {
  const always = (look: (moment: Moment, start: PaceStart) => void, numRuns = 200): void =>
    fc.assert(
      fc.property(starts, happenings, (start, story) => {
        play(start, story, (moment) => look(moment, start))
      }),
      { ...BRIEF, numRuns },
    )
  const numbersIn = (value: unknown): number[] =>
    typeof value === 'number'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(numbersIn)
        : []

  const checkSane = ({ pace, now }: Moment): void => {
    assert.ok(!numbersIn(pace).some(Number.isNaN), 'not a number')
    const wait = waitBefore(pace, now)
    assert.ok(wait >= 0)
    if (pace.flight.length > 0) return
    assert.ok(Number.isFinite(wait), 'nothing is in flight, and nothing may leave')
    assert.notEqual(awaken(pace, now, 20), null, 'nothing leaves after the wait')
  }

  it('it stays sane: no number is none, every wait ends, a request leaves in the end', () => {
    always(checkSane)
  })

  it('its model stays one of a limiter', () => {
    always(({ pace: { shape, width, circuit, announced } }) => {
      // More than the burst is there only where the source has said so, or what was late is made up for.
      const late = shape.kind === 'bucket' && shape.steady ? shape.rate / 200 : 0
      const spare = late + (announced.length > 0 ? MOST_LEFT : 0)
      if (shape.kind === 'bucket')
        assert.ok(shape.rate > 0 && shape.burst >= 1 && shape.tokens <= shape.burst + spare + 1e-9)
      if (shape.kind === 'window') assert.ok(shape.quota >= 1 && shape.windowMs >= 1000)
      assert.ok(width.limit >= 1 && (width.cap ?? 1) >= 1)
      assert.ok(circuit.retries >= 0)
    })
  })

  it('nothing leaves before a wait is over that a refusal asked for', () => {
    let gate = Number.NEGATIVE_INFINITY
    always(({ signal, pace, before, now }) => {
      if (signal === null && pace.nextId === 0) gate = Number.NEGATIVE_INFINITY
      if (signal?.kind === 'sent') assert.ok(signal.at >= gate, `sent ${gate - signal.at} ms early`)
      if (signal?.kind === 'refused' && signal.retryAfterMs !== null && pace !== before)
        gate = Math.max(gate, signal.at + signal.retryAfterMs)
      assert.ok(waitBefore(pace, now) >= gate - now - HAIR)
    })
  })

  it('it asks for no more, and no more at once, than was wished', () => {
    always(({ pace, now, sends, signal }, { maxRate = null, maxConcurrency = null }) => {
      assert.ok(pace.flight.length <= (maxConcurrency ?? Number.POSITIVE_INFINITY))
      if (maxRate === null || signal?.kind !== 'sent') return
      for (const [i, from] of sends.entries())
        assert.ok(
          sends.length - i <= 1 + ((now - from + HAIR) * maxRate) / 1000,
          `${sends.length - i} in ${now - from} ms`,
        )
    })
  })

  it('it answers the same to the same, and changes nothing that it is given', () => {
    always(({ before, signal, pace }) => {
      if (signal) assert.deepEqual(adjust(structuredClone(before), signal), pace)
    }, 40)
  })

  it('it hears nothing of requests that are not in flight', () => {
    always(({ before, signal, pace }) => {
      if (signal?.kind === 'refused' && !before.flight.some(({ id }) => id === signal.id)) assert.equal(pace, before)
    })
  })

  it('what is kept of it begins a run that is sane', () => {
    fc.assert(
      fc.property(starts, happenings, happenings, fc.nat(3_600_000), (start, story, next, laterMs) => {
        let end = start.now
        const pace = play(start, story, ({ now }) => {
          end = now
        })
        const kept = JSON.parse(JSON.stringify(remember(pace, end)))
        assert.deepEqual(kept, remember(pace, end))
        play({ now: end + laterMs, remembered: kept }, next, (moment) => checkSane(moment))
      }),
      BRIEF,
    )
  })
})
