import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isEarlyEnd } from '../../src/run/early-end.ts'
import { type SegmentState, startRun } from '../../src/run/run.ts'

const state = (total: number | null, farthest = { to: 0, last: false }): SegmentState => {
  const segments = [{ name: 'all', filter: {}, total }]
  const run = startRun({ total, segments, disjoint: true, note: null }, 50, null)
  return { ...run.segments[0]!, farthest }
}
const empty = (page: number) => ({ pageSize: 50, page, records: 0, last: true })

it('an empty last page is early before the total, and at any page where there is none', () => {
  assert.deepEqual(
    [1, 2, 3].map((page) => isEarlyEnd(state(100), empty(page))),
    [true, true, false],
  )
  assert.equal(isEarlyEnd(state(101), empty(3)), true)
  assert.equal(isEarlyEnd(state(0), empty(1)), false)
  assert.equal(isEarlyEnd(state(null), empty(9)), true)
})

it('it is not early behind another end', () => {
  assert.equal(isEarlyEnd(state(null, { to: 400, last: true }), empty(9)), false)
  assert.equal(isEarlyEnd(state(null, { to: 450, last: true }), empty(9)), true)
  assert.equal(isEarlyEnd(state(null, { to: 400, last: false }), empty(9)), true)
})

it('a page that has records, or that is not the last one, is none', () => {
  assert.equal(isEarlyEnd(state(100), { ...empty(1), records: 1 }), false)
  assert.equal(isEarlyEnd(state(100), { ...empty(1), last: false }), false)
})
