import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { fixed, sliding } from '../../../bench/pace/table.ts'

/** Answers so quick that the whole quota is used up in a tenth of a second. */
const QUICK = { wayMs: 6, serviceMs: 12, jitterMs: 0.5, pages: 360 }

describe('a quota for each second of a source that answers quickly', () => {
  const limits = [
    { name: 'sliding 30', limit: sliding(30, 1) },
    { name: 'fixed 30, wherever it opens', limit: fixed(30, 1, 400) },
  ]
  for (const { name, limit } of limits)
    for (const tells of ['silent', 'retry-after'] as const)
      it(`is guessed by what went through at once: ${name}, ${tells}`, () => {
        for (const seed of [1, 2, 3]) {
          const run = simulate(scenario(name, limit, tells, QUICK), seed)
          assert.ok(run.done)
          assert.ok(run.ms < 1.45 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
          assert.ok(run.refused <= 20, `seed ${seed}: ${run.refused} refused`)
        }
      })
})

describe('a cap of a source that answers quickly', () => {
  it('is no quota for a second where it lets in again at once', () => {
    const four = { kind: 'concurrency', cap: 4 } as const
    const quick = scenario('at most 4', four, 'silent', { wayMs: 2, serviceMs: 6, jitterMs: 0.03, pages: 600 })
    for (const seed of [1, 5, 6]) {
      const run = simulate(quick, seed)
      assert.ok(run.ms < 3 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
    }
  })
})
