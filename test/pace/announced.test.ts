import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Announced, binding, creditOf, hear, quotaRenewedAt, quotaSpentUntil } from '../../src/pace/announced.ts'
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { admit, noTraffic, type Sent, type Traffic } from '../../src/pace/traffic.ts'
import { NOW, times } from './driving.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const limit = (members: Partial<AnnouncedLimit> = {}): AnnouncedLimit => ({
  name: '',
  quota: 100,
  windowMs: MINUTE,
  remaining: 40,
  resetMs: 30_000,
  ...members,
})
const heard = (members: Partial<AnnouncedLimit> = {}, asOf = NOW, now = asOf + 50): Announced =>
  hear([], [limit(members)], asOf, now)[0]!
const admitted = (...instants: number[]): Traffic => instants.reduce(admit, noTraffic)
const inFlight = (...instants: number[]): Sent[] => instants.map((at, id) => ({ id, at, width: 1 }))

describe('creditOf', () => {
  it('is what the reply says, less what left after the request that it answers', () => {
    const traffic = admitted(NOW - 5000, NOW - 1000, NOW, NOW + 100)
    assert.equal(creditOf(heard(), admitted(NOW), []), 40, 'the answered one is counted in already')
    assert.equal(creditOf(heard(), traffic, []), 39)
    assert.equal(creditOf(heard(), traffic, inFlight(NOW + 150, NOW + 200)), 37)
  })

  it('never promises more than the reply, however many are under way', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.array(fc.integer({ min: 13, max: 5000 })),
        fc.array(fc.nat(5000)),
        (remaining, done, flying) => {
          const traffic = admitted(NOW, ...done.map((ms) => NOW + ms))
          const credit = creditOf(heard({ remaining }), traffic, inFlight(...flying.map((ms) => NOW + ms)))
          assert.equal(credit, remaining - done.length - flying.length)
        },
      ),
    )
  })

  it('is nothing after a refusal that says so, for the refused request is not among those that count', () => {
    const spent = hear([], [limit({ remaining: 0 })], NOW, NOW + 50, true)[0]!
    assert.equal(creditOf(spent, admitted(NOW - 5000), []), 0)
    assert.equal(creditOf(spent, admitted(NOW - 5000), inFlight(NOW + 20)), -1)
  })

  it('allows for a request that overtook the answered one on its way', () => {
    assert.equal(creditOf(heard(), admitted(NOW), inFlight(NOW - 2)), 39)
  })

  it('is what the one says that was served last of those that left together, in whatever order they are answered', () => {
    const together = [NOW, NOW, NOW + 3, NOW + 5]
    const replies = [38, 40, 37, 39]
    const end = replies.reduce<readonly Announced[]>(
      (known, remaining, i) => hear(known, [limit({ remaining })], together[i]!, NOW + 50 + i),
      [],
    )
    assert.equal(creditOf(end[0]!, admitted(...together), []), 37)
    // The same where the instant of the reset is that of the oldest request, and that was another one for the first of them.
    const slid = hear(end, [limit({ remaining: 60, resetMs: 1000 })], NOW + 2, NOW + 60)
    assert.equal(creditOf(slid[0]!, admitted(...together), []), 37)
    const renewed = hear(end, [limit({ remaining: 99, resetMs: 60_000 })], NOW + 6, NOW + 60)
    assert.equal(creditOf(renewed[0]!, admitted(...together), []), 99)
  })

  it('is not known where nothing is said of what is left', () => {
    assert.equal(creditOf(heard({ remaining: null }), admitted(NOW), []), null)
  })
})

describe('hear', () => {
  it('takes nothing from a reply without limits', () => {
    const known = [heard()]
    assert.equal(hear(known, [], NOW + 10, NOW + 60), known)
  })

  it('ignores a reply that was overtaken', () => {
    const known = hear([], [limit({ remaining: 5 })], NOW + 100, NOW + 150)
    assert.equal(hear(known, [limit({ remaining: 9 })], NOW + 50, NOW + 200), known)
    assert.equal(hear(known, [limit({ remaining: 4 })], NOW + 120, NOW + 200)[0]!.remaining, 4)
  })

  it('knows limits without names again by their quotas', () => {
    const both = [limit({ quota: 100, resetMs: 40_000 }), limit({ quota: 5000, resetMs: null, remaining: null })]
    const again = hear(hear([], both, NOW, NOW + 50), both, NOW + 100, NOW + 150)
    assert.deepEqual(
      again.map(({ opensAt }) => opensAt),
      [NOW + 40_050, null],
    )
  })

  it('keeps the earliest of the openings that seconds round up', () => {
    const first = hear([], [limit({ resetMs: 30_000 })], NOW, NOW + 50)
    const second = hear(first, [limit({ resetMs: 30_000 })], NOW + 400, NOW + 450)
    assert.equal(second[0]!.opensAt, NOW + 30_050, 'later by rounding only')
    const third = hear(second, [limit({ resetMs: 29_000 })], NOW + 800, NOW + 850)
    assert.equal(third[0]!.opensAt, NOW + 29_850, 'earlier: that is nearer the truth')
  })

  it('is never more than a second after the true opening, once replies have come from all over a second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5000, max: 50_000 }), fc.integer({ min: 20, max: 150 }), (opensIn, everyMs) => {
        const opensAt = NOW + opensIn
        let known: readonly Announced[] = []
        for (let at = NOW; at < NOW + 3000; at += everyMs) {
          const resetMs = Math.ceil((opensAt - at) / 1000) * 1000
          known = hear(known, [limit({ resetMs })], at, at)
        }
        const late = known[0]!.opensAt! - opensAt
        assert.ok(late >= 0 && late <= everyMs, `${late} ms late`)
      }),
    )
  })

  it('takes the next opening for another one', () => {
    const known = hear([], [limit({ resetMs: 1000 })], NOW, NOW + 50)
    assert.equal(hear(known, [limit({ resetMs: 60_000 })], NOW + 1100, NOW + 1150)[0]!.opensAt, NOW + 61_150)
    assert.equal(hear(known, [limit({ resetMs: null })], NOW + 1100, NOW + 1150)[0]!.opensAt, null)
  })

  it('holds limits of different names apart', () => {
    const [minute, day] = [limit({ name: 'minute' }), limit({ name: 'day', windowMs: DAY, resetMs: HOUR })]
    const known = hear(hear([], [minute, day], NOW, NOW), [minute, day], NOW + 300, NOW + 300)
    assert.deepEqual(
      known.map(({ name, opensAt }) => [name, opensAt]),
      [
        ['minute', NOW + 30_000],
        ['day', NOW + HOUR],
      ],
    )
  })
})

describe('binding', () => {
  const [perSecond, perMinute, perDay] = [
    heard({ name: 's', quota: 10, windowMs: 1000 }),
    heard({ name: 'm', quota: 100, windowMs: MINUTE }),
    heard({ name: 'd', quota: 9000, windowMs: DAY }),
  ]

  it('is a short window, for a long one is counted besides; of short ones that with the lowest rate', () => {
    assert.deepEqual(binding([perDay, perSecond, perMinute]), { quota: 10, windowMs: 1000 })
    assert.deepEqual(binding([perSecond, heard({ quota: 12, windowMs: 2000 })]), { quota: 12, windowMs: 2000 })
  })

  it('is the shortest of the long ones, which is used up first', () => {
    assert.deepEqual(binding([perDay, perMinute]), { quota: 100, windowMs: MINUTE })
  })

  it('is none that is half said', () => {
    assert.equal(binding([heard({ quota: null }), heard({ windowMs: null }), heard({ quota: 0 })]), null)
    assert.equal(binding([]), null)
  })
})

describe('quotaRenewedAt', () => {
  const spent = (windowMs: number | null, resetMs: number | null): AnnouncedLimit[] => [
    limit({ remaining: 0, windowMs, resetMs }),
  ]

  it('is when a daily or monthly quota is renewed', () => {
    assert.deepEqual(quotaRenewedAt(spent(DAY, 5 * HOUR), null, NOW), { at: NOW + 5 * HOUR, told: true })
    assert.deepEqual(quotaRenewedAt(spent(DAY, HOUR), null, NOW), { at: NOW + HOUR, told: true })
    assert.deepEqual(quotaRenewedAt(spent(31 * DAY, 9 * DAY), 1000, NOW), { at: NOW + 9 * DAY, told: true })
    assert.deepEqual(
      quotaRenewedAt([], 10 * HOUR, NOW),
      { at: NOW + 10 * HOUR, told: true },
      'Retry-After alone says it too',
    )
  })

  it('is at the latest a window away where the source does not say', () => {
    assert.deepEqual(quotaRenewedAt(spent(DAY, null), null, NOW), { at: NOW + DAY, told: false })
    assert.deepEqual(quotaRenewedAt(spent(DAY, null), 1000, NOW), { at: NOW + DAY, told: false })
    assert.equal(quotaRenewedAt(spent(MINUTE, null), null, NOW), null)
    assert.equal(quotaRenewedAt(spent(null, null), null, NOW), null)
  })

  it('is null for an ordinary window, which is waited for', () => {
    assert.equal(quotaRenewedAt(spent(MINUTE, 40_000), 40_000, NOW), null)
    assert.equal(quotaRenewedAt(spent(HOUR, 50 * MINUTE), 50 * MINUTE, NOW), null)
    assert.equal(quotaRenewedAt([limit({ windowMs: DAY, remaining: 7, resetMs: 5 * HOUR })], 1000, NOW), null)
    assert.equal(quotaRenewedAt([], null, NOW), null)
  })

  it('is null for a day that is over in a moment', () => {
    assert.equal(quotaRenewedAt(spent(DAY, 20_000), null, NOW), null)
  })
})

describe('quotaSpentUntil', () => {
  const daily = (remaining: number): Announced => heard({ windowMs: DAY, remaining, resetMs: 5 * HOUR }, NOW, NOW)

  it('tells before anything is refused that nothing is left of a daily quota', () => {
    assert.deepEqual(quotaSpentUntil([daily(0)], admitted(NOW), [], NOW + 1000), { at: NOW + 5 * HOUR, told: true })
    assert.equal(quotaSpentUntil([daily(1)], admitted(NOW), [], NOW + 1000), null)
    assert.deepEqual(quotaSpentUntil([daily(3)], admitted(NOW), inFlight(...times(3, (i) => NOW + i)), NOW), {
      at: NOW + 5 * HOUR,
      told: true,
    })
  })

  it('tells of a day that is used up whose end is not said', () => {
    const spent = heard({ windowMs: DAY, remaining: 0, resetMs: null }, NOW, NOW)
    assert.deepEqual(quotaSpentUntil([spent], admitted(NOW), [], NOW + 1000), { at: NOW + 1000 + DAY, told: false })
  })

  it('does not end a run for an ordinary window', () => {
    assert.equal(quotaSpentUntil([heard({ remaining: 0 })], admitted(NOW), [], NOW + 100), null)
  })
})
