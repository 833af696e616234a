/** Whole runs on a virtual clock, as the benchmark `pace` makes them. The bounds leave room for tuning. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { atOnce } from '../../bench/pace/at-once.ts'
import { runJob } from '../../bench/pace/run-job.ts'
import { type Scenario, scenario, TELLS } from '../../bench/pace/scenario.ts'
import { secondRun, takeOver } from '../../bench/pace/second-run.ts'
import { createServer } from '../../bench/pace/server.ts'
import { beginOf, type Listener, pagesOf, type Result, simulate } from '../../bench/pace/simulate.ts'
import { bucket, fixed, restarting, sliding, tuned } from '../../bench/pace/table.ts'
import { randomStream } from '../../demo/random.ts'
import type { Pace } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'

const SEEDS = [1, 2]
const RUNS = 150

/** Of the time that a clairvoyant takes, and of all requests. */
type Bounds = { time: number; refused: number }

const boundsOf = ({ limit, tells }: Scenario): Bounds => {
  switch (limit.kind) {
    case 'token-bucket':
      // A job of half a minute is half spent with finding out.
      return { time: limit.rate < 50 ? 1.5 : 2.5, refused: 0.02 }
    case 'sliding-counter':
      // Where refused requests are counted too, each probe makes the wait longer, and more are needed.
      return tells === 'silent' && limit.countsRefused ? { time: 4, refused: 0.12 } : { time: 1.5, refused: 0.06 }
    case 'fixed-window':
    case 'restarting-window':
    case 'sliding-window':
      return { time: 1.5, refused: 0.025 }
    case 'concurrency':
      return { time: 1.5, refused: 0.01 }
    case 'queue':
      return { time: 1.25, refused: 0 }
    case 'several':
      return { time: 1.5, refused: 0.05 }
    case 'none':
      return { time: 2.5, refused: 0 }
  }
}

describe('a run over a source that the pace was tuned on', () => {
  for (const each of [...tuned(), ...atOnce()])
    it(`${each.name}, ${each.tells}`, () => {
      const { time, refused } = boundsOf(each)
      for (const seed of each.limit.kind === 'several' ? [1] : SEEDS) {
        const run = simulate(each, seed)
        assert.ok(run.done, `seed ${seed}: pages are missing`)
        assert.equal(run.trace.filter(({ status }) => status === 200).length, each.pages, 'each page once')
        assert.ok(run.ms <= time * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
        assert.ok(run.refused <= refused * run.requests, `seed ${seed}: ${run.refused} of ${run.requests} refused`)
      }
    })
})

describe('a quota for each second, asked by a machine that is busy', () => {
  it('is not taken for a single token that somebody else uses, too, though hardly anything left just before the wall', () => {
    const asker = { wayMs: 0.5, serviceMs: 100, jitterMs: 1.5, pages: 300, heldUp: 0.02, stalls: 0.01 }
    for (const limit of [restarting(10, 1), fixed(10, 1, 400)])
      for (const seed of [2, 6, 10, 13]) {
        const { refused, requests } = simulate(scenario('', limit, 'silent', asker), seed)
        assert.ok(refused < 0.06 * requests, `seed ${seed}: ${refused} of ${requests}`)
      }
  })
})

describe('a source with a quota for each second that names a wait', () => {
  it('is asked for what three walls speak of, and not at once for more', () => {
    // So little is refused at first that it passes for a cap.
    for (const seed of [3, 4, 6]) {
      const shapes: { now: number; shape: Pace['shape'] }[] = []
      simulate(scenario('fixed 20/s', fixed(20, 1, 400), 'retry-after'), seed, null, (now, _, { shape }) => {
        shapes.push({ now, shape })
      })
      const first = shapes.find(({ shape }) => shape.kind === 'bucket')!
      assert.ok(first.shape.kind === 'bucket' && first.shape.explained >= 3, 'three walls are explained')
      assert.ok(first.shape.tollMs > 900, 'what a look would cost is known')
      const soon = shapes.filter(({ now }) => now >= first.now && now < first.now + 20_000)
      for (const { shape } of soon) {
        assert.ok(shape.kind === 'bucket')
        assert.equal(shape.search, null)
        assert.ok(shape.rate > 19 && shape.rate < 20, `${shape.rate}`)
      }
    }
  })
})

// Its answers are so quick that in a second hundreds come, and the wait that it names is many times as long as one.
describe('a source that takes so many at once, answers quickly and names a wait', () => {
  const quick = [
    { cap: 21, wayMs: 3, serviceMs: 12 },
    { cap: 12, wayMs: 9, serviceMs: 9 },
    { cap: 11, wayMs: 2, serviceMs: 60 },
    { cap: 7, wayMs: 8, serviceMs: 66 },
  ]
  for (const { cap, wayMs, serviceMs } of quick)
    it(`${cap} at once, ${2 * wayMs + serviceMs} ms`, () => {
      const limit = { kind: 'concurrency', cap } as const
      const each = scenario(`at most ${cap} at once`, limit, 'retry-after', { wayMs, serviceMs, jitterMs: 1 })
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const run = simulate(each, seed)
        assert.ok(run.ms <= 2.5 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
        assert.ok(run.refused <= 0.01 * run.requests, `seed ${seed}: ${run.refused} refused`)
      }
    })
})

// Where the first few requests crowd the source, how late answers are says nothing; what they bring does.
describe('a source that answers at once, holds four tokens and names a wait of a second', () => {
  it('is not tried at ten times its rate, paid from what each wait saves up', () => {
    for (const seed of SEEDS) {
      let fastest = 0
      const quick = scenario('quick', bucket(20, 4), 'retry-after', {
        pages: 130,
        serviceMs: 5,
        wayMs: 0.5,
        jitterMs: 1,
      })
      const ran = simulate(quick, seed, null, (_now, _beginAt, { shape }) => {
        if (shape.kind === 'bucket') fastest = Math.max(fastest, shape.rate)
      })
      assert.ok(fastest < 130, `${fastest}/s`)
      assert.ok(ran.refused < 20, `${ran.refused} refused`)
    }
  })
})

describe('a source that thrashes when few are in flight', () => {
  const small: Scenario[] = [
    scenario('2 servers', { kind: 'queue', servers: 2, thrashAt: 3 }, 'silent', { wayMs: 10, serviceMs: 74 }),
    scenario('4 servers', { kind: 'queue', servers: 4, thrashAt: 6 }, 'silent', { wayMs: 1, serviceMs: 36 }),
  ]
  for (const each of small)
    it(`${each.name}, thrashing above a few`, () => {
      for (const seed of SEEDS) {
        const run = simulate(each, seed)
        assert.ok(run.ms <= 1.25 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
      }
    })
})

const near = { serviceMs: 100, wayMs: 0.5, jitterMs: 1.5, pages: 520 }

// Where the length of a window, or when it opens, was learned wrongly.
describe('a run that begins with what it learned of a limit of a few seconds', () => {
  const limits: Scenario[] = [
    scenario('fixed 60 in 2 s', fixed(60, 2, 400), 'silent', near),
    scenario('fixed 80 in 4 s', fixed(80, 4, 400), 'silent', near),
    scenario('80 in 4 s from the first request on', restarting(80, 4), 'silent', near),
    scenario('sliding 60 in 2 s', sliding(60, 2), 'silent', near),
  ]
  for (const each of limits)
    it(`${each.name}, is hardly refused, and not much slower than can be`, () => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const { ms, leastMs, refused, requests } = secondRun(each, seed)
        assert.ok(ms < 1.3 * leastMs, `seed ${seed}: ${(ms / leastMs).toFixed(2)} times the least`)
        assert.ok(refused < 0.003 * requests, `seed ${seed}: ${refused} of ${requests} refused`)
      }
    })
})

// What is out when a run ends is answered all the same: a straggler must not have its place for ever.
it('a run that begins with a cap meets a source whose places are free', () => {
  const three = scenario('three', { kind: 'concurrency', cap: 3 }, 'silent', {
    wayMs: 1.2,
    serviceMs: 34,
    jitterMs: 0.1,
    stragglers: 0.01,
    errors: 0.01,
  })
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { ms, leastMs } = secondRun(three, seed)
    assert.ok(ms < 1.2 * leastMs, `seed ${seed}: ${(ms / leastMs).toFixed(2)} times the least`)
  }
})

// Its walls passed for a bucket of two hundred that fills slowly.
it('a cap that is met late, with waits, is told by how much went on', () => {
  const twelve = scenario('twelve', { kind: 'concurrency', cap: 12 }, 'retry-after', {
    wayMs: 12,
    serviceMs: 42,
    jitterMs: 2,
  })
  const { ms, leastMs } = simulate(twelve, 5)
  assert.ok(ms < 1.6 * leastMs, `${(ms / leastMs).toFixed(2)} times the least`)
})

// Where what a wait had held up passed for the rate, and all that was found above it for savings.
it('a run that takes over before the limit is understood does not stay far below it', () => {
  for (const [rate, burst, seed] of [
    [50, 60, 15],
    [54, 5, 1],
    [79, 5, 3],
  ] as const) {
    const { ms, leastMs } = takeOver(scenario('killed', bucket(rate, burst), 'retry-after'), seed)
    assert.ok(ms < 2.2 * leastMs, `${rate}/s, ${burst}: ${(ms / leastMs).toFixed(2)} times the least`)
  }
})

// Where the time of a wait that filled no bucket any more passed for time in which it was filled.
it('no run stays far below the limit after a first wait', () => {
  const limited = tuned().find(({ name, tells }) => name === 'bucket 50/s burst 10' && tells === 'retry-after')!
  for (const seed of [2, 11, 14]) {
    const run = simulate(limited, seed)
    assert.ok(run.ms < 1.6 * run.leastMs, `seed ${seed}: ${(run.ms / run.leastMs).toFixed(2)} times the least`)
  }
})

// Where a rate that was paid from the burst passed for found.
it('no run stays above the limit for good', () => {
  for (const [name, tells, seed] of [
    ['bucket 10/s burst 60', 'retry-after', 12],
    ['bucket 5/s burst 10', 'silent', 31],
  ] as const) {
    const run = simulate(tuned().find((each) => each.name === name && each.tells === tells)!, seed)
    assert.ok(run.refused < 0.03 * run.requests, `${name}: ${run.refused} of ${run.requests} refused`)
  }
})

/** Runs it, and watches that nothing leaves while the gate is shut. */
const watched = (given: Scenario, seed: number): Result & { early: number[] } => {
  const gates: { from: number; until: number }[] = []
  let beginAt: number | null = null
  const listen: Listener = (nowMs, kind, { traffic, gateUntil }) => {
    // The first request leaves at the beginning.
    beginAt ??= traffic.admitted[0] ?? traffic.refused[0] ?? null
    if (kind === 'refused' && beginAt !== null) gates.push({ from: nowMs, until: gateUntil - beginAt })
  }
  const run = simulate(given, seed, null, listen)
  const early = run.trace
    .map(({ at }) => at)
    // Instants since 1970 are held to a quarter of a microsecond.
    .filter((at) => gates.some(({ from, until }) => at > from && at < until - 0.001))
  return { ...run, early }
}

describe('a run over any source', () => {
  const seconds = fc.constantFrom(1, 2, 5, 10, 15, 30, 60)
  const limits = fc.oneof(
    fc
      .tuple(fc.double({ min: 0.5, max: 80, noNaN: true }), fc.integer({ min: 1, max: 60 }))
      .map(([r, b]) => bucket(r, b)),
    fc.tuple(fc.integer({ min: 5, max: 200 }), seconds, fc.nat(60_000)).map(([q, s, phase]) => fixed(q, s, phase)),
    fc.tuple(fc.integer({ min: 5, max: 200 }), seconds).map(([q, s]) => sliding(q, s)),
    // Fewer at once are taken for a rate.
    fc.integer({ min: 4, max: 24 }).map((cap) => ({ kind: 'concurrency' as const, cap })),
  )
  const others = fc.record({
    // Enough for two windows of any of them.
    pages: fc.integer({ min: 410, max: 600 }),
    serviceMs: fc.integer({ min: 5, max: 400 }),
    wayMs: fc.integer({ min: 1, max: 80 }),
    jitterMs: fc.integer({ min: 0, max: 20 }),
    stragglers: fc.constantFrom(0, 0, 0.005),
    errors: fc.constantFrom(0, 0, 0.03),
  })

  it('loses no page, and sends nothing before a wait is over that the source asked for', () => {
    let givenUp = 0
    fc.assert(
      fc.property(limits, fc.constantFrom(...TELLS), others, fc.nat(), (limit, tells, other, seed) => {
        const run = watched(scenario('any', limit, tells, other), seed)
        assert.deepEqual(run.early, [])
        if (run.givenUp) givenUp++
        else assert.ok(run.done, `${run.left.length} of ${other.pages} pages are missing`)
      }),
      { numRuns: RUNS },
    )
    assert.ok(givenUp <= 0.02 * RUNS, `${givenUp} of ${RUNS} runs took far too long`)
  })
})

it('a source that refuses one request of twenty, however few there are, does not bring a run to a standstill', () => {
  const slowest = (['silent', 'retry-after'] as const).map((tells) => {
    const minutes = [1, 2, 3, 4, 5, 6].map((seed) => {
      const random = randomStream(seed)
      const shedding = scenario('sheds', { kind: 'none' }, tells, { shed: 0.05 })
      const beginAt = beginOf(random)
      const { ms, left } = runJob({
        scenario: shedding,
        server: createServer(shedding, beginAt, random),
        beginAt,
        pages: pagesOf(shedding),
        pace: startPace({ now: beginAt, pages: shedding.pages }),
        random,
        mostMs: 6 * 3_600_000,
      })
      assert.equal(left.length, 0, `${tells}, seed ${seed}`)
      return ms / 60_000
    })
    return Math.round(Math.max(...minutes))
  })
  // Followed down, each of them, it took hours.
  assert.ok(Math.max(...slowest) <= 20, `${slowest.join(' and ')} minutes`)
})
