import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isEarlyEnd } from '../../src/run/early-end.ts'
import { horizonOf } from '../../src/run/next-step.ts'
import { advance, type SegmentState, startRun } from '../../src/run/run.ts'

const state = (total: number | null, farthest = { to: 0, last: false, sure: true }): SegmentState => {
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
  assert.equal(isEarlyEnd(state(null, { to: 400, last: true, sure: true }), empty(9)), false)
  assert.equal(isEarlyEnd(state(null, { to: 450, last: true, sure: true }), empty(9)), true)
  assert.equal(isEarlyEnd(state(null, { to: 400, last: false, sure: true }), empty(9)), true)
})

it('behind the total it is early where the page before says that there is another', () => {
  assert.equal(isEarlyEnd(state(100, { to: 100, last: false, sure: true }), empty(3)), true)
  assert.equal(isEarlyEnd(state(100, { to: 150, last: true, sure: true }), empty(3)), true)
  assert.equal(isEarlyEnd(state(100, { to: 50, last: false, sure: true }), empty(3)), false)
})

it('one that was believed ends nothing until the page behind it was read', () => {
  const segments = [{ name: 'all', filter: {}, total: null }]
  const read = (run: ReturnType<typeof startRun>, page: number, records: number, last: boolean) => {
    const ask = { segment: 0, pageSize: 50, page, attempt: 1 }
    return advance(advance(run, { kind: 'asked', ask }), { kind: 'read', ask, pageSize: 50, last, records })
  }
  const begun = startRun({ total: null, segments, disjoint: true, note: null }, 50, 50)
  const open = read(read(begun, 1, 50, false), 2, 0, true)
  assert.equal(horizonOf(open.segments[0]!, 50), 150)
  assert.equal(horizonOf(read(open, 3, 0, true).segments[0]!, 50), 150, 'the end')
  assert.equal(horizonOf(read(open, 3, 20, true).segments[0]!, 50), 150, 'the end, and page 2 is hollow')
  assert.ok(horizonOf(read(open, 3, 50, false).segments[0]!, 50) > 150)
})

it('a page that has records, or that is not the last one, is none', () => {
  assert.equal(isEarlyEnd(state(100), { ...empty(1), records: 1 }), false)
  assert.equal(isEarlyEnd(state(100), { ...empty(1), last: false }), false)
})
