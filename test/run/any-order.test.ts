/**
 * Facts in any order that the diagram of `run.ts` allows, also of pages that nobody would ask for now, with kills in
 * between: whatever happened, no row is forgotten.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cover, firstGap, type Interval } from '../../src/run/coverage.ts'
import { nextStep, type Room } from '../../src/run/next-step.ts'
import { rowsOf } from '../../src/run/rows.ts'
import { type Ask, advance, isRepeat, type LedgerFact, restoreRun, startRun } from '../../src/run/run.ts'

const ROOM: Room = { bytesHeld: 0, maxBytes: Number.POSITIVE_INFINITY, pageBytes: 1 }

/** What may happen. `at` chooses among the pages that it can happen to. */
type Action =
  /** The page that the next step wants, or any other page. */
  | { kind: 'ask'; any: { segment: number; page: number } | null }
  /** `early`: the source says that it was the last page, though there are rows behind it. */
  | { kind: 'read'; at: number; served: number; early: boolean }
  | { kind: 'commit'; at: number }
  | { kind: 'fail' | 'give-up'; at: number; wasRead: boolean }
  | { kind: 'release'; at: number }
  | { kind: 'page-size'; pageSize: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'kill'; learned: number | null }

const at = fc.nat(99)
const size = fc.integer({ min: 1, max: 12 })
const early = fc.constantFrom(false, false, false, true)
const wanted = fc.constant<Action>({ kind: 'ask', any: null })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: wanted },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ask'),
      any: fc.record({ segment: fc.nat(2), page: fc.integer({ min: 1, max: 9 }) }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('read'), at, served: fc.oneof(fc.constant(99), size), early }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail'), at, wasRead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give-up'), at, wasRead: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release'), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('page-size'), pageSize: size }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill'), learned: fc.option(size) }) },
)

type Held = { ask: Ask; last: boolean; records: number }

/** The world beside the run: what is really under way, and what is really committed. */
const openModel = (rows: readonly number[], wished: number) => {
  const plan = {
    segments: rows.map((total, i) => ({ name: `s${i}`, filter: {}, total })),
    total: null,
    disjoint: true,
    note: null,
  }
  let run = startRun(plan, wished, null)
  let inFlight: Ask[] = []
  let read: Held[] = []
  let now = 0
  let gaveUp = false
  const ledger: LedgerFact[] = []

  const pick = <T>(items: T[], by: number): T | undefined => items.splice(by % Math.max(1, items.length), 1)[0]

  const committed = (index: number): Interval[] =>
    ledger
      .filter(({ segment }) => segment === `s${index}`)
      .reduce<Interval[]>((set, page) => cover(set, ...rowsOf(page)), [])

  /** Every row is committed, or known to be under way, due again or dead; else it is a gap that will be found. */
  const check = (): void => {
    assert.equal(run.inFlight, inFlight.length)
    assert.equal(run.uncommitted, read.length)
    for (const [i, state] of run.segments.entries()) {
      assert.deepEqual(state.covered, committed(i), 'covered is what the ledger has, no more and no less')
      const under = [...inFlight, ...read.map(({ ask }) => ask)].filter(({ segment }) => segment === i)
      assert.deepEqual(ascending(state.pending), ascending(under.map(rowsOf)), 'pending is what is under way')
    }
    const step = nextStep(run, ROOM, now)
    if (step.kind !== 'finish' && step.kind !== 'incomplete') return
    assert.equal(inFlight.length + read.length, 0, `${step.kind} while something is to come`)
    for (const [i, total] of rows.entries()) {
      const dead = run.dead.filter(({ ask }) => ask.segment === i).map(({ ask }) => rowsOf(ask))
      assert.equal(firstGap([committed(i), dead], total), null, `${step.kind}, and a row of s${i} is forgotten`)
      if (step.kind === 'finish') assert.equal(firstGap([committed(i)], total), null, 'finished over a dead page')
    }
  }

  const ask = (wish: Ask): void => {
    run = advance(run, { kind: 'asked', ask: wish })
    inFlight.push(wish)
  }

  const answer = (by: number, served: number, says: boolean): void => {
    const wish = pick(inFlight, by)
    if (!wish) return
    const pageSize = Math.min(wish.pageSize, served)
    if (isRepeat(run, wish, pageSize)) {
      run = advance(run, { kind: 'repeated', ask: wish, pageSize })
      return
    }
    const [from, to] = rowsOf({ pageSize, page: wish.page })
    const total = rows[wish.segment]!
    const records = Math.max(0, Math.min(to, total) - from)
    const last = says || to >= total
    run = advance(run, { kind: 'read', ask: wish, pageSize, last, records })
    read.push({ ask: { ...wish, pageSize }, last, records })
  }

  const commit = (by: number): void => {
    const held = pick(read, by)
    if (!held) return
    const { pageSize, page, segment } = held.ask
    ledger.push({ segment: `s${segment}`, pageSize, page, last: held.last, records: held.records })
    run = advance(run, { kind: 'committed', segment, pageSize, page, records: held.records })
  }

  const kill = (learned: number | null): void => {
    inFlight = []
    read = []
    gaveUp = false
    run = restoreRun(startRun(plan, wished, learned), ledger)
  }

  const act = (what: Action): void => {
    switch (what.kind) {
      case 'ask': {
        const step = nextStep(run, ROOM, now)
        if (what.any === null && step.kind === 'fetch') ask(step.ask)
        // Of a page that is under way already there is no second ask, and of one that is covered neither.
        if (what.any !== null && what.any.segment < rows.length) {
          const wish = { ...what.any, pageSize: run.pageSize ?? run.wishedPageSize, attempt: 1 }
          const { covered, pending } = run.segments[wish.segment]!
          const [from, to] = rowsOf(wish)
          if (firstGap([covered, pending], to, from) !== null) ask(wish)
        }
        return
      }
      case 'read':
        answer(what.at, what.served, what.early)
        return
      case 'commit':
        commit(what.at)
        return
      case 'fail':
      case 'give-up': {
        const failed = what.wasRead ? pick(read, what.at)?.ask : pick(inFlight, what.at)
        if (!failed) return
        const fact = { ask: failed, why: 'simulated', wasRead: what.wasRead }
        gaveUp ||= what.kind === 'give-up'
        run = advance(
          run,
          what.kind === 'fail' ? { kind: 'failed', at: now + 10, ...fact } : { kind: 'given-up', ...fact },
        )
        return
      }
      case 'release': {
        const wish = pick(inFlight, what.at)
        if (wish) run = advance(run, { kind: 'released', ask: wish })
        return
      }
      case 'page-size':
        run = advance(run, { kind: 'page-size', pageSize: what.pageSize })
        return
      case 'wait':
        now += what.ms
        return
      case 'kill':
        kill(what.learned)
        return
    }
  }

  /** From here on nothing goes wrong. Answers how the run ends. */
  const drain = (): 'finish' | 'incomplete' => {
    for (let turn = 0; turn < 10_000; turn++) {
      const step = nextStep(run, ROOM, now)
      if (step.kind === 'finish' || step.kind === 'incomplete') return step.kind
      if (step.kind === 'fetch') ask(step.ask)
      else if (inFlight.length > 0) answer(0, 99, false)
      else if (read.length > 0) commit(0)
      else {
        assert.ok(step.kind === 'wait' && step.untilAt !== null, `stuck: ${JSON.stringify(run)}`)
        now = step.untilAt
      }
      check()
    }
    return assert.fail('does not come to an end')
  }

  return { act, check, drain, kill, gaveUp: () => gaveUp }
}

const ascending = (set: readonly Interval[]): Interval[] => set.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])

describe('facts in any order, with kills in between', () => {
  it('never lead to a state that forgets a row, or that has one for committed which is not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }),
        size,
        fc.array(action, { maxLength: 80 }),
        (rows, wished, actions) => {
          const model = openModel(rows, wished)
          model.check()
          for (const each of actions) {
            model.act(each)
            model.check()
          }
          const gaveUp = model.gaveUp()
          assert.equal(model.drain(), gaveUp ? 'incomplete' : 'finish')
          // Dead pages are not in the ledger: the next process tries them again.
          model.kill(null)
          assert.equal(model.drain(), 'finish')
        },
      ),
      { numRuns: 1500 },
    )
  })
})
