import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Scenario, scenario } from '../../../bench/pace/scenario.ts'
import { secondRun } from '../../../bench/pace/second-run.ts'
import { simulate } from '../../../bench/pace/simulate.ts'
import { fixed, restarting } from '../../../bench/pace/table.ts'
import type { AnnouncedLimit } from '../../../src/pace/header/limit-headers.ts'
import { type Pace, waitBefore } from '../../../src/pace/pace.ts'
import { type Remembered, remember, startPace } from '../../../src/pace/start.ts'
import { letIn, NOW, times, turnedAway } from '../driving.ts'

const near = { serviceMs: 100, wayMs: 0.5, jitterMs: 1.5, pages: 520 }
const two = scenario('60 in 2 s', restarting(60, 2), 'instants', near)
const four = scenario('80 in 4 s', restarting(80, 4), 'instants', near)

describe('a window whose end is said in whole seconds, and that begins with its first request', () => {
  const within = (run: { ms: number; leastMs: number; refused: number }, most: number): void => {
    assert.ok(run.ms <= most * run.leastMs, `${(run.ms / run.leastMs).toFixed(2)} times the least`)
    assert.equal(run.refused, 0)
  }

  it('is not waited for a second longer than it lasts', () => {
    for (const seed of [1, 2, 3, 4]) {
      within(simulate(two, seed), 1.12)
      within(simulate(four, seed), 1.03)
    }
  })

  it('nor by the next run', () => {
    for (const seed of [1, 2, 3, 4]) {
      within(secondRun(two, seed), 1.1)
      within(secondRun(four, seed), 1.03)
    }
  })
})

it('one that opens at set instants, of which the first request came late, is not taken for a shorter one', () => {
  const sources: readonly [Scenario, number][] = [
    [scenario('5 in 3 s', fixed(5, 3, 700), 'instants', { pages: 400, wayMs: 10, serviceMs: 66 }), 3000],
    [scenario('23 in 20 s', fixed(23, 20, 3300), 'instants', { pages: 400, wayMs: 10, serviceMs: 346 }), 20_000],
  ]
  for (const [each, windowMs] of sources)
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { refused, pace } = simulate(each, seed)
      for (const length of pace.lengths) assert.ok(length.windowMs === null || length.windowMs === windowMs)
      assert.ok(refused <= 5, `seed ${seed}: ${refused} refused`)
    }
})

describe('a length that is tried', () => {
  const said = (remaining: number, resetMs: number): AnnouncedLimit[] => [
    { name: '', quota: 10, windowMs: null, remaining, resetMs },
  ]
  const usedUp = (pace: Pace, resetMs: number): Pace =>
    times(10, (i) => i).reduce((each, i) => letIn(each, NOW + i * 60, 50, said(9 - i, resetMs)), pace)
  const begun = (remembered: Remembered | null = null): Pace => startPace({ now: NOW, pages: 1000, remembered })
  const used = usedUp(begun(), 5000)
  // The end is said by the answer, which comes after 50 ms, and was heard again by those that followed.
  const early = NOW + 50 + 4000

  it('is asked for by one request when the whole second is over by which the end may have been rounded', () => {
    assert.ok(Math.abs(early - NOW - 600 - waitBefore(used, NOW + 600)) < 1)
  })

  it('is known where the quota is there again', () => {
    const known = letIn(used, early, 50, said(9, 5000))
    assert.deepEqual(known.lengths, [{ name: '', quota: 10, windowMs: 4000 }])
    assert.equal(known.announced[0]!.windowMs, 4000)
  })

  it('is not tried again where it was refused, by later runs neither', () => {
    const refused = turnedAway(used, early, 1000, 50, said(0, 1000))
    assert.deepEqual(refused.lengths, [{ name: '', quota: 10, windowMs: null }])
    const kept = JSON.parse(JSON.stringify(remember(refused, early + 60))) as Remembered
    const later = usedUp(begun({ ...kept, at: NOW, gateUntil: 0 }), 5000)
    assert.ok(waitBefore(later, NOW + 600) > 4300)
  })

  it('is not believed where the source says that the window lasts longer', () => {
    const known = remember(letIn(used, early, 50, said(9, 5000)), early + 60)
    const changed = letIn(begun({ ...known, at: NOW }), NOW, 50, said(9, 60_000))
    assert.equal(changed.announced[0]!.windowMs, null)
  })
})
