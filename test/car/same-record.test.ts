import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sameRecord } from '../../src/car/same-record.ts'

/** The same value with the keys of every object in another order. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, reordered(inner)] as const)
  return Object.fromEntries(entries.reverse())
}

describe('sameRecord', () => {
  it('leaves volatile members out at every level, whatever they hold', () => {
    const a = { id: 1, updated_at: 'x', lots: [{ bid: 5, bid_updated_at: null }] }
    const b = { lots: [{ bid: 5 }], id: 1, updated_at: { date: 'y' } }
    assert.ok(sameRecord(a, b))
    assert.ok(!sameRecord(a, { ...b, lots: [{ bid: 6 }] }))
  })

  it('tells apart what JSON tells apart', () => {
    const values = [null, false, 0, '', '0', [], {}, [null], [[]], { a: null }, { a: {} }, { b: null }, [1, 2], [2, 1]]
    for (const [at, a] of values.entries())
      for (const [other, b] of values.entries()) assert.equal(sameRecord(a, b), at === other, JSON.stringify([a, b]))
  })

  it('does not take numbers beyond 2^53 for the same: parsing may have made them so', () => {
    assert.ok(!sameRecord(JSON.parse('9007199254740993'), JSON.parse('9007199254740992')))
    assert.ok(!sameRecord(JSON.parse('1e400'), JSON.parse('1e500')))
    assert.ok(sameRecord(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  })

  it('takes __proto__ for data', () => {
    assert.ok(!sameRecord(JSON.parse('{"__proto__":{}}'), {}))
    assert.ok(!sameRecord(JSON.parse('{"__proto__":1}'), JSON.parse('{"a":1}')))
    assert.ok(!sameRecord(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2}}')))
    assert.ok(sameRecord(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')))
    assert.ok(!sameRecord(JSON.parse('{"toString":1}'), JSON.parse('{"valueOf":1}')))
  })

  it('does not overflow on depth', () => {
    const deep = (core: string) => JSON.parse('{"a":['.repeat(20_000) + core + ']}'.repeat(20_000))
    assert.ok(sameRecord(deep('1'), deep('1')))
    assert.ok(!sameRecord(deep('1'), deep('2')))
  })

  it('agrees with equality of JSON, in any order of keys', () => {
    const safe = (value: unknown): boolean => !/\d{16}|e\+/.test(JSON.stringify(value))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        fc.pre(safe(one) && safe(two))
        const [a, b] = [JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(two))]
        assert.ok(sameRecord(a, reordered(a)))
        if (sameRecord(a, b)) assert.deepEqual(a, b)
      }),
    )
  })
})
