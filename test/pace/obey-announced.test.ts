import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admit, type Limit, type LimitState } from '../../demo/limits.ts'
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { widthOf } from '../../src/pace/model.ts'
import { type Pace, waitBefore } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'
import { noTraffic } from '../../src/pace/traffic.ts'
import { windowSent } from '../../src/pace/window/window.ts'
import { type Answer, type Driven, drive, letIn, NOW, sent, times, turnedAway } from './driving.ts'

const MINUTE = 60_000

/** 10 requests a minute, of which so many are left, and more in `resetMs`. */
const limit = (remaining: number, resetMs: number): AnnouncedLimit[] => [
  { name: '', quota: 10, windowMs: MINUTE, remaining, resetMs },
]
/** Wide enough for all of it at once. */
const begun = (): Pace => {
  const pace = startPace({ now: NOW, pages: 5000 })
  return { ...pace, width: { ...pace.width, limit: 30 } }
}
/** Somebody else has used some of the quota: of ours the first was answered with so many left. */
const leftOver = (remaining: number): Pace => letIn(begun(), NOW, 50, limit(remaining, 40_000))

describe('a long window that is announced', () => {
  it('is used up at once, and not exceeded', () => {
    let pace = leftOver(3)
    for (let i = 0; i < 3; i++) {
      assert.equal(waitBefore(pace, NOW + 100), 0, `the ${i + 1}.`)
      pace = sent(pace, NOW + 100)
    }
    const wait = waitBefore(pace, NOW + 100)
    assert.ok(wait > 30_000 && wait <= 40_000, `${wait}`)
  })

  it('has one go first when more is there', () => {
    const opensAt = NOW + 40_050
    const pace = times(3, (i) => NOW + 100 + i).reduce((each, at) => letIn(each, at, 50, []), leftOver(3))
    assert.ok(waitBefore(pace, opensAt - 1) > 0)
    assert.equal(waitBefore(pace, opensAt), 0)
    const first = sent(pace, opensAt)
    assert.ok(waitBefore(first, opensAt) > 0, 'the second waits for what the first brings')
    const told = letIn(pace, opensAt, 50, limit(9, MINUTE))
    assert.equal(waitBefore(told, opensAt + 50), 0)
  })

  it('does not wait for ever for the first one', () => {
    const opensAt = NOW + 40_050
    const first = sent(leftOver(0), opensAt)
    assert.equal(waitBefore(first, opensAt + 20_000), 0)
  })

  it('has requests that are refused held back until it opens, and nothing is sought', () => {
    const refused = turnedAway(leftOver(2), NOW + 200, 30_000, 50, limit(0, 30_000))
    assert.equal(refused.shape.kind, 'window')
    assert.ok(waitBefore(refused, NOW + 250) >= 30_000)
    assert.equal(waitBefore(refused, NOW + 30_250), 0)
    assert.equal(refused.origin, 'announced')
  })

  // A refused request is not among those that were let in.
  it('has them held back without Retry-After too', () => {
    const refused = turnedAway(leftOver(2), NOW + 200, null, 50, limit(0, 30_000))
    assert.ok(waitBefore(refused, NOW + 250) >= 29_000)
    assert.ok(refused.gateUntil >= NOW + 30_250)
  })

  it('has a wait that is asked for besides obeyed as well', () => {
    const refused = turnedAway(leftOver(2), NOW + 200, 50_000, 50, limit(0, 30_000))
    assert.ok(waitBefore(refused, NOW + 250) >= 50_000)
  })

  it('is no wall that is met unforeseen: as much may be in flight as the latency allows', () => {
    const wide = { ...begun(), width: { ...begun().width, limit: 60 } }
    assert.equal(widthOf(letIn(wide, NOW, 50, limit(9, MINUTE))), 60)
    assert.ok(widthOf(letIn(wide, NOW)) < 60)
    const ofADay = [{ name: '', quota: 90_000, windowMs: 24 * 60 * MINUTE, remaining: 80_000, resetMs: 60 * MINUTE }]
    assert.ok(widthOf(letIn(wide, NOW, 50, ofADay)) < 60, 'a quota that the job does not use up says nothing of others')
  })

  it('is not gone beyond to see whether it was raised', () => {
    const { shape } = leftOver(3)
    assert.ok(shape.kind === 'window')
    const trusted = { ...shape, foreseen: 9 }
    assert.equal(windowSent(trusted, { ...noTraffic, total: 5000 }, [], NOW + MINUTE).bonus, 0)
  })

  it('is believed when it is changed', () => {
    const raised = letIn(leftOver(5), NOW + 200, 50, [
      { name: '', quota: 50, windowMs: MINUTE, remaining: 40, resetMs: 40_000 },
    ])
    assert.ok(raised.shape.kind === 'window' && raised.shape.quota === 50)
  })
})

type Rule = Extract<Limit, { quota: number }>
/** What a source says besides, when it has let in so many. */
type Besides = (limits: AnnouncedLimit[], count: number) => AnnouncedLimit[]

/** A source that says of each request what is left, and when more is there, in whole seconds. */
const announcing = (
  rule: Rule,
  others: (at: number) => number = () => 0,
  say: Besides = (limits) => limits,
  waits = true,
) => {
  let state: LimitState = { kind: 'fresh' }
  let seen = NOW
  let count = 0
  return (at: number): Answer => {
    for (let i = others(at) - others(seen); i > 0; i--) state = admit(rule, state, at).state
    seen = at
    const { state: next, ok, remaining, resetMs } = admit(rule, state, at)
    state = next
    const seconds = Math.max(1, Math.ceil(resetMs / 1000)) * 1000
    const { quota, windowMs } = rule
    const limits = [{ name: '', quota, windowMs, remaining, resetMs: seconds }]
    count += ok ? 1 : 0
    return { refused: !ok, retryAfterMs: ok || !waits ? null : seconds, limits: say(limits, count) }
  }
}
const driven = (answer: (at: number) => Answer, forMs: number): Driven =>
  drive(startPace({ now: NOW, pages: 5000 }), { from: NOW, forMs, latencyMs: 100, answer })
const refusedOf = ({ sends }: Driven): number => sends.filter(({ refused }) => refused).length

describe('a source that announces its limit', () => {
  it('hardly refuses anything, and little of what it grants is left over', () => {
    for (const rule of [
      { kind: 'fixed-window', quota: 100, windowMs: MINUTE },
      { kind: 'sliding-window', quota: 100, windowMs: MINUTE },
      { kind: 'fixed-window', quota: 30, windowMs: 10_000 },
    ] as const) {
      const run = driven(announcing(rule), 10 * MINUTE)
      const granted = (10 * MINUTE * rule.quota) / rule.windowMs
      assert.ok(refusedOf(run) <= 0.02 * run.sends.length, `${refusedOf(run)} of ${run.sends.length}`)
      assert.ok(run.sends.length >= 0.85 * granted, `${run.sends.length} of ${granted}`)
    }
  })

  it('has a short window met evenly, without bursts', () => {
    const run = driven(announcing({ kind: 'fixed-window', quota: 20, windowMs: 1000 }), MINUTE)
    assert.equal(run.pace.shape.kind, 'bucket')
    assert.equal(run.pace.origin, 'announced')
    assert.ok(refusedOf(run) <= 0.01 * run.sends.length)
    assert.ok(run.sends.length > 1000, `${run.sends.length}`)
    const late = run.sends.filter(({ at }) => at > NOW + 10_000)
    for (const [i, { at }] of late.slice(5).entries()) assert.ok(at - late[i]!.at > 150, 'five in less than 150 ms')
  })

  it('is not pushed when others use the same quota', () => {
    const others = (at: number): number => Math.floor((at - NOW) / 1500)
    const run = driven(announcing({ kind: 'fixed-window', quota: 100, windowMs: MINUTE }, others), 10 * MINUTE)
    assert.ok(refusedOf(run) <= 0.04 * run.sends.length, `${refusedOf(run)} of ${run.sends.length}`)
    assert.ok(run.sends.length >= 0.7 * 600, `${run.sends.length}`)
  })
})

describe('a source that announces a quota for a day', () => {
  const DAY = 24 * 60 * MINUTE
  const aDay: Besides = (_, count) => [
    { name: 'day', quota: 50_000, windowMs: DAY, remaining: 40_000 - count, resetMs: DAY / 2 },
  ]
  const nobody = (): number => 0

  it('has a limit of which it says nothing found out beside it', () => {
    for (const rule of [
      { kind: 'fixed-window', quota: 10, windowMs: 1000 },
      { kind: 'fixed-window', quota: 100, windowMs: MINUTE },
    ] as const)
      for (const waits of [true, false]) {
        const run = driven(announcing(rule, nobody, aDay, waits), 10 * MINUTE)
        const granted = (10 * MINUTE * rule.quota) / rule.windowMs
        assert.ok(refusedOf(run) <= 0.04 * run.sends.length, `${refusedOf(run)} of ${run.sends.length}`)
        assert.ok(run.sends.length >= 0.85 * granted, `${run.sends.length} of ${granted}`)
        assert.equal(run.pace.origin, 'found')
      }
  })

  it('has a shorter one that it announces as well obeyed like one alone', () => {
    for (const rule of [
      { kind: 'fixed-window', quota: 20, windowMs: 1000 },
      { kind: 'fixed-window', quota: 100, windowMs: MINUTE },
      { kind: 'sliding-window', quota: 100, windowMs: MINUTE },
    ] as const) {
      const run = driven(
        announcing(rule, nobody, (limits, count) => [...aDay([], count), ...limits]),
        10 * MINUTE,
      )
      const alone = driven(announcing(rule), 10 * MINUTE)
      assert.ok(refusedOf(run) <= refusedOf(alone), `${refusedOf(run)} for ${refusedOf(alone)}`)
      assert.ok(run.sends.length >= alone.sends.length)
    }
  })
})

describe('a source that says no length of a window', () => {
  const lengthless: Besides = (limits) => limits.map((each) => ({ ...each, windowMs: null }))

  // The last seconds of a window are not a short window.
  it('is not asked before more is there', () => {
    for (const rule of [
      { kind: 'sliding-window', quota: 60, windowMs: MINUTE },
      { kind: 'fixed-window', quota: 100, windowMs: MINUTE },
      { kind: 'fixed-window', quota: 60, windowMs: 5000 },
    ] as const) {
      const run = driven(
        announcing(rule, () => 0, lengthless),
        10 * MINUTE,
      )
      const granted = (10 * MINUTE * rule.quota) / rule.windowMs
      assert.ok(refusedOf(run) <= 0.002 * run.sends.length, `${refusedOf(run)} of ${run.sends.length}`)
      assert.ok(run.sends.length >= 0.85 * granted, `${run.sends.length} of ${granted}`)
    }
  })

  it('is asked with care as long as its resets say nothing of a long one', () => {
    const wide = { ...begun(), width: { ...begun().width, limit: 60 } }
    const said = (resetMs: number | null): AnnouncedLimit[] => [
      { name: '', quota: 10, windowMs: null, remaining: 9, resetMs },
    ]
    assert.ok(widthOf(letIn(wide, NOW, 50, said(null))) < 60)
    assert.ok(widthOf(letIn(wide, NOW, 50, said(1000))) < 60)
    assert.equal(widthOf(letIn(wide, NOW, 50, said(30_000))), 60)
  })
})

describe('a quota of which nothing is said but the policy', () => {
  it('is counted by our own record beside a short one', () => {
    const perMinute: Besides = (limits) => [
      ...limits,
      { name: 'minute', quota: 120, windowMs: MINUTE, remaining: null, resetMs: null },
    ]
    const run = driven(
      announcing({ kind: 'fixed-window', quota: 10, windowMs: 1000 }, () => 0, perMinute),
      10 * MINUTE,
    )
    assert.equal(refusedOf(run), 0)
    assert.ok(run.sends.length <= 1200 && run.sends.length > 1100, `${run.sends.length}`)
  })
})

describe('what a short announced limit leaves over for whole windows', () => {
  /** Answers every 110 ms for so long, each with so many left. */
  const answered = (count: number, remaining: (i: number) => number): Pace =>
    times(count, (i) => i).reduce(
      (pace, i) =>
        letIn(pace, NOW + i * 110, 50, [
          { name: '', quota: 10, windowMs: 1000, remaining: remaining(i), resetMs: 1000 },
        ]),
      begun(),
    )
  const tokensOf = ({ shape }: Pace): number => (shape.kind === 'bucket' ? shape.tokens : Number.NaN)
  const most = (remaining: (i: number) => number): number =>
    Math.max(...times(25, (i) => tokensOf(answered(i + 1, remaining))))

  it('is in store, and is used', () => {
    assert.ok(most(() => 9) >= 8)
  })

  it('is nothing in a window that is used up at its end', () => {
    assert.ok(most((i) => 9 - (i % 10)) <= 1)
  })

  it('is saved up again where something else has held the pace back, until less is left over', () => {
    const burstOf = ({ shape }: Pace): number => (shape.kind === 'bucket' ? shape.burst : Number.NaN)
    assert.ok(burstOf(answered(25, () => 9)) >= 8)
    assert.equal(burstOf(answered(50, (i) => (i < 25 ? 9 : 9 - (i % 10)))), 1)
  })

  it('is not told by a pause, in which nothing is used up whatever the limit', () => {
    const rested = (restMs: number): Pace =>
      times(2, (i) => i).reduce(
        (pace, i) =>
          letIn(pace, NOW + 1500 + restMs + i * 110, 50, [
            { name: '', quota: 10, windowMs: 1000, remaining: 9 - i, resetMs: 1000 },
          ]),
        answered(12, () => 9),
      )
    assert.ok(tokensOf(rested(600)) > 1, 'two windows were watched')
    assert.ok(tokensOf(rested(30_000)) <= 1)
  })
})

describe('a bucket of a few tokens that is announced', () => {
  it('counts as granted, and a larger one does not', () => {
    const says = (remaining: number): AnnouncedLimit[] => [
      { name: '', quota: 10, windowMs: 1000, remaining, resetMs: 1000 },
    ]
    /** All that was in it is used up at once. */
    const proven = (store: number): number => {
      const { shape } = times(store, (i) => i).reduce(
        (pace, i) => letIn(pace, NOW + 10 * i, 5, says(store - 1 - i)),
        startPace({ now: NOW }),
      )
      assert.ok(shape.kind === 'bucket', shape.kind)
      return shape.proven
    }
    assert.ok(proven(1) > 9, `${proven(1)}`)
    assert.ok(proven(3) > 9, `${proven(3)}`)
    assert.equal(proven(8), 0)
  })
})
