import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasRoom, horizonOf, nextStep, type Room } from '../../src/run/next-step.ts'
import { type Ask, advance, type Fact, type Run, startRun } from '../../src/run/run.ts'

const ROOMY: Room = { bytesHeld: 0, maxBytes: 100, pageBytes: 1 }
const FULL: Room = { bytesHeld: 100, maxBytes: 100, pageBytes: 1 }

const runOf = (totals: (number | null)[], pageSize: number | null = 10): Run =>
  startRun(
    {
      segments: totals.map((total, i) => ({ name: `s${i}`, filter: {}, total })),
      total: null,
      disjoint: true,
      note: null,
    },
    10,
    pageSize,
  )

const after = (run: Run, ...facts: Fact[]): Run => facts.reduce(advance, run)
const ask = (page: number, segment = 0): Ask => ({ segment, pageSize: 10, page, attempt: 1 })
const asked = (page: number, segment = 0): Fact => ({ kind: 'asked', ask: ask(page, segment) })
const read = (page: number, last = false, segment = 0): Fact => ({
  kind: 'read',
  ask: ask(page, segment),
  pageSize: 10,
  last,
  records: 10,
})
const committed = (page: number, segment = 0): Fact => ({
  kind: 'committed',
  segment,
  pageSize: 10,
  page,
  records: 10,
})
const done = (page: number, last = false, segment = 0): Fact[] => [
  asked(page, segment),
  read(page, last, segment),
  committed(page, segment),
]
const failed = (page: number, at: number): Fact => ({ kind: 'failed', ask: ask(page), why: '503', at, wasRead: false })
const dead = (page: number): Fact => ({ kind: 'given-up', ask: ask(page), why: '503', wasRead: false })

/** The pages asked for one after another while nothing comes back, as "segment/page". */
const burst = (run: Run, most = 50): string[] => {
  const pages: string[] = []
  for (let i = 0; i < most; i++) {
    const step = nextStep(run, ROOMY, 0)
    if (step.kind !== 'fetch') break
    pages.push(`${step.ask.segment}/${step.ask.page}`)
    run = advance(run, { kind: 'asked', ask: step.ask })
  }
  return pages
}

describe('nextStep', () => {
  it('asks for the segments in their order, page by page', () => {
    assert.deepEqual(burst(runOf([25, 11])), ['0/1', '0/2', '0/3', '1/1', '1/2'])
  })

  it('asks for one page and waits, until it has told how large a page really is', () => {
    const run = runOf([100], null)
    assert.deepEqual(burst(run), ['0/1'])
    assert.deepEqual(nextStep(advance(run, asked(1)), ROOMY, 0), { kind: 'wait', untilAt: null })
    assert.equal(burst(after(run, asked(1), read(1))).length, 9)
  })

  it('goes slowly into the unknown where there is no total, and faster the farther it has come', () => {
    assert.deepEqual(burst(runOf([null])), ['0/1'])
    const pages = Array.from({ length: 40 }, (_, i) => done(i + 1)).flat()
    assert.deepEqual(
      burst(after(runOf([null]), ...pages)),
      [41, 42, 43, 44, 45, 46, 47, 48].map((page) => `0/${page}`),
    )
  })

  it('goes on behind the planned total while the farthest page has a next one', () => {
    assert.deepEqual(burst(after(runOf([10]), ...done(1, false))), ['0/2'])
    assert.deepEqual(nextStep(after(runOf([10]), ...done(1, true)), ROOMY, 0), { kind: 'finish' })
  })

  it('does not believe an end mark before the planned total', () => {
    assert.deepEqual(burst(after(runOf([30]), ...done(1, true))), ['0/2', '0/3'])
  })

  it('waits while there is no room, but lets a single page through that is larger than all the room', () => {
    const run = runOf([100])
    assert.deepEqual(nextStep(advance(run, asked(1)), FULL, 0), { kind: 'hold' })
    assert.equal(nextStep(run, FULL, 0).kind, 'fetch')
    const due = after(run, asked(1), failed(1, 0), asked(2))
    assert.deepEqual(nextStep(due, FULL, 0), { kind: 'hold' }, 'a page that is due needs room too')
  })

  it('waits, rather than holds, once every page has been asked for, however little room there is', () => {
    const run = after(runOf([20]), asked(1), asked(2))
    assert.deepEqual(nextStep(run, FULL, 0), { kind: 'wait', untilAt: null })
    assert.deepEqual(nextStep(advance(run, failed(1, 500)), FULL, 0), { kind: 'wait', untilAt: 500 })
  })

  it('asks for other pages while a failed one waits, and for the failed one as soon as it is due', () => {
    const run = after(runOf([30]), asked(1), failed(1, 500))
    assert.deepEqual(burst(run), ['0/2', '0/3'])
    const step = nextStep(run, ROOMY, 500)
    assert.deepEqual(step, { kind: 'fetch', ask: { ...ask(1), attempt: 2 } })
  })

  it('waits until the first of the failed pages is due when there is nothing else to do', () => {
    const run = after(runOf([20]), asked(1), asked(2), failed(1, 900), failed(2, 700))
    assert.deepEqual(nextStep(run, ROOMY, 0), { kind: 'wait', untilAt: 700 })
  })

  it('asks for the rows of a failed page anew, when the page size has changed since', () => {
    const run = after(runOf([20]), asked(1), failed(1, 0), { kind: 'page-size', pageSize: 5 })
    assert.deepEqual(nextStep(run, ROOMY, 0), { kind: 'fetch', ask: { segment: 0, pageSize: 5, page: 1, attempt: 1 } })
  })

  it('forgets a failed page whose rows came with another page', () => {
    const other = { segment: 0, pageSize: 30, page: 1, attempt: 1 }
    const run = after(
      runOf([30]),
      asked(2),
      failed(2, 0),
      { kind: 'asked', ask: other },
      { kind: 'read', ask: other, pageSize: 30, last: true, records: 30 },
      { kind: 'committed', segment: 0, pageSize: 30, page: 1, records: 30 },
    )
    assert.deepEqual(nextStep(run, ROOMY, 0), { kind: 'finish' })
  })

  it('does not finish before what was read is committed', () => {
    const run = after(runOf([10]), asked(1), read(1, true))
    assert.deepEqual(nextStep(run, ROOMY, 0), { kind: 'wait', untilAt: null })
    assert.deepEqual(nextStep(advance(run, committed(1)), ROOMY, 0), { kind: 'finish' })
  })

  it('reads what it can around dead pages, and then names three of them and counts the rest', () => {
    const pages = [1, 2, 3, 4, 5]
    const run = after(runOf([60]), ...pages.flatMap((page) => [asked(page), dead(page)]))
    assert.deepEqual(burst(run), ['0/6'])
    const step = nextStep(after(run, ...done(6, true)), ROOMY, 0)
    assert.deepEqual(step, {
      kind: 'incomplete',
      why: 'page 1 of s0 (503); page 2 of s0 (503); page 3 of s0 (503) and 2 more could not be read',
    })
  })
})

describe('hasRoom', () => {
  it('is whether one more page fits', () => {
    assert.ok(hasRoom({ bytesHeld: 90, maxBytes: 100, pageBytes: 10 }))
    assert.ok(!hasRoom({ bytesHeld: 91, maxBytes: 100, pageBytes: 10 }))
  })
})

describe('horizonOf', () => {
  const stateOf = (total: number | null, ...facts: Fact[]) => after(runOf([total]), ...facts).segments[0]!

  it('is the planned total, until the farthest page is behind it', () => {
    assert.equal(horizonOf(stateOf(95), 10), 95)
    assert.equal(horizonOf(stateOf(95, ...done(9)), 10), 95)
    assert.equal(horizonOf(stateOf(95, ...done(10)), 10), 110)
  })

  it('reaches at least one page, also of a listing that says it is empty', () => {
    assert.equal(horizonOf(stateOf(0), 10), 10)
    assert.equal(horizonOf(stateOf(null), 10), 10)
  })

  it('is where the end mark stands, or the planned total if that is farther', () => {
    assert.equal(horizonOf(stateOf(95, ...done(3, true)), 10), 95)
    assert.equal(horizonOf(stateOf(null, ...done(3, true)), 10), 30)
  })
})
