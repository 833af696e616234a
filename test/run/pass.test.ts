import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endsOf, startPass } from '../../src/run/pass.ts'
import type { Plan } from '../../src/run/plan.ts'
import { restoreRun } from '../../src/run/run.ts'

const PLAN: Plan = {
  segments: [
    { name: 'Audi', filter: { brand: '1' }, total: 100 },
    { name: 'all', filter: {}, total: 300 },
  ],
  total: 300,
  disjoint: false,
  note: null,
}
const SIZE = { wished: 50, learned: null }
const namesOf = (run: ReturnType<typeof startPass>): string[] => run.segments.map(({ segment }) => segment.name)

describe('startPass', () => {
  it('begins a whole pass with nothing covered', () => {
    const run = startPass({ sweep: 0, kind: 'whole', pageSize: null }, PLAN, SIZE, new Map())
    assert.deepEqual(namesOf(run), ['Audi', 'all'])
    assert.deepEqual(
      run.segments.map(({ covered }) => covered),
      [[], []],
    )
  })

  it('leaves out of later passes what the whole listing repeats', () => {
    const ends = new Map([['all', 320]])
    const reverse = startPass({ sweep: 1, kind: 'reverse', pageSize: 50 }, PLAN, SIZE, ends)
    assert.deepEqual(namesOf(reverse), ['all'])
    assert.equal(reverse.segments[0]!.segment.total, 320, 'begun at the end as it was found')
    const apart = startPass({ sweep: 1, kind: 'reverse', pageSize: 50 }, { ...PLAN, disjoint: true }, SIZE, ends)
    assert.deepEqual(namesOf(apart), ['Audi', 'all'])
  })

  it('has all rows covered but those of the seams, and its end known', () => {
    const pages = [2, 5].map((page) => ({ segment: 'all', page }))
    const run = startPass({ sweep: 1, kind: 'seams', pageSize: 50, pages }, PLAN, SIZE, new Map([['all', 320]]))
    const [all] = run.segments
    assert.deepEqual(all!.covered, [
      [0, 50],
      [100, 200],
      [250, 320],
    ])
    assert.deepEqual(all!.farthest, { to: 320, last: true, sure: true })
  })
})

describe('endsOf', () => {
  it('is the row at which each segment was found to end', () => {
    const run = startPass({ sweep: 0, kind: 'whole', pageSize: 50 }, PLAN, SIZE, new Map())
    const read = restoreRun(run, [
      { segment: 'all', pageSize: 50, page: 7, last: true, records: 20 },
      { segment: 'all', pageSize: 50, page: 1, last: false, records: 50 },
    ])
    assert.equal(endsOf(read).get('all'), read.segments[1]!.farthest.to)
    assert.ok(endsOf(read).get('all')! > 300)
  })
})
