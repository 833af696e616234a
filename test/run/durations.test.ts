import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BOUNDS_MS,
  durationsOf,
  durationsSince,
  durationsTogether,
  meanMs,
  noDurations,
  quantileMs,
  withDuration,
} from '../../src/run/durations.ts'

const after = (...took: number[]) => took.reduce(withDuration, noDurations())

it('what took a while is counted at the first bound that it does not exceed', () => {
  const { counts, sumMs } = after(13, 25, 25.1, 400, 99_999)
  assert.deepEqual(
    counts.flatMap((count, i) => (count > 0 ? [[BOUNDS_MS[i] ?? 'longer', count]] : [])),
    [
      [25, 2],
      [50, 1],
      [400, 1],
      ['longer', 1],
    ],
  )
  assert.equal(sumMs, 100_462.1)
})

it('those of two jobs are added up', () => {
  assert.deepEqual(durationsTogether(after(13, 400), after(25)), after(13, 400, 25))
})

it('a clock that ran back takes nothing away', () => {
  assert.deepEqual(after(-5), { ...after(0), sumMs: 0 })
})

it('what was kept goes on, and begins anew where its bounds were others', () => {
  const kept = after(10, 20)
  assert.equal(durationsOf(kept), kept)
  assert.deepEqual(durationsOf({ counts: [1, 2], sumMs: 3 }), noDurations())
  assert.deepEqual(durationsOf(undefined), noDurations())
})

describe('of what took a while', () => {
  it('the mean and a quantile are told, evenly spread between two bounds, as Prometheus does', () => {
    const durations = after(10, 20, 30, 40)
    assert.equal(meanMs(durations), 25)
    assert.equal(quantileMs(durations, 0.5), 25)
    assert.equal(quantileMs(durations, 0.75), 37.5)
    assert.equal(quantileMs(durations, 1), 50)
    assert.equal(quantileMs(after(99_999), 0.95), 25_600, 'what is beyond all bounds is not known any better')
    assert.deepEqual([meanMs(after()), quantileMs(after(), 0.95)], [null, null])
  })

  it('what is new since a look is told apart', () => {
    const before = after(10, 700)
    assert.deepEqual(durationsSince(withDuration(before, 90), before), after(90))
  })
})
