import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admit as admission, type LimiterState, type SourceLimit } from '../../../bench/pace/limiter.ts'
import { type Scenario, scenario, type Tells } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { bucket, counter, fixed, sliding } from '../../../bench/pace/table.ts'
import { startPace } from '../../../src/pace/start.ts'
import { admit, noTraffic, refuse, type Traffic } from '../../../src/pace/traffic.ts'
import { counterByAnswers, counterOfRate, evenly } from '../../../src/pace/window/counter-fit.ts'
import { drive, NOW, times } from '../driving.ts'

const MINUTE = 60_000
/** All at once, then probes, then all at once again when one is let in. */
const PROBES_S = [0.5, 1, 3, 5, 10, 15, 22, 30, 42, 54, 59, 75]

type Asked = { traffic: Traffic; state: LimiterState; at: number }

const ask = (limit: SourceLimit, { traffic, state }: Asked, at: number): Asked & { ok: boolean } => {
  const answer = admission(limit, state, at)
  return { traffic: (answer.ok ? admit : refuse)(traffic, at), state: answer.state, at, ok: answer.ok }
}

/** Requests every 20 ms until so many in a row were refused. */
const rush = (limit: SourceLimit, from: Asked, at: number): Asked => {
  let asked = from
  let refused = 0
  for (let next = at; refused < 4; next += 20) {
    const answer = ask(limit, asked, next)
    refused = answer.ok ? 0 : refused + 1
    asked = answer
  }
  return asked
}

/** What was answered until the second wall. */
const answeredBy = (limit: SourceLimit): Asked => {
  let asked = rush(limit, { traffic: noTraffic, state: { kind: 'fresh' }, at: NOW }, NOW)
  const wallAt = asked.at
  for (const seconds of PROBES_S) {
    const at = wallAt + 1000 * seconds
    const answer = ask(limit, asked, at)
    asked = answer
    if (answer.ok) return rush(limit, asked, at + 20)
  }
  return asked
}

const told = (limit: SourceLimit) => {
  const { traffic, at } = answeredBy(limit)
  return counterByAnswers(traffic, at)
}

describe('what a source has answered', () => {
  it('tells a counter by its second wall, whether or not refused requests count, and whenever its windows begin', () => {
    for (const countsRefused of [false, true])
      for (const fromFirst of [false, true])
        for (const quota of [60, 300]) {
          const found = told(counter(quota, 60, countsRefused, fromFirst))
          assert.deepEqual([found?.quota, found?.windowMs], [quota, MINUTE], `${quota} ${countsRefused} ${fromFirst}`)
        }
  })

  it('tells none where it is a window or a bucket', () => {
    for (const limit of [fixed(60, 60, 37_210), fixed(100, 30, 4000), sliding(60, 60), sliding(100, 15), bucket(5, 60)])
      assert.equal(told(limit), null, JSON.stringify(limit))
  })

  it('tells none where not all of it is remembered, or nothing was refused', () => {
    const { traffic, at } = answeredBy(counter(60, 60))
    assert.equal(counterByAnswers({ ...traffic, total: traffic.total + 1 }, at), null)
    assert.equal(counterByAnswers({ ...traffic, refused: [] }, at), null)
    assert.equal(counterByAnswers(noTraffic, at), null)
  })
})

describe('what passed for a rate', () => {
  it('is told to be a counter by its walls', () => {
    const { traffic, at } = answeredBy(counter(60, 60))
    assert.equal(counterOfRate(traffic, at)?.quota, 60)
  })

  it('may be anything as long as little was let in since the first wall of a counter of a few seconds', () => {
    const limit = counter(60, 10)
    const first = rush(limit, { traffic: noTraffic, state: { kind: 'fresh' }, at: NOW }, NOW)
    const second = rush(limit, first, first.at + 7000)
    const letIn = ({ traffic }: Asked) => traffic.admitted.filter((at) => at > traffic.refused[0]!).length
    assert.ok(letIn(second) < 30, `${letIn(second)}`)
    assert.equal(counterByAnswers(second.traffic, second.at)?.quota, 60)
    assert.equal(counterOfRate(second.traffic, second.at), null)
    const third = rush(limit, second, second.at + 5000)
    assert.ok(letIn(third) >= 30, `${letIn(third)}`)
    assert.equal(counterOfRate(third.traffic, third.at)?.quota, 60)
  })

  const timesLeast = (quota: number, tells: Tells, seed: number, other: Partial<Scenario>): number => {
    const { ms, leastMs } = simulate(scenario('a counter', counter(quota, 30), tells, other), seed)
    return ms / leastMs
  }

  it('goes on at the even pace of the counter when it meets a wall', () => {
    const times = timesLeast(179, 'silent', 3, { serviceMs: 151, pages: 1000 })
    assert.ok(times < 1.25, `${times} of the least`)
  })

  it('is told though others are still in flight at that wall', () => {
    const times = timesLeast(179, 'retry-after', 3, { serviceMs: 151, pages: 1000 })
    assert.ok(times < 1.25, `${times} of the least`)
  })

  it('is told though requests arrive later than they left, when more has slid out', () => {
    const times = timesLeast(300, 'retry-after', 14, {})
    assert.ok(times < 1.25, `${times} of the least`)
  })
})

describe('the even pace of a counter that was told', () => {
  it('is let in from the first request on, though it was overrun', () => {
    for (const countsRefused of [false, true]) {
      const limit = counter(60, 60, countsRefused)
      const asked = answeredBy(limit)
      const { rate, at } = evenly(counterByAnswers(asked.traffic, asked.at)!)
      assert.ok(rate > 0.97 && rate < 0.985, `${rate}`)
      const firstAt = at + 1000 / rate
      assert.ok(firstAt - asked.at < 35_000)
      let state = asked.state
      const refused = times(300, (i) => firstAt + (i * 1000) / rate).filter((each) => {
        const answer = admission(limit, state, each)
        state = answer.state
        return !answer.ok
      })
      assert.deepEqual(refused, [])
    }
  })

  it('is found by a run, which is refused a few times from then on and not dozens of times', () => {
    const limit = counter(60, 60, true)
    let state: LimiterState = { kind: 'fresh' }
    const { sends, pace } = drive(startPace({ now: NOW, pages: 1900 }), {
      from: NOW,
      forMs: 12 * MINUTE,
      latencyMs: 120,
      answer: (at) => {
        const answer = admission(limit, state, at)
        state = answer.state
        return { refused: !answer.ok }
      },
    })
    assert.ok(
      pace.shape.kind === 'bucket' && pace.shape.explained > 0 && pace.shape.rate < 0.985,
      'it is not crept above',
    )
    const later = sends.filter(({ at }) => at > NOW + 2 * MINUTE)
    assert.ok(later.filter(({ refused }) => refused).length <= 6)
    assert.ok(later.filter(({ refused }) => !refused).length > 540)
  })
})
