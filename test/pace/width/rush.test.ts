import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { letIn, refusedAgain } from '../../../src/pace/width/rush.ts'

describe('refusals one right after the other', () => {
  /** A source that refuses within 3 ms all but every `each`-th request, asked again at once unless there is a pause. */
  const askedWithin = (ms: number, each: number): number => {
    let [now, heardAt, rush, asked] = [0, Number.NEGATIVE_INFINITY, 0, 0]
    while (now < ms) {
      asked++
      const sentAt = now
      now += 3
      if (asked % each === 0) rush = letIn(rush)
      else {
        const { rush: more, pauseMs } = refusedAgain(rush, sentAt, heardAt)
        rush = more
        heardAt = now
        now += pauseMs
      }
    }
    return asked
  }

  it('are never a storm, though something is let in now and then', () => {
    assert.ok(askedWithin(60_000, Number.POSITIVE_INFINITY) < 70)
    assert.ok(askedWithin(60_000, 20) < 90)
  })

  it('make nobody wait while they are few, or while most is let in', () => {
    assert.ok(askedWithin(1000, 1) > 300)
    let rush = 0
    for (let i = 0; i < 12; i++) {
      const { rush: more, pauseMs } = refusedAgain(rush, 3 * i + 1, 3 * i)
      assert.equal(pauseMs, 0)
      rush = more
    }
    assert.ok(refusedAgain(rush, 100, 90).pauseMs > 0)
    for (let i = 0; i < 48; i++) rush = letIn(rush)
    assert.equal(refusedAgain(rush, 100, 90).pauseMs, 0, 'made up for')
  })

  it('do not count where the one before was a while ago: a probe', () => {
    assert.deepEqual(refusedAgain(30, 1000, 900), { rush: 30, pauseMs: 0 })
  })
})
