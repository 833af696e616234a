import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { observePage, type PageEnd, pageBytesOf, pageSizeFor, startSizing } from '../../../src/pace/page/page-size.ts'

const ROOMY = 2 ** 40
const after = (...ends: PageEnd[]) => ends.reduce(observePage, startSizing())
const read = (served = 1000, bytes = served * 3000, asked = served): PageEnd => ({ kind: 'read', asked, served, bytes })
const timeout = (asked = 1000): PageEnd => ({ kind: 'timeout', asked, at: 0 })
const cut = (at: number, asked = 1000): PageEnd => ({ kind: 'cut-off', asked, at })

describe('the page size by time', () => {
  it('is halved by two faults before any page of it was read', () => {
    assert.equal(pageSizeFor(after(timeout()), 1000, ROOMY), 1000)
    assert.equal(pageSizeFor(after(timeout(), cut(0)), 1000, ROOMY), 500)
    assert.equal(pageSizeFor(after(timeout(), read(), timeout()), 1000, ROOMY), 1000)
  })

  it('is halved when six of the last ten are faults, though others are read', () => {
    const mixed = [read(), timeout(), read(), timeout(), timeout(), timeout(), read(), timeout()]
    assert.equal(pageSizeFor(after(...mixed), 1000, ROOMY), 1000)
    assert.equal(pageSizeFor(after(...mixed, timeout()), 1000, ROOMY), 500)
    const reads = Array.from({ length: 6 }, () => read())
    assert.equal(pageSizeFor(after(...mixed, ...reads, timeout()), 1000, ROOMY), 1000)
  })

  it('counts anew at each size, and hears nothing of late answers to larger asks', () => {
    const halved = [timeout(1000), timeout(1000), timeout(500)]
    assert.equal(pageSizeFor(after(...halved), 500, ROOMY), 500)
    assert.equal(pageSizeFor(after(...halved, timeout(1000), cut(9000, 1000)), 500, ROOMY), 500)
    assert.equal(pageSizeFor(after(...halved, read(1000), timeout(500)), 500, ROOMY), 250)
  })

  it('takes pages that break off together for one event', () => {
    assert.equal(pageSizeFor(after(cut(5000), cut(5001), cut(5400), cut(5999)), 1000, ROOMY), 1000)
    assert.equal(pageSizeFor(after(cut(5000), cut(6001)), 1000, ROOMY), 500)
  })

  it('does not go under 25 rows, nor under what the source serves whatever is asked for', () => {
    assert.equal(pageSizeFor(after(timeout(40), timeout(40)), 40, ROOMY), 25)
    assert.equal(pageSizeFor(after(timeout(25), timeout(25)), 25, ROOMY), 25)
    assert.equal(pageSizeFor(after(timeout(10), timeout(10)), 10, ROOMY), 10)
    const fixed = after(
      timeout(200),
      timeout(200),
      read(150, 1000, 100),
      ...Array.from({ length: 9 }, () => timeout(150)),
    )
    assert.equal(pageSizeFor(fixed, 150, ROOMY), 150)
  })

  it('is rarely taken in by chance: one fault in ten pages halves it in few of a hundred runs of 200 pages', () => {
    let state = 1
    const random = (): number => {
      state = (state * 48271) % 2147483647
      return state / 2147483647
    }
    let halved = 0
    for (let run = 0; run < 100; run++) {
      let sizing = startSizing()
      let size = 1000
      for (let page = 0; page < 200 && size === 1000; page++) {
        sizing = observePage(sizing, random() < 0.1 ? cut(page * 2000) : read())
        size = pageSizeFor(sizing, size, ROOMY)
      }
      if (size < 1000) halved++
    }
    assert.ok(halved <= 5, `${halved} of 100`)
  })
})

describe('the page size by weight', () => {
  it('is halved until two pages fit', () => {
    const sizing = after(read(1000, 16 << 20))
    assert.equal(pageSizeFor(sizing, 1000, 32 << 20), 1000)
    assert.equal(pageSizeFor(sizing, 1000, 31 << 20), 500)
    assert.equal(pageSizeFor(sizing, 1000, 15 << 20), 250)
    assert.equal(pageSizeFor(sizing, 1000, 1), 25)
  })

  it('is left alone before any page was weighed', () => {
    assert.equal(pageSizeFor(startSizing(), 1000, 1), 1000)
  })

  it('does not take one heavy record for the weight of all', () => {
    assert.equal(pageSizeFor(after(read(1000, 200_000)), 1000, 20 << 20), 1000)
  })

  it('is believed at once where rows become heavier, slowly where lighter', () => {
    assert.equal(pageBytesOf(startSizing(), 1000), 4 << 20)
    assert.equal(pageBytesOf(after(read(1000, 1_000_000)), 500), 500_000)
    assert.equal(pageBytesOf(after(read(1000, 1_000_000), read(1000, 3_000_000)), 1000), 3_000_000)
    assert.equal(pageBytesOf(after(read(1000, 3_000_000), read(1000, 1_000_000)), 1000), 2_600_000)
  })
})

describe('pageSizeFor', () => {
  const ends = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('read' as const),
        asked: fc.integer({ min: 1, max: 1000 }),
        served: fc.integer({ min: 1, max: 1000 }),
        bytes: fc.nat(1 << 24),
      }),
      fc.record({
        kind: fc.constantFrom('timeout' as const, 'cut-off' as const),
        asked: fc.integer({ min: 1, max: 1000 }),
        at: fc.nat(100_000),
      }),
    ),
  )

  it('never grows, and never falls under 25 rows by itself', () => {
    fc.assert(
      fc.property(ends, fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1 << 25 }), (given, size, max) => {
        const wanted = pageSizeFor(after(...given), size, max)
        assert.ok(wanted <= size)
        assert.ok(wanted >= Math.min(size, 25))
      }),
    )
  })
})
