/** Somebody else on the same key, at random instants, where nothing can be saved up. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { scenario } from '../../bench/pace/scenario.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'

const LIMIT = 5

for (const [tells, times] of [
  ['silent', 1.3],
  ['retry-after', 1.35],
] as const)
  for (const seed of [1, 2, 3, 4, 5, 6])
    it(`is not yielded to, for a slower pace is only refused more (${tells}, seed ${seed})`, () => {
      const run = simulate(scenario('shared', bucket(LIMIT, 1), tells, { tenant: LIMIT / 5 }), seed)
      assert.ok(run.done)
      assert.ok(run.ms < times * run.leastMs, `${(run.ms / run.leastMs).toFixed(2)} times the least`)
      assert.ok(run.refused < 0.08 * run.requests, `${run.refused} of ${run.requests}`)
    })

// Trials that were refused went down by 2.5 each, without an end: 8, 6 and 5 times the least.
for (const { rate, tells, share, times } of [
  { rate: 6, tells: 'silent', share: 0.45, times: 2 },
  { rate: 10, tells: 'headers', share: 0.2, times: 2 },
  { rate: 10, tells: 'retry-after', share: 0.2, times: 2.5 },
] as const)
  it(`is told from the first trials on (${rate} a second, ${tells})`, () => {
    for (let seed = 1; seed <= 6; seed++) {
      const run = simulate(scenario('shared', bucket(rate, 1), tells, { tenant: share * rate }), seed)
      assert.ok(run.done)
      assert.ok(run.ms < times * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
      assert.ok(run.refused < 0.2 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests}`)
    }
  })

it('is not taken for where nobody else is there', () => {
  // The bucket holds two: what was saved up made too high a rate look right.
  for (let seed = 1; seed <= 6; seed++) {
    const other = { wayMs: 8, serviceMs: 17, jitterMs: 2, pages: 600 }
    const run = simulate(scenario('alone', bucket(1, 2), 'retry-after', other), seed)
    assert.ok(run.refused < 0.04 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests}`)
  }
})

it('is not taken for where a rate is too high by a third of what is saved up in a wait', () => {
  // What was believed to be the least was held, although a sixth of what was asked for was refused.
  for (let seed = 1; seed <= 6; seed++) {
    const run = simulate(scenario('alone', bucket(2, 3), 'retry-after'), seed)
    assert.ok(run.ms < 1.04 * run.leastMs)
    assert.ok(run.refused < 0.02 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests}`)
  }
})

it('is found not to be so, though most of what is asked for is refused meanwhile', () => {
  // What the first trials were let in was saved up, so that every slower pace seemed to bring less.
  for (let seed = 1; seed <= 6; seed++) {
    const quick = { wayMs: 1, serviceMs: 5, jitterMs: 1, pages: 200 }
    const run = simulate(scenario('alone', bucket(6, 4), 'silent', quick), seed)
    assert.ok(run.ms < 1.05 * run.leastMs)
    assert.ok(run.refused < 0.25 * run.requests, `seed ${seed}: ${run.refused} of ${run.requests}`)
  }
})

// Trials went down by 2.5 each in ever longer waits, or the token passed for a window and then for a wide bucket: 5.7 to 13 times the least, and four of six were given up.
for (const { rate, share, tells, seed, times } of [
  { rate: 5, share: 0.1, tells: 'retry-after', seed: 14, times: 1.3 },
  { rate: 5, share: 0.35, tells: 'retry-after', seed: 10, times: 1.3 },
  { rate: 5, share: 0.35, tells: 'retry-after', seed: 16, times: 1.8 },
  { rate: 3, share: 0.1, tells: 'silent', seed: 7, times: 1.5 },
  { rate: 12, share: 0.4, tells: 'silent', seed: 1603, times: 1.3 },
  { rate: 20, share: 0.2, tells: 'retry-after', seed: 2201, times: 4 },
] as const)
  it(`does not bring the pace to a standstill by bad luck at first (${rate} a second, ${share} taken, ${tells}, seed ${seed})`, () => {
    const run = simulate(scenario('shared', bucket(rate, 1), tells, { tenant: share * rate, pages: 600 }), seed)
    assert.ok(run.done)
    assert.ok(run.ms < times * run.leastMs, `${(run.ms / run.leastMs).toFixed(2)} times the least`)
  })
