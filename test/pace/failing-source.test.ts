/** A source with a limit, of whose answers half fail: failures take time, which must not pass for the limit's. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Scenario, scenario } from '../../bench/pace/scenario.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'
import type { Pace } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'
import { after, letIn, letInMany, NOW, turnedAway } from './driving.ts'

const WALL = NOW + 3000

/** Refused at `WALL`, and once more by the first probe. */
const walled = (): Pace => turnedAway(turnedAway(letInMany(startPace({ now: NOW }), 30, NOW, 100), WALL), WALL + 150)

const fails = (pace: Pace, at: number, answered: boolean): Pace =>
  after(pace, { kind: 'sent', at }, { kind: 'failed', id: pace.nextId, at: at + 50, letIn: answered, random: 0.5 })

const rateOf = ({ shape }: Pace): number => {
  assert.equal(shape.kind, 'bucket')
  return shape.kind === 'bucket' ? shape.rate : 0
}

describe('while it is sought when the source lets in again', () => {
  it('an answer that failed has passed the limiter', () => {
    const ended = fails(walled(), WALL + 400, true)
    assert.ok(rateOf(ended) >= 2, 'let in within 400 ms')
    assert.equal(ended.circuit.failures, 1, 'which is no success')
  })

  it('what brought no answer says nothing', () => {
    assert.equal(fails(walled(), WALL + 400, false).shape.kind, 'seeking')
  })

  it('time that goes by with failures is not taken for the limit', () => {
    const failing = [400, 3000, 9000, 20_000].reduce((pace, ms) => fails(pace, WALL + ms, false), walled())
    assert.ok(rateOf(letIn(failing, WALL + 40_000)) >= 2)
  })

  it('the failure of what was in flight makes the next probe late, not the limit slow', () => {
    const flying = after(walled(), { kind: 'sent', at: WALL + 180 })
    const late = after(flying, { kind: 'failed', id: flying.nextId - 1, at: WALL + 30_000, letIn: false, random: 0.5 })
    assert.ok(rateOf(letIn(late, WALL + 30_000)) >= 2)
  })

  it('a refusal after failures is the latest news', () => {
    const refused = turnedAway(fails(walled(), WALL + 400, false), WALL + 20_000)
    assert.equal(letIn(refused, WALL + 30_000).shape.kind, 'window')
  })
})

/** The run, and how much of its time the source did not count as down. */
const watched = (given: Scenario, seed: number): { pace: Pace; upMs: number } => {
  let [upMs, heardAt, isDown] = [0, 0, false]
  const { pace } = simulate(given, seed, null, (now, _, { circuit }) => {
    if (!isDown) upMs += now - heardAt
    heardAt = now
    isDown = circuit.downSince !== null
  })
  return { pace, upMs }
}

describe('a run of which half fails', () => {
  const PAGES = 400
  const LIMIT = 10
  const faults: Record<string, Partial<Scenario>> = { errors: { errors: 0.5 }, 'lost requests': { lost: 0.5 } }
  for (const [name, fault] of Object.entries(faults))
    for (const tells of ['silent', 'retry-after'] as const)
      it(`holds about the limit, and takes about as long as that and the failures (${name}, ${tells})`, () => {
        for (let seed = 1; seed <= 8; seed++) {
          const { pace, upMs } = watched(
            scenario('limited', bucket(LIMIT, 10), tells, { pages: PAGES, ...fault }),
            seed,
          )
          // What is lost on its way is not counted by the limiter: twice as much may be sent.
          const held = rateOf(pace)
          assert.ok(held > LIMIT / 2 && held < 4 * LIMIT, `seed ${seed}: ${held.toFixed(2)}/s are held`)
          const leastMs = (2 * PAGES * 1000) / LIMIT
          assert.ok(upMs < 1.5 * leastMs, `seed ${seed}: ${(upMs / leastMs).toFixed(2)} times the least`)
        }
      })
})
