import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Circuit, failed, retryIn, startCircuit, succeeded } from '../../src/pace/circuit.ts'
import { times } from './driving.ts'

/** 's' is an answer, 'f' a failure. */
const after = (story: string, from: Circuit = startCircuit): Circuit =>
  [...story].reduce(
    (circuit, each, i) => (each === 's' ? succeeded(circuit) : failed(circuit, i, i, 0.5).circuit),
    from,
  )

const isDown = ({ downSince }: Circuit): boolean => downSince !== null
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('an outage', () => {
  it('is five failures in a row', () => {
    assert.equal(isDown(after('ffff')), false)
    assert.equal(isDown(after('fffff')), true)
    assert.equal(isDown(after('ffffsffff')), false, 'an answer lies between')
  })

  it('is more failures than answers, over a longer time', () => {
    assert.equal(isDown(after('sff'.repeat(7))), true)
    assert.equal(isDown(after('fss'.repeat(50))), false)
    assert.equal(isDown(after('sff')), false, 'of so few nothing is told')
  })

  it('dates from the failure that showed it', () => {
    let circuit = after('ffff')
    for (const now of [1000, 2000, 9000]) circuit = failed(circuit, now, now, 0.5).circuit
    assert.equal(circuit.downSince, 1000)
  })

  it('is over with one answer, and what failed before is forgotten', () => {
    for (const story of ['fffff', 'f'.repeat(40), 'sff'.repeat(7)]) {
      const up = succeeded(after(story))
      assert.equal(isDown(up), false)
      assert.equal(isDown(after('ffff', up)), false, 'four failures are no outage again')
      assert.equal(isDown(after('fffff', up)), true)
    }
  })

  it('makes no pause before it is one, then longer and longer ones, at most a minute', () => {
    let circuit = startCircuit
    const pauses = times(20, () => {
      const answer = failed(circuit, 0, 0, 0.999)
      circuit = answer.circuit
      return answer.pauseMs
    })
    assert.deepEqual(pauses.slice(0, 4), [0, 0, 0, 0])
    const down = pauses.slice(4)
    assert.ok(down.every((ms, i) => ms > 0 && ms <= 60_000 && (i === 0 || ms >= down[i - 1]!)))
    assert.ok(down[0]! < 5000 && down.at(-1)! > 30_000)
  })

  it('spreads the pauses, so that not all callers come back at once', () => {
    const down = after('ffffffff')
    const pause = (at: number): number => failed(down, 1000, 1000, at).pauseMs
    assert.equal(pause(0), 0)
    assert.ok(pause(0.9) > 2 * pause(0.3) && pause(0.3) > 0)
  })
})

describe('retryIn', () => {
  it('waits longer with each attempt, within bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), random, (attempt, at) => {
        const { waitMs } = retryIn(startCircuit, attempt, at)
        assert.ok(waitMs >= 0 && waitMs <= 15_000)
        assert.ok(retryIn(startCircuit, attempt + 1, at).waitMs >= waitMs)
      }),
    )
  })

  it('has a budget: when it is spent retries come later, and answers earn it back', () => {
    let circuit = startCircuit
    const waits = times(200, () => {
      const answer = retryIn(circuit, 1, 0.5)
      circuit = answer.circuit
      return answer.waitMs
    })
    assert.ok(waits.at(-1)! >= 2 * waits[0]!, 'the last ones wait longer')
    assert.ok(circuit.retries >= 0)
    assert.ok(retryIn(after('s'.repeat(5), circuit), 1, 0.5).waitMs > waits[0]!, 'five answers are not worth a retry')
    const earned = after('s'.repeat(50), circuit)
    assert.equal(retryIn(earned, 1, 0.5).waitMs, waits[0])
  })

  it('saves up no more than a bounded budget', () => {
    const saved = after('s'.repeat(100_000))
    assert.ok(saved.retries <= 1000 && saved.retries >= startCircuit.retries)
  })

  it('lets a source that fails a tenth of the time have every retry at once', () => {
    let circuit = startCircuit
    const first = retryIn(startCircuit, 1, 0.5).waitMs
    for (let round = 0; round < 500; round++) {
      circuit = after('sssssssssss', circuit)
      const { circuit: spent, waitMs } = retryIn(circuit, 1, 0.5)
      assert.equal(waitMs, first)
      circuit = spent
    }
  })
})
