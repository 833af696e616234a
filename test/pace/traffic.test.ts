import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { admit, countBetween, indexFrom, noTraffic, refuse, type Sent } from '../../src/pace/traffic.ts'

const instants = fc.array(fc.nat(10_000), { maxLength: 200 })
/** Many of them at one instant. */
const crowd = fc.array(fc.nat(30), { maxLength: 60 })
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)
const flying = (at: number): Sent => ({ id: at, at, width: 1 })

describe('admit', () => {
  it('keeps the instants in order, in whatever order the answers come, and counts them', () => {
    fc.assert(
      fc.property(instants, (given) => {
        const traffic = given.reduce(admit, noTraffic)
        assert.deepEqual(traffic.admitted, ascending(given))
        assert.equal(traffic.total, given.length)
        assert.deepEqual(traffic.refused, [])
      }),
    )
  })

  it('forgets the oldest after some thousands, but not how many there were', () => {
    let traffic = noTraffic
    for (let i = 0; i < 12_000; i++) traffic = admit(traffic, i)
    assert.ok(traffic.admitted.length >= 2000 && traffic.admitted.length < 12_000)
    assert.equal(traffic.admitted.at(-1), 11_999)
    assert.equal(traffic.admitted[0], 12_000 - traffic.admitted.length)
    assert.equal(traffic.total, 12_000)
  })

  it('forgets a late answer rather than a newer one', () => {
    let traffic = noTraffic
    for (let i = 0; i < 9000; i++) traffic = admit(traffic, 1000 + i)
    const late = admit(traffic, 1)
    assert.ok(!late.admitted.includes(1))
    assert.equal(late.admitted.at(-1), traffic.admitted.at(-1))
    assert.ok(late.admitted.length <= traffic.admitted.length)
  })
})

describe('refuse', () => {
  it('keeps the latest, in order, and counts nothing as let in', () => {
    fc.assert(
      fc.property(instants, (given) => {
        const traffic = given.reduce(refuse, noTraffic)
        const kept = traffic.refused
        assert.deepEqual(kept, ascending(kept))
        assert.ok(kept.every((at) => given.includes(at)))
        assert.ok(kept.length === Math.min(given.length, kept.length) && kept.length <= 100)
        assert.equal(traffic.total, 0)
        assert.equal(countBetween(traffic, [], 0, 20_000), 0)
      }),
    )
  })
})

describe('indexFrom', () => {
  it('finds the first that is not before', () => {
    fc.assert(
      fc.property(instants, fc.nat(11_000), (given, at) => {
        const sorted = ascending(given)
        const found = sorted.findIndex((each) => each >= at)
        assert.equal(indexFrom(sorted, at), found < 0 ? sorted.length : found)
      }),
    )
  })
})

describe('countBetween', () => {
  it('counts what was let in and what is in flight, from an instant on and before another', () => {
    fc.assert(
      fc.property(crowd, crowd, fc.nat(30), fc.nat(30), (admitted, inFlight, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const traffic = admitted.reduce(admit, noTraffic)
        const expected = [...admitted, ...inFlight].filter((at) => at >= from && at < to).length
        assert.equal(countBetween(traffic, inFlight.map(flying), from, to), expected)
      }),
    )
  })
})
