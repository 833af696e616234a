import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { bucket } from '../../../bench/pace/table.ts'
import { capHolds, isMore } from '../../../src/pace/width/cap-trial.ts'
import { startWidth } from '../../../src/pace/width/width.ts'
import { times } from '../driving.ts'

/** Six at once, and seven at most; ten a second are six at once. */
const trial = {
  width: { ...startWidth, cap: 6, capMost: 7, limit: 6, capWalls: 1 },
  most: 11.7,
  refuted: false,
}

describe('a cap that is exceeded at an even pace', () => {
  it('is one where that is refused at once, and the width goes back to it', () => {
    const width = capHolds(trial, 12.5, 7)
    assert.deepEqual([width?.cap, width?.limit, width?.tried, width?.capWalls], [6, 6, true, 2])
  })

  it('may be a little higher than it was believed to be', () => {
    assert.deepEqual([capHolds(trial, 15.6, 8)?.cap, capHolds(trial, 15.6, 12)?.cap], [7, 7])
  })

  it('is sure where it is as high as it can be: it is not exceeded again soon', () => {
    assert.equal(capHolds(trial, 15.6, 8)?.capWalls, 2)
    const lower = { ...trial, width: { ...trial.width, capMost: 9 } }
    assert.deepEqual([capHolds(lower, 15.6, 8)?.cap, capHolds(lower, 15.6, 8)?.capWalls], [7, 1])
  })

  it('is none where much more goes through', () => {
    assert.equal(capHolds(trial, 24, 12), null)
    assert.equal(isMore({ ...trial, refuted: true }, 12), true)
    assert.equal(isMore({ ...trial, refuted: true }, 13), false)
    // A later refusal at a slower pace does not make it one again.
    assert.equal(capHolds({ ...trial, refuted: true }, 12.5, 7), null)
  })

  it('which a bucket of a few tokens is not taken for, where answers take long', () => {
    for (const [rate, tells] of [
      [55, 'silent'],
      [35, 'retry-after'],
    ] as const) {
      const taken = times(6, (i) => {
        const other = { serviceMs: 300, wayMs: 30, jitterMs: 3 }
        const { ms, leastMs } = simulate(scenario('few', bucket(rate, 3), tells, other), i + 1)
        return ms / leastMs
      })
      assert.ok(Math.max(...taken) < 1.7, `${taken.map((each) => each.toFixed(2))}`)
    }
  })

  it('is left alone where it is a cap', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const run = simulate(scenario('four', { kind: 'concurrency', cap: 4 }, 'retry-after'), seed)
      assert.ok(run.ms < 1.06 * run.leastMs, `${(run.ms / run.leastMs).toFixed(2)} times the least`)
    }
  })
})
