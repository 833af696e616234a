import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../../bench/pace/scenario.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { bucket } from '../../../bench/pace/table.ts'
import { type Crowd, letInAt, noCrowd, refusedAt, takenAtOnce } from '../../../src/pace/width/crowd.ts'
import { times } from '../driving.ts'

/** As many let in with each width, then one refused. */
const run = (crowd: Crowd, widths: readonly number[], refusedWidth: number): Crowd =>
  refusedAt(
    widths.reduce(
      (all, count, i) => times(count, () => i + 1).reduce((each, width) => letInAt(each, width, 10), all),
      crowd,
    ),
    refusedWidth,
  )
const runs = (count: number, widths: readonly number[], refusedWidth: number): Crowd =>
  times(count, () => 0).reduce((crowd) => run(crowd, widths, refusedWidth), noCrowd)

describe('what is refused only when so many are out', () => {
  it('is a matter of how many are taken at once', () => {
    assert.equal(takenAtOnce(runs(4, [40, 4], 2)), 1)
    assert.equal(takenAtOnce(runs(4, [10, 40, 5], 3)), 2)
    assert.equal(takenAtOnce(runs(4, [0, 0, 0, 10, 20, 20, 30, 5], 8)), 7)
  })

  it('is compared with what left at the same pace: at a higher one more are out, and more is refused', () => {
    const lookedUp = (crowd: Crowd): Crowd => {
      const before = times(90, () => 4).reduce((each, width) => letInAt(each, width, 10), crowd)
      return refusedAt(letInAt(before, 5, 11), 5)
    }
    assert.equal(takenAtOnce(times(4, () => 0).reduce(lookedUp, noCrowd)), null)
  })

  it('may be so by chance where most leave with so many out, or few were refused', () => {
    assert.equal(takenAtOnce(runs(8, [4, 40], 2)), null)
    assert.equal(takenAtOnce(runs(2, [40, 4], 2)), null)
  })

  it('is not where anything was refused with fewer out', () => {
    assert.equal(takenAtOnce(run(runs(4, [40, 4], 2), [40], 1)), null)
  })
})

describe('a source that takes one or two at once', () => {
  for (const cap of [1, 2])
    it(`is not asked at a rate for all of the job (${cap})`, () => {
      const found = [1, 2, 3, 4, 5, 6].map((seed) =>
        simulate(scenario('few', { kind: 'concurrency', cap }, 'silent'), seed),
      )
      for (const { ms, leastMs, refused, requests } of found) {
        assert.ok(ms < 1.3 * leastMs, `${(ms / leastMs).toFixed(2)} times the least`)
        assert.ok(refused < 0.01 * requests, `${refused} of ${requests}`)
      }
      const mean = found.reduce((sum, { ms, leastMs }) => sum + ms / leastMs, 0) / found.length
      assert.ok(mean < 1.12, `${mean.toFixed(2)} times the least on the mean`)
    })

  it('or more is not asked at a rate for all of the job either, when it was taken for one', () => {
    // Six at once, of which a quota for each second was made at first; stragglers keep a place for long.
    const six = scenario('six', { kind: 'concurrency', cap: 6 }, 'silent', {
      wayMs: 9,
      serviceMs: 340,
      stragglers: 0.01,
    })
    const ratio = Math.max(
      ...times(18, (seed) => {
        const { ms, leastMs } = simulate(six, seed + 1)
        return ms / leastMs
      }),
    )
    assert.ok(ratio < 1.25, `${ratio.toFixed(2)} times the least`)
  })

  it('is not taken for less because a straggler has its only place for long', () => {
    const one = scenario('one', { kind: 'concurrency', cap: 1 }, 'silent', {
      wayMs: 64,
      serviceMs: 210,
      stragglers: 0.01,
    })
    const ratio = Math.max(
      ...times(12, (seed) => {
        const { ms, leastMs } = simulate(one, seed + 1)
        return ms / leastMs
      }),
    )
    assert.ok(ratio < 1.2, `${ratio.toFixed(2)} times the least`)
  })

  it('is told from a rate that is nearly as much', () => {
    for (const rate of [6, 6.6, 13])
      for (const seed of [1, 2, 3]) {
        const { pace } = simulate(scenario('rate', bucket(rate, 1), 'silent'), seed)
        assert.equal(pace.width.cap, null, `${rate}/s, seed ${seed}`)
      }
  })
})
