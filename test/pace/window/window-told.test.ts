import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admit, noTraffic } from '../../../src/pace/traffic.ts'
import { countedWindow, startWindow, type Window, windowRefused } from '../../../src/pace/window/window.ts'
import { NOW, times } from '../driving.ts'

const MINUTE = 60_000
/** Twenty let in since it opened, then one more that is refused: the source says when the next opens, within a second. */
const toldOf = (window: Window, inMs: number): Window => {
  const traffic = times(20, (i) => NOW + i * 10).reduce(admit, noTraffic)
  const told = windowRefused(window, traffic, [], NOW + 400, { after: NOW + inMs - 1000, by: NOW + inMs })
  assert.ok(told !== null)
  return told
}
const counted = (windowMs: number, fixed: boolean, members: Partial<Window> = {}): Window => ({
  ...countedWindow(20, windowMs, { after: NOW - 1000, by: NOW }, fixed),
  ...members,
})

describe('the length of a window that was counted at the first wall, by when the source says that the next opens', () => {
  it('is longer than it was thought to be', () => {
    for (const fixed of [true, false]) {
      const { windowMs, opened, quota } = toldOf(counted(10_000, fixed), 15_000)
      assert.equal(windowMs, 15_000)
      assert.ok(opened.by <= NOW && opened.by > NOW - 1500)
      assert.equal(quota, 20)
    }
  })

  it('is shorter, if it opens at set instants, and was not closed for longer', () => {
    assert.equal(toldOf(counted(MINUTE, true, { closedMs: 20_000 }), 30_000).windowMs, 30_000)
    assert.equal(toldOf(counted(MINUTE, true, { closedMs: 40_000 }), 30_000).windowMs, MINUTE)
    assert.equal(toldOf(counted(MINUTE, false), 30_000).windowMs, MINUTE, 'something may have slid out')
  })

  it('is what it was thought to be, give or take what is rounded', () => {
    const { windowMs, fixed } = toldOf(counted(MINUTE, false), MINUTE + 1010)
    assert.deepEqual([windowMs, fixed], [MINUTE, false])
  })

  it('is not doubted any more once it has opened as foreseen', () => {
    assert.equal(toldOf(counted(10_000, true, { foreseen: 1 }), 15_000).windowMs, 10_000)
  })
})

it('an early probe that is refused just after the opening does not make it longer', () => {
  const window = { ...startWindow(5, 15_000, { after: NOW - 14_600, by: NOW - 14_000 }, true), probing: NOW }
  const told = windowRefused(window, noTraffic, [], NOW, { after: NOW + 14_500, by: NOW + 15_500 })
  assert.equal(told?.windowMs, 15_000)
})
