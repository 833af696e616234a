import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { bucket, counter, sliding } from '../../../bench/pace/table.ts'
import type { Pace } from '../../../src/pace/pace.ts'
import { startPace } from '../../../src/pace/start.ts'
import { letIn, letInMany, NOW, turnedAway } from '../driving.ts'

describe('a window of a few seconds whose end is named', () => {
  it('is one when it is met again', () => {
    for (const seed of [1, 2]) {
      const run = simulate(scenario('35 in 3 s', sliding(35, 3), 'retry-after', { pages: 600 }), seed)
      assert.ok(run.refused < 0.03 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests} refused`)
      assert.equal(run.pace.shape.kind, 'window')
    }
  })

  /** 40 in so long, a wall, and a wait of two seconds, rounded up; twice. */
  const metTwice = (wallMs: number): Pace => {
    const lengthMs = wallMs + 2050
    let pace: Pace = startPace({ now: NOW })
    for (const at of [NOW, NOW + lengthMs])
      pace = turnedAway(letInMany(pace, 40, at, wallMs / 40, wallMs / 50), at + wallMs, 2000)
    return letIn(pace, NOW + 2 * lengthMs)
  }

  it('is met by an even pace where it is shorter than three', () => {
    const { shape } = metTwice(1000)
    assert.ok(shape.kind === 'window', shape.kind)
    assert.deepEqual([shape.quota, shape.windowMs], [40, 3000])
    const { shape: short } = metTwice(500)
    assert.ok(short.kind === 'bucket' && short.steady, short.kind)
    assert.equal(short.windowMs, 2000)
    assert.ok(Math.abs(short.rate - 20) < 0.5, `${short.rate}`)
  })
})

describe('a source that lets in next to nothing between long waits', () => {
  it('is asked for what it grants from wall to wall', () => {
    for (const seed of [1, 2]) {
      const slow = scenario('16 in 15 min', counter(16, 900), 'retry-after', { wayMs: 1, serviceMs: 34, pages: 200 })
      const run = simulate(slow, seed)
      assert.ok(run.refused < 0.12 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests} refused`)
      assert.ok(run.ms < 1.1 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
    }
  })

  it('is asked on at that pace when it names a wait for the next token', () => {
    const limit = bucket(0.1, 1)
    for (const seed of [1, 2]) {
      const run = simulate(scenario('6 a minute', limit, 'retry-after', { pages: 120 }), seed)
      assert.ok(run.ms < 1.15 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
    }
  })
})
