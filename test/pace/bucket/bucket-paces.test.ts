import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../../bench/pace/scenario.ts'
import { secondRun } from '../../../bench/pace/second-run.ts'
import { bucket } from '../../../bench/pace/table.ts'
import { meanRun, notYielding, type Run, withRun } from '../../../src/pace/bucket/bucket-paces.ts'
import { times } from '../driving.ts'

const runs = (rate: number, ...counts: number[]): Run[] => counts.map((count) => ({ rate, count }))

describe('of a bucket that holds one token', () => {
  it('refusals that a slower pace does not make rarer are not yielded to', () => {
    const alike = [...runs(24, 80, 120, 90, 130), ...runs(21, 110, 70, 140, 120)]
    assert.equal(notYielding(20.8, alike, 0), 24)
  })

  it('refusals by jitter are: a slower pace has made them rare', () => {
    assert.equal(notYielding(20.8, [...runs(24, 20, 30, 15, 25), ...runs(21, 210, 170, 340, 220)], 0), 20.8)
  })

  it('where each brings a wait, a pace is as much the worse', () => {
    const rarer = [...runs(24, 80, 120, 90, 130), ...runs(19, 130, 180, 140, 170)]
    assert.deepEqual([notYielding(18.8, rarer, 0), notYielding(18.8, rarer, 5000)], [24, 18.8])
  })

  it('few refusals tell nothing', () => {
    assert.equal(notYielding(20.8, [...runs(24, 30, 30, 30), ...runs(21, 20, 20, 20)], 0), 20.8)
  })

  it('the latest tell: the limit may have fallen', () => {
    const fallen = [...runs(24, 200, 300, 250), ...runs(24, 1, 1, 2, 1), ...runs(20, 2, 1, 3, 2)]
    assert.equal(notYielding(18, fallen, 0), 18)
  })

  it('so they do where every second one is refused: what was let in before is of another limit', () => {
    const fallen = times(4, () => ({ rate: 22, clean: 1 })).reduce(
      withRun,
      runs(24, 200, 300, 250, 280) as readonly Run[],
    )
    assert.deepEqual(fallen, runs(22, 1, 1, 1, 1))
  })

  it('one short run among long ones is chance', () => {
    assert.equal(meanRun(runs(24, 300, 290, 10)), 200)
    assert.equal(meanRun(runs(30, 300, 290).concat(runs(24, 10))), 10)
  })

  it('a run that begins with what was learned is not slower for what is held up on the way', () => {
    const heldUp = scenario('', bucket(25, 1), 'silent', {
      pages: 640,
      serviceMs: 100,
      wayMs: 0.3,
      jitterMs: 1,
      heldUp: 0.01,
    })
    const taken = times(8, (i) => secondRun(heldUp, i + 1)).map(({ ms, leastMs }) => ms / leastMs)
    const mean = taken.reduce((sum, each) => sum + each, 0) / taken.length
    assert.ok(mean < 1.35, `${mean}`)
  })
})
