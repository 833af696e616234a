/** Anything that can happen to a pace, in any order that can happen, for properties that hold whatever happens. */
import fc from 'fast-check'
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { adjust, type Pace, type Signal, waitBefore } from '../../src/pace/pace.ts'
import { type PaceStart, type Remembered, startPace } from '../../src/pace/start.ts'
import { NOW } from './driving.ts'

const HOUR = 3_600_000
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const count = fc.integer({ min: 1, max: 200 })

const remembered: fc.Arbitrary<Remembered> = fc.record({
  at: fc.integer({ min: NOW - 200 * HOUR, max: NOW }),
  limit: fc.oneof(
    fc.record({ kind: fc.constant('none' as const) }),
    fc.record({
      kind: fc.constant('rate' as const),
      rate: fc.double({ min: 0.01, max: 500, noNaN: true }),
      burst: fc.double({ min: 1, max: 100, noNaN: true }),
      narrow: fc.boolean(),
      steady: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('quota' as const),
      quota: count,
      windowMs: fc.integer({ min: 3000, max: HOUR }),
      fixed: fc.boolean(),
      openedAt: fc.integer({ min: NOW - 200 * HOUR, max: NOW }),
      recent: fc.array(fc.integer({ min: NOW - HOUR, max: NOW })).map((list) => list.sort((a, b) => a - b)),
    }),
  ),
  cap: fc.option(fc.integer({ min: 1, max: 30 })),
  concurrency: fc.integer({ min: 1, max: 60 }),
  gateUntil: fc.oneof(fc.constant(0), fc.integer({ min: NOW - HOUR, max: NOW + HOUR })),
  lengths: fc.array(
    fc.record(
      { name: fc.constant(''), quota: count, windowMs: fc.option(fc.constant(2000)) },
      { noNullPrototype: true },
    ),
  ),
})

export const starts = fc.record({
  now: fc.constant(NOW),
  maxRate: fc.option(fc.double({ min: 0.05, max: 200, noNaN: true })),
  maxConcurrency: fc.option(fc.integer({ min: 1, max: 40 })),
  pages: fc.nat(20_000),
  documented: fc.option(fc.double({ min: 0.1, max: 100, noNaN: true })),
  remembered: fc.option(remembered),
})

const announced: fc.Arbitrary<AnnouncedLimit> = fc.record({
  name: fc.constantFrom('', 'minute'),
  quota: fc.option(count),
  windowMs: fc.option(fc.constantFrom(1000, 10_000, 60_000, HOUR, 24 * HOUR)),
  remaining: fc.option(fc.nat(200)),
  resetMs: fc.option(fc.nat(120_000)),
})

const silence = fc.constant<AnnouncedLimit[]>([])

export type Happening = {
  kind: 'send' | Exclude<Signal['kind'], 'sent'> | 'unknown'
  /** So long after the one before, ms. */
  afterMs: number
  /** Which of those in flight it is about. */
  which: number
  retryAfterMs: number | null
  limits: AnnouncedLimit[]
  random: number
}

const storyOf = (limits: fc.Arbitrary<AnnouncedLimit[]>, failures: number): fc.Arbitrary<Happening[]> =>
  fc.array(
    fc.record({
      kind: fc.oneof(
        { weight: 8, arbitrary: fc.constant('send' as const) },
        { weight: 4, arbitrary: fc.constant('accepted' as const) },
        { weight: 3, arbitrary: fc.constant('refused' as const) },
        { weight: failures, arbitrary: fc.constant('failed' as const) },
        { weight: 1, arbitrary: fc.constantFrom('dropped', 'unknown', 'planned') },
      ),
      afterMs: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(3000), fc.nat(200_000)),
      which: fc.nat(30),
      retryAfterMs: fc.option(fc.oneof(fc.nat(3000), fc.nat(90_000))),
      limits,
      random: share,
    }),
    { maxLength: 120, size: 'max' },
  )

/** Of a source that tells nothing, of one that announces limits, of one that fails again and again. */
export const happenings: fc.Arbitrary<Happening[]> = fc.oneof(
  storyOf(silence, 1),
  storyOf(fc.oneof(silence, fc.array(announced, { maxLength: 2 })), 1),
  storyOf(silence, 12),
)

/** What became of the pace, and what had been sent until then. */
export type Moment = { before: Pace; signal: Signal | null; pace: Pace; now: number; sends: readonly number[] }

const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) frozen(each)
  return Object.freeze(value)
}

/** Sleeps as long as the pace says, as the loop does, at most so many times; when nothing may leave any more, null. */
export const awaken = (pace: Pace, now: number, naps: number): number | null => {
  let at = now
  for (let nap = 0; nap <= naps; nap++) {
    const wait = waitBefore(pace, at)
    if (wait <= 0) return at
    if (!Number.isFinite(wait)) return null
    // In whole milliseconds, as sleeps are; a request leaves late rather than early.
    at += Math.max(1, Math.ceil(wait))
  }
  return null
}

/** Plays them; a request is sent when the pace allows it, and signals are about requests in flight. The pace is frozen. */
export const play = (start: PaceStart, story: readonly Happening[], look: (moment: Moment) => void): Pace => {
  let pace = frozen(startPace(start))
  let { now } = start
  const sends: number[] = []
  const signalOf = ({ kind, which, retryAfterMs, limits, random }: Happening): Signal | null => {
    if (kind === 'planned') return { kind, pages: which * 100 }
    if (kind === 'unknown') return { kind: 'refused', id: pace.nextId + which, at: now, retryAfterMs, limits }
    if (kind === 'send') {
      const at = awaken(pace, now, 20)
      if (at === null) return null
      now = at
      sends.push(now)
      return { kind: 'sent', at }
    }
    const id = pace.flight[which % Math.max(1, pace.flight.length)]?.id
    if (id === undefined) return null
    if (kind === 'dropped') return { kind, id }
    if (kind === 'failed') return { kind, id, at: now, letIn: random < 0.5, random }
    return kind === 'accepted' ? { kind, id, at: now, limits } : { kind, id, at: now, retryAfterMs, limits }
  }
  look({ before: pace, signal: null, pace, now, sends })
  for (const each of story) {
    now += each.afterMs
    const signal = signalOf(each)
    const before = pace
    if (signal) pace = frozen(adjust(pace, signal))
    look({ before, signal, pace, now, sends })
  }
  return pace
}
