import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { admit as arrive, type LimitState } from '../../../demo/limits.ts'
import { betweenRuns, reckoned } from '../../../src/pace/bucket/bucket-rate.ts'
import { admit, noTraffic, type Traffic } from '../../../src/pace/traffic.ts'
import { NOW, times } from '../driving.ts'

type Watched = { traffic: Traffic; walls: { at: number; lostMs: number }[] }

/** What a source with such a bucket lets in of requests with these gaps, and where it refuses. */
const watch = (rate: number, burst: number, gaps: readonly number[]): Watched => {
  let state: LimitState = { kind: 'fresh' }
  let traffic = noTraffic
  const walls: Watched['walls'] = []
  let at = NOW
  for (const gap of gaps) {
    at += gap
    const admission = arrive({ kind: 'token-bucket', rate, burst }, state, at)
    state = admission.state
    if (admission.ok) traffic = admit(traffic, at)
    else walls.push({ at, lostMs: 0 })
  }
  return { traffic, walls }
}

const rates = fc.double({ min: 0.5, max: 50, noNaN: true })

describe('reckoned', () => {
  it('knows the rate of any bucket between two walls, to one request more or less', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 2, max: 20 }), fc.infiniteStream(fc.nat(1000)), (rate, burst, jitter) => {
        // A little faster than allowed, so that the bucket never runs over.
        const gaps = times(burst + 150, () => (0.6 + jitter.next().value! / 4000) * (1000 / rate))
        const { traffic, walls } = watch(rate, burst, gaps)
        if (walls.length < 2) return
        const known = reckoned([walls[0]!, walls.at(-1)!], traffic, [], false)
        if (known === null) return
        const seconds = (walls.at(-1)!.at - walls[0]!.at) / 1000
        assert.ok(Math.abs(known.rate - rate) * seconds <= 1.6, `${known.rate} for ${rate}`)
        assert.ok(known.error > 0 && known.error <= 1 / 3)
      }),
    )
  })

  it('is the surer the longer it is watched', () => {
    const { traffic, walls } = watch(
      10,
      5,
      times(1000, () => 80),
    )
    const [early, late] = [walls.slice(0, 12), walls].map((each) => reckoned(each, traffic, [], false)!)
    assert.ok(late!.error < early!.error)
    assert.ok(Math.abs(late!.rate - 10) < 0.05)
  })

  it('counts what is in flight as let in', () => {
    const walls = [
      { at: NOW, lostMs: 0 },
      { at: NOW + 1000, lostMs: 0 },
    ]
    const flight = times(10, (i) => ({ id: i, at: NOW + i * 100, width: 1 }))
    assert.ok(Math.abs(reckoned(walls, noTraffic, flight, false)!.rate - 10) < 1)
  })

  it('leaves out the time in which the bucket ran over, where that is known', () => {
    const traffic = times(20, (i) => NOW + i * 100).reduce(admit, noTraffic)
    const walls = [
      { at: NOW, lostMs: 0 },
      { at: NOW + 4000, lostMs: 2000 },
    ]
    const [counted, not] = [reckoned(walls, traffic, [], true)!.rate, reckoned(walls, traffic, [], false)!.rate]
    assert.ok(Math.abs(counted - 10) < 0.5 && Math.abs(not - 5) < 0.5, `${counted}, ${not}`)
  })

  it('tells nothing from one wall, or from two with next to nothing between them', () => {
    const wall = { at: NOW, lostMs: 0 }
    assert.equal(reckoned([], noTraffic, [], false), null)
    assert.equal(reckoned([wall], noTraffic, [], false), null)
    assert.equal(reckoned([wall, { at: NOW + 50, lostMs: 0 }], admit(noTraffic, NOW + 10), [], false), null)
  })
})

describe('betweenRuns', () => {
  /** Runs of so many requests in so many ms, each ended by a wall. */
  const runs = (...given: [count: number, ms: number][]): Watched => {
    let at = NOW
    const walls = [{ at, lostMs: 0 }]
    let traffic = noTraffic
    for (const [count, ms] of given) {
      for (let i = 0; i < count; i++) traffic = admit(traffic, at + (i * ms) / count)
      at += ms
      walls.push({ at, lostMs: 0 })
    }
    return { traffic, walls }
  }
  const told = ({ walls, traffic }: Watched): number | null => betweenRuns(walls, traffic, [])

  it('tells the rate from runs of different length, whatever each pause saved up', () => {
    // 10/s, and 15 from the pause before each run.
    assert.ok(Math.abs(told(runs([65, 5000], [315, 30_000]))! - 10) < 0.2)
  })

  it('takes runs that agree on a mean at their word', () => {
    assert.ok(Math.abs(told(runs([100, 10_000], [100, 10_000]))! - 10) < 0.3)
  })

  it('tells nothing from too few, too short or too similar runs', () => {
    assert.equal(told(runs([300, 30_000])), null)
    assert.equal(told(runs([5, 1000], [9, 900])), null)
    assert.equal(told(runs([100, 10_000], [105, 5000])), null)
  })
})
