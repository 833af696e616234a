/**
 * A source that exists only as numbers, and a loop over it that checks at every step what the loop of the engine may
 * rely on. Everything random comes from one seed, so that fast-check can print and repeat a failure.
 */
import assert from 'node:assert/strict'
import { nextStep } from '../../src/run/next-step.ts'
import { type Ask, advance, isRepeat, type LedgerFact, type Run, restoreRun, startRun } from '../../src/run/run.ts'

export type SimulatedSegment = {
  /** Rows there are. */
  rows: number
  /** What the plan believes; null: the source does not tell. */
  planned: number | null
}

export type Simulation = {
  seed: number
  segments: SimulatedSegment[]
  wished: number
  /** Page size of an earlier run, or null. */
  learned: number | null
  /** The source serves at most `cap` rows a page, and from the second cap's reply on that many; at least `floor`. */
  cap: number
  floor: number
  lowerCap: { after: number; to: number } | null
  /** The end mark stands only on an empty page after the last row. */
  lateEnd: boolean
  /** Share of answers that fail, are refused, or say the end too early (only where the plan knows the total). */
  failing: number
  refused: number
  brokenCommit: number
  earlyEnd: number
  /** Answers after which rows come or go. */
  drift: number
  /** Pages (in rows of the wished size) of segment 0 that always fail. */
  deadRow: number | null
  attempts: number
  /** The process is killed after so many commits. */
  killAfter: number | null
}

const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Committed = LedgerFact & { from: number; to: number }

export type Outcome = {
  end: 'finish' | 'incomplete'
  run: Run
  ledger: Committed[]
  /** Rows that were there from beginning to end, by segment. */
  lasting: number[]
  requests: number
  /** What was asked for after the process was killed. */
  asksAfterKill: Ask[]
  ledgerAtKill: Committed[]
}

const MAX_HELD = 6

/** Drives `nextStep` and `advance` to the end. Throws AssertionError where a promise is broken on the way. */
export const simulate = (simulation: Simulation): Outcome => {
  const { segments } = simulation
  const random = randomOf(simulation.seed)
  const rows = segments.map((segment) => segment.rows)
  const lasting = [...rows]
  let cap = simulation.cap
  let answers = 0
  let requests = 0
  let now = 0
  const plan = {
    segments: segments.map(({ planned }, i) => ({ name: `s${i}`, filter: {}, total: planned })),
    total: null,
    disjoint: true,
    note: null,
  }
  const begin = (): Run => startRun(plan, simulation.wished, simulation.learned)
  let run = begin()
  let inFlight: Ask[] = []
  let arrived: { ask: Ask; served: number; last: boolean; records: number }[] = []
  const ledger: Committed[] = []
  let killed = simulation.killAfter === null
  const asksAfterKill: Ask[] = []
  let ledgerAtKill: Committed[] = []

  const pick = <T>(items: T[]): T => items.splice(Math.floor(random() * items.length), 1)[0]!

  const fails = (ask: Ask): boolean => {
    const { deadRow } = simulation
    const from = (ask.page - 1) * ask.pageSize
    const dead = deadRow !== null && ask.segment === 0 && from <= deadRow && deadRow < from + ask.pageSize
    return dead || random() < simulation.failing
  }

  const fail = (ask: Ask, wasRead: boolean): void => {
    const why = 'simulated'
    run =
      ask.attempt >= simulation.attempts
        ? advance(run, { kind: 'given-up', ask, why, wasRead })
        : advance(run, { kind: 'failed', ask, why, at: now + Math.floor(random() * 20), wasRead })
  }

  const answer = (ask: Ask): void => {
    answers++
    if (simulation.lowerCap && answers === simulation.lowerCap.after) cap = Math.min(cap, simulation.lowerCap.to)
    if (random() < simulation.drift) {
      const i = Math.floor(random() * rows.length)
      rows[i] = Math.max(0, rows[i]! + Math.floor(random() * 9) - 4)
      lasting[i] = Math.min(lasting[i]!, rows[i]!)
    }
    if (random() < simulation.refused) run = advance(run, { kind: 'released', ask })
    else if (fails(ask)) fail(ask, false)
    else {
      const served = Math.max(simulation.floor, Math.min(cap, ask.pageSize))
      const there = rows[ask.segment]!
      const from = (ask.page - 1) * served
      const records = Math.max(0, Math.min(served, there - from))
      const end = simulation.lateEnd ? from >= there : from + served >= there
      const early = segments[ask.segment]!.planned !== null && records > 0 && random() < simulation.earlyEnd
      if (isRepeat(run, ask, served)) run = advance(run, { kind: 'repeated', ask, pageSize: served })
      else {
        run = advance(run, { kind: 'read', ask, pageSize: served, last: end || early, records })
        arrived.push({ ask: { ...ask, pageSize: served }, served, last: end || early, records })
      }
    }
  }

  const commit = (): void => {
    const { ask, served, last, records } = pick(arrived)
    if (random() < simulation.brokenCommit) {
      fail(ask, true)
      return
    }
    const page = { segment: `s${ask.segment}`, pageSize: served, page: ask.page, last, records }
    const twin = ledger.find(
      (each) => each.segment === page.segment && each.pageSize === served && each.page === ask.page,
    )
    assert.equal(twin, undefined, `the ledger has page ${ask.page} of ${served} rows already`)
    ledger.push({ ...page, from: (ask.page - 1) * served, to: ask.page * served })
    run = advance(run, { kind: 'committed', segment: ask.segment, pageSize: served, page: ask.page, records })
  }

  const kill = (): void => {
    killed = true
    inFlight = []
    arrived = []
    ledgerAtKill = [...ledger]
    const shuffled = ledger.map((page) => ({ page, key: random() })).sort((a, b) => a.key - b.key)
    run = restoreRun(
      begin(),
      shuffled.map(({ page }) => page),
    )
  }

  const checkAsk = (ask: Ask): void => {
    const from = (ask.page - 1) * ask.pageSize
    const to = ask.page * ask.pageSize
    const holds = (page: { pageSize: number; page: number }, row: number): boolean =>
      (page.page - 1) * page.pageSize <= row && row < page.page * page.pageSize
    const held = [
      ...inFlight.filter((other) => other.segment === ask.segment),
      ...arrived.map(({ ask: other }) => other).filter((other) => other.segment === ask.segment),
      ...ledger.filter((page) => page.segment === `s${ask.segment}`),
    ]
    let wanted = false
    for (let row = from; row < to && !wanted; row++) wanted = !held.some((page) => holds(page, row))
    assert.ok(wanted, `page ${ask.page} of ${ask.pageSize} rows is asked for, but all of it is held or committed`)
  }

  for (let turn = 0; turn < 100_000; turn++) {
    if (!killed && ledger.length >= simulation.killAfter!) kill()
    const held = inFlight.length + arrived.length
    assert.equal(run.inFlight, inFlight.length)
    assert.equal(run.uncommitted, arrived.length)
    const step = nextStep(run, { bytesHeld: held, maxBytes: MAX_HELD, pageBytes: 1 }, now)
    if (step.kind === 'finish' || step.kind === 'incomplete') {
      assert.equal(held, 0, `${step.kind} while pages are under way`)
      return { end: step.kind, run, ledger, lasting, requests, asksAfterKill, ledgerAtKill }
    }
    const choices: (() => void)[] = []
    if (step.kind === 'fetch') {
      assert.ok(held < MAX_HELD, 'more is held than there is room for')
      choices.push(() => {
        checkAsk(step.ask)
        run = advance(run, { kind: 'asked', ask: step.ask })
        inFlight.push(step.ask)
        requests++
        if (simulation.killAfter !== null && killed) asksAfterKill.push(step.ask)
      })
    }
    if (step.kind === 'hold') assert.ok(held >= MAX_HELD, 'holds back although there is room')
    if (inFlight.length > 0) choices.push(() => answer(pick(inFlight)))
    if (arrived.length > 0) choices.push(commit)
    if (step.kind === 'wait' && step.untilAt !== null) {
      const { untilAt } = step
      assert.ok(untilAt > now, 'waits for what is due')
      choices.push(() => {
        now = Math.max(now, untilAt)
      })
    }
    assert.ok(choices.length > 0, `stuck: waits while nothing is under way, ${JSON.stringify(run)}`)
    pick(choices)()
  }
  assert.fail('does not come to an end')
}
