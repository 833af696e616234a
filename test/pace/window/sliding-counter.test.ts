import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pace } from '../../../src/pace/pace.ts'
import { startPace } from '../../../src/pace/start.ts'
import { startWindow, type Window } from '../../../src/pace/window/window.ts'
import { type Drive, drive, letIn, letInMany, NOW, turnedAway } from '../driving.ts'

const MINUTE = 60_000
const begun = (): Pace => startPace({ now: NOW, pages: 500 })

/** A window of 60, thought to be so long, of which so many have gone through when it is refused; it lets in again as the next one would begin. */
const refusedAfter = (
  count: number,
  windowMs: number,
  other: Partial<Window> = {},
  retryAfterMs: number | null = null,
) => {
  const opened = { after: NOW - 50, by: NOW }
  const shape = { ...startWindow(60, windowMs, opened, false), ...other }
  const used = letInMany({ ...begun(), shape, countedFrom: NOW }, count, NOW, 10)
  const wall = turnedAway(used, NOW + 700, retryAfterMs)
  const asked = retryAfterMs === null ? turnedAway(wall, NOW + 2950) : wall
  return letIn(asked, NOW + 3150).shape
}

/** As HAProxy counts in its stick tables: those that are refused, too, and the window before by the share that is left of it. */
const stickTable = (quota: number, windowMs: number): Drive['answer'] => {
  let [start, before, count] = [Number.NEGATIVE_INFINITY, 0, 0]
  return (at) => {
    const passed = (at - start) / windowMs
    if (passed < 1) count++
    else [start, before, count] = passed < 2 ? [start + windowMs, count, 1] : [at, 0, 1]
    return { refused: Math.floor(before * (1 - (at - start) / windowMs) + count) > quota }
  }
}

describe('a window of a few seconds that lets in less than at first', () => {
  it('is a counter, if it is less than half, and met by the even pace of what it let in at first', () => {
    const shape = refusedAfter(29, 3000)
    assert.ok(shape.kind === 'bucket' && shape.steady, shape.kind)
    assert.ok(shape.rate > 19 && shape.rate < 20, `${shape.rate}`)
  })

  it('is a window all the same where it has ended as foreseen, is long, says how long to wait, or lets in half as many', () => {
    assert.equal(refusedAfter(29, 3000, { foreseen: 3 }).kind, 'window', 'the limit has fallen')
    assert.equal(refusedAfter(29, MINUTE).kind, 'window')
    assert.equal(refusedAfter(32, 3000).kind, 'window', 'our first requests may have fallen into two windows')
    assert.equal(refusedAfter(29, 3000, {}, 2400).kind, 'window')
  })

  it('is asked for no more than was let in on the whole where its quota is of a later wall', () => {
    const shape = refusedAfter(29, 3000, { misses: 2 })
    assert.ok(shape.kind === 'bucket' && shape.rate < 12, shape.kind)
  })

  it('grants most of its quota, though what it refuses counts as well', () => {
    for (const [quota, latencyMs] of [
      [60, 60],
      [30, 150],
    ] as const) {
      const answer = stickTable(quota, 3000)
      const { sends } = drive(begun(), { from: NOW, forMs: MINUTE, latencyMs, answer })
      const letInOf = sends.filter(({ refused }) => !refused).length
      assert.ok(letInOf > 0.85 * 20 * quota, `${letInOf}`)
    }
  })
})
