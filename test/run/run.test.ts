import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { firstGap } from '../../src/run/coverage.ts'
import { advance, isRepeat, type Run, restoreRun, startRun } from '../../src/run/run.ts'
import { type Outcome, type Simulation, simulate } from './simulation.ts'

const CALM: Simulation = {
  seed: 1,
  segments: [{ rows: 95, planned: 95 }],
  wished: 10,
  learned: null,
  cap: 1000,
  floor: 1,
  lowerCap: null,
  lateEnd: false,
  failing: 0,
  refused: 0,
  brokenCommit: 0,
  earlyEnd: 0,
  drift: 0,
  deadRow: null,
  attempts: 8,
  killAfter: null,
}

const seed = fc.integer()
const size = fc.integer({ min: 1, max: 30 })
const share = fc.constantFrom(0, 0, 0.1, 0.4)
const segment = fc
  .record({ rows: fc.nat(150), off: fc.constantFrom(0, 0, 0, -7, 12), told: fc.boolean() })
  .map(({ rows, off, told }) => ({ rows, planned: told ? Math.max(0, rows + off) : null }))

/** Any source there can be, without pages that stay dead. */
const simulation: fc.Arbitrary<Simulation> = fc.record({
  seed,
  segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
  wished: size,
  learned: fc.option(size),
  cap: size,
  floor: fc.constantFrom(1, 1, 1, 7),
  lowerCap: fc.option(fc.record({ after: fc.nat(10), to: size })),
  lateEnd: fc.boolean(),
  failing: share,
  refused: share,
  brokenCommit: share,
  earlyEnd: share,
  drift: share,
  deadRow: fc.constant(null),
  attempts: fc.constant(1000),
  killAfter: fc.option(fc.nat(8)),
})

/** Rows below `end` that no committed page of the segment holds. */
const gap = ({ ledger }: Outcome, index: number, end: number): number | null =>
  firstGap([ledger.filter(({ segment }) => segment === `s${index}`).map(({ from, to }) => [from, to] as const)], end)

const RUNS = { numRuns: 300 }

describe('a run, driven to its end over any source', () => {
  it('finishes with every row of every segment committed, never asks for what is held, and never commits a page twice', () => {
    fc.assert(
      fc.property(simulation, (given) => {
        const outcome = simulate(given)
        assert.equal(outcome.end, 'finish')
        for (const [i, { planned }] of given.segments.entries()) {
          // With an end mark that lies, the rows behind the plan's total are the source's secret.
          const end =
            given.earlyEnd > 0 && planned !== null ? Math.min(planned, outcome.lasting[i]!) : outcome.lasting[i]!
          assert.equal(gap(outcome, i, end), null)
          assert.equal(gap(outcome, i, planned ?? 0), null, 'the plan is read to its end, whatever the end mark says')
          const pages = outcome.ledger.filter((page) => page.segment === `s${i}`)
          assert.ok(
            pages.some(({ last }) => last),
            'no segment ends without an end mark',
          )
          assert.equal(outcome.run.segments[i]!.pagesDone, pages.length)
          assert.equal(
            outcome.run.segments[i]!.records,
            pages.reduce((sum, { records }) => sum + records, 0),
          )
        }
      }),
      RUNS,
    )
  })

  it('asks for each page once when nothing goes wrong', () => {
    fc.assert(
      fc.property(seed, fc.nat(200), size, size, (at, rows, wished, cap) => {
        const { requests, ledger } = simulate({ ...CALM, seed: at, segments: [{ rows, planned: rows }], wished, cap })
        const pages = Math.max(1, Math.ceil(rows / Math.min(wished, cap)))
        assert.equal(ledger.length, pages)
        assert.equal(requests, pages)
      }),
    )
  })

  it('asks for few pages too many where the source does not tell how many there are', () => {
    fc.assert(
      fc.property(seed, fc.nat(300), (at, rows) => {
        const { ledger } = simulate({ ...CALM, seed: at, segments: [{ rows, planned: null }] })
        assert.ok(ledger.length <= Math.max(1, Math.ceil(rows / 10)) + 8)
      }),
    )
  })

  it('never finishes over a dead page, yet reads everything else', () => {
    const dying = fc.record({
      seed,
      rows: fc.integer({ min: 1, max: 150 }),
      at: fc.nat(149),
      attempts: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(dying, ({ seed: from, rows, at, attempts }) => {
        const deadRow = at % rows
        const segments = [
          { rows, planned: rows },
          { rows: 25, planned: null },
        ]
        const outcome = simulate({ ...CALM, seed: from, segments, deadRow, attempts, learned: 10 })
        assert.equal(outcome.end, 'incomplete')
        assert.equal(outcome.run.dead.length, 1)
        const page = Math.floor(deadRow / 10) + 1
        assert.equal(outcome.run.dead[0]!.ask.page, page)
        assert.equal(gap(outcome, 0, rows), (page - 1) * 10)
        const dead = {
          segment: 's0',
          pageSize: 10,
          page,
          last: false,
          records: 10,
          from: page * 10 - 10,
          to: page * 10,
        }
        assert.equal(gap({ ...outcome, ledger: [...outcome.ledger, dead] }, 0, rows), null)
        assert.equal(gap(outcome, 1, 25), null)
      }),
    )
  })

  it('goes on after a kill with exactly what is not committed', () => {
    fc.assert(
      fc.property(seed, fc.array(fc.nat(90), { minLength: 1, maxLength: 3 }), fc.nat(99), (at, totals, kill) => {
        const keyOf = (name: string, page: number): string => `${name}/${page}`
        const all = totals.flatMap((rows, i) =>
          Array.from({ length: Math.max(1, Math.ceil(rows / 10)) }, (_, page) => keyOf(`s${i}`, page + 1)),
        )
        const segments = totals.map((rows) => ({ rows, planned: rows }))
        const killAfter = kill % (all.length + 1)
        const outcome = simulate({ ...CALM, seed: at, segments, learned: 10, killAfter })
        const before = outcome.ledgerAtKill.map(({ segment: name, page }) => keyOf(name, page))
        assert.equal(before.length, killAfter)
        const asked = outcome.asksAfterKill.map(({ segment: i, page }) => keyOf(`s${i}`, page))
        assert.deepEqual([...before, ...asked].sort(), all.sort())
      }),
    )
  })
})

const begun = (pageSize: number | null = 100): Run =>
  startRun(
    { segments: [{ name: 'all', filter: {}, total: 1000 }], total: 1000, disjoint: true, note: null },
    100,
    pageSize,
  )
const ask = (page: number, pageSize = 100) => ({ segment: 0, pageSize, page, attempt: 1 })
const read = (page: number, pageSize: number, asked = 100) =>
  ({ kind: 'read', ask: ask(page, asked), pageSize, last: false, records: pageSize }) as const

describe('advance', () => {
  it('leaves the run it was given as it was', () => {
    const run = begun()
    const copy = structuredClone(run)
    advance(advance(run, { kind: 'asked', ask: ask(1) }), read(1, 50))
    assert.deepEqual(run, copy)
  })

  it('believes the page size that the source really serves, whether smaller or larger', () => {
    const asked = advance(begun(), { kind: 'asked', ask: ask(2) })
    const smaller = advance(asked, read(2, 40))
    assert.equal(smaller.pageSize, 40)
    assert.deepEqual(smaller.segments[0]!.pending, [[40, 80]])
    const larger = advance(asked, read(2, 250))
    assert.equal(larger.pageSize, 250)
    assert.deepEqual(larger.segments[0]!.pending, [[250, 500]])
  })

  it('does not let a late answer to an older, larger ask undo a smaller page size', () => {
    const asked = advance(begun(), { kind: 'asked', ask: ask(2) })
    const smaller = advance(asked, { kind: 'page-size', pageSize: 50 })
    assert.equal(advance(smaller, read(2, 100)).pageSize, 50)
  })

  it('counts a failed page up and keeps why it failed', () => {
    const asked = advance(begun(), { kind: 'asked', ask: ask(3) })
    const failed = advance(asked, { kind: 'failed', ask: ask(3), why: 'reset', at: 50, wasRead: false })
    assert.deepEqual(failed.retries, [{ ask: { ...ask(3), attempt: 2 }, at: 50, why: 'reset' }])
    assert.deepEqual(failed.segments[0]!.pending, [])
    const again = advance(failed, { kind: 'asked', ask: failed.retries[0]!.ask })
    assert.deepEqual(again.retries, [])
  })

  it('keeps rows pending that another page holds too', () => {
    let run = advance(begun(), { kind: 'asked', ask: ask(1, 100) })
    run = advance(run, { kind: 'asked', ask: ask(2, 60) })
    run = advance(run, { kind: 'released', ask: ask(1, 100) })
    assert.deepEqual(run.segments[0]!.pending, [[60, 120]])
  })

  it('remembers the end mark only of the farthest page', () => {
    let run = begun()
    for (const page of [5, 2]) run = advance(run, { kind: 'asked', ask: ask(page) })
    run = advance(run, { ...read(5, 100), last: false })
    run = advance(run, { ...read(2, 100), last: true })
    assert.deepEqual(run.segments[0]!.farthest, { to: 500, last: false, sure: true })
  })
})

describe('the end mark of one page, read twice', () => {
  it('is believed only when both readings had it, so that what was added meanwhile is asked for', () => {
    for (const marks of [
      [true, false],
      [false, true],
    ]) {
      let run = begun()
      for (const last of marks) {
        run = advance(run, { kind: 'asked', ask: ask(10) })
        run = advance(run, { ...read(10, 100), last })
        run = advance(run, { kind: 'failed', ask: ask(10), why: 'broken', at: 0, wasRead: true })
      }
      assert.deepEqual(run.segments[0]!.farthest, { to: 1000, last: false, sure: true })
    }
  })
})

describe('isRepeat', () => {
  it('is true only when every row served is committed or held by another page', () => {
    let run = begun()
    for (const page of [1, 2]) run = advance(run, { kind: 'asked', ask: ask(page) })
    assert.equal(isRepeat(run, ask(1), 100), false, 'its own rows do not count')
    assert.equal(isRepeat(run, ask(2), 50), true, 'rows 50 to 100 are held by page 1')
    assert.equal(isRepeat(run, ask(2), 60), false, 'rows 100 to 120 were page 2 itself')
    run = advance(run, read(1, 100))
    run = advance(run, { kind: 'committed', segment: 0, pageSize: 100, page: 1, records: 100 })
    assert.equal(isRepeat(run, ask(2), 50), true)
  })
})

describe('restoreRun', () => {
  it('passes over pages of segments that the plan does not have', () => {
    const run = restoreRun(begun(), [{ segment: 'gone', pageSize: 10, page: 1, last: true, records: 10 }])
    assert.deepEqual(run, begun())
  })

  it('joins pages of different sizes', () => {
    const { segments } = restoreRun(begun(), [
      { segment: 'all', pageSize: 50, page: 3, last: false, records: 50 },
      { segment: 'all', pageSize: 100, page: 1, last: false, records: 100 },
    ])
    const { covered, farthest, pagesDone, records } = segments[0]!
    assert.deepEqual(
      { covered, farthest, pagesDone, records },
      {
        covered: [[0, 150]],
        farthest: { to: 150, last: false, sure: true },
        pagesDone: 2,
        records: 150,
      },
    )
  })
})
