/** Every reader of a field, with anything that JSON can hold: none throws, and what it answers fits its column. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Flags,
  integer,
  type Members,
  moment,
  money,
  named,
  nameOfId,
  numeric,
  repairText,
  text,
  textList,
} from '../../src/car/field.ts'
import { sameRecord } from '../../src/car/same-record.ts'
import { vin } from '../../src/car/vin.ts'
import { carOf } from '../../src/source/auctions-api/car-of.ts'
import { driftOf } from '../../src/source/auctions-api/drift.ts'
import { shownLot, statusOf } from '../../src/source/auctions-api/shown-lot.ts'
import { countDrift, MAX_FINDINGS } from '../../src/source/drift-counts.ts'
import { fingerprintOf } from '../../src/source/fingerprint.ts'
import { lotWith, READ_AT, recordWith } from '../source/fixture.ts'
import { anyJson, bendingOf } from '../support/bending.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 1)

/** What Postgres can hold as text. */
const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0')

const READERS: Record<string, (value: unknown, flags: Flags) => unknown> = {
  text: (value, flags) => text(value, 'x', flags),
  textList: (value, flags) => textList(value, 'x', flags),
  integer: (value, flags) => integer(value, 'x', flags, { min: -5, max: 9_007_199_254_740_991 }),
  rounded: (value, flags) => integer(value, 'x', flags, { min: 0, max: 200, round: true }),
  money: (value, flags) => money(value, 'x', flags),
  moment: (value, flags) => moment(value, 'x', flags),
  named: (value, flags) => named(value, 'x', flags, { 1: 'one' }),
  vin: (value, flags) => vin(value, flags),
}

const KINDS: Record<string, (fact: unknown) => boolean> = {
  text: (fact) => typeof fact === 'string' && isStorable(fact),
  textList: (fact) => Array.isArray(fact) && fact.length > 0 && fact.every((each) => isStorable(each)),
  integer: (fact) => Number.isSafeInteger(fact) && !Object.is(fact, -0),
  rounded: (fact) => Number.isSafeInteger(fact) && (fact as number) >= 0 && (fact as number) <= 200,
  money: (fact) => typeof fact === 'string' && /^\d{1,15}(\.\d+)?$/.test(fact),
  moment: (fact) => Number.isFinite(fact) && (fact as number) > 0 && (fact as number) < Date.UTC(2201, 0),
  named: (fact) => typeof fact === 'string' && isStorable(fact),
  vin: (fact) => typeof fact === 'string' && fact.length === 17,
}

describe('a reader of fields', () => {
  for (const [name, read] of Object.entries(READERS))
    it(`answers a fact that fits, or null, and says why (${name})`, () => {
      fc.assert(
        fc.property(anyJson, (value) => {
          const flags: Flags = []
          const fact = read(value, flags)
          assert.ok(fact === null || KINDS[name]!(fact), JSON.stringify(fact))
          assert.ok(flags.every((flag) => /^[a-z_]{3,40}$/.test(flag)))
          assert.equal(new Set(flags).size, flags.length)
        }),
        { numRuns: 1500 * RUNS },
      )
    })

  it('never throws where it has no flags', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const number = numeric(value)
        assert.ok(number === undefined || typeof number === 'number')
        nameOfId(value, { 1: 'one' })
        assert.ok(isStorable(repairText(String(JSON.stringify(value)), [])))
      }),
      { numRuns: 1500 * RUNS },
    )
  })
})

describe('a record that is bent', () => {
  const whole = recordWith({ lots: [lotWith(), lotWith({ id: 2, status: { id: 6 } })] })

  it('is a car whose columns fit, and whose drift is bounded', () => {
    fc.assert(
      fc.property(bendingOf(whole), (record) => {
        const flags: Flags = []
        const car = carOf(record as Members, READ_AT, flags)
        for (const [column, fact] of Object.entries(car))
          for (const each of Array.isArray(fact) ? fact : [fact])
            assert.ok(
              each === null || (typeof each === 'string' ? isStorable(each) : Number.isFinite(each)),
              `${column}: ${JSON.stringify(each)}`,
            )
        statusOf(shownLot((record as Members).lots, []))
        const findings = driftOf(record as Members)
        assert.ok(findings.length <= MAX_FINDINGS + 1)
        assert.ok(findings.every((each) => isStorable(each) && each.length < 200 && !/[\p{Cc}\n]/u.test(each)))
        const counts = new Map<string, number>()
        countDrift(counts, findings)
        assert.ok(counts.size <= MAX_FINDINGS + 1)
      }),
      { numRuns: 2000 * RUNS },
    )
  })

  it('is itself when compared, and has the fingerprint that it has', () => {
    fc.assert(
      fc.property(bendingOf(whole), bendingOf(whole), (one, other) => {
        const [first, second] = [JSON.stringify(one), JSON.stringify(other)]
        // Numbers beyond 2^53 are never the same, not even as themselves.
        if (!/\d{16}|e\+/.test(first)) assert.ok(sameRecord(JSON.parse(first), JSON.parse(first)), first)
        assert.equal(sameRecord(one, other), sameRecord(other, one))
        const digest = fingerprintOf(Buffer.from(first))
        assert.match(digest, /^[\da-f]{32}$/)
        if (digest === fingerprintOf(Buffer.from(second)) && !/\d{16}|e\+/.test(first))
          assert.ok(sameRecord(JSON.parse(first), JSON.parse(second)), `${first}\n${second}`)
      }),
      { numRuns: 1500 * RUNS },
    )
  })
})

describe('names that mean something to JavaScript', () => {
  const hostile = `{"__proto__":{"polluted":1,"id":3,"name":"no"},"constructor":{"prototype":{"polluted":1}},"toString":1,
    "valueOf":1,"hasOwnProperty":1,"then":1,"toJSON":1,"length":-1}`

  it('are data in any place of a record: nothing throws, no object is changed', () => {
    fc.assert(
      fc.property(bendingOf(recordWith(), fc.constant(JSON.parse(hostile))), (record) => {
        const flags: Flags = []
        const car = carOf(record as Members, READ_AT, flags)
        driftOf(record as Members)
        assert.notEqual(car.make, 'no')
        assert.ok(sameRecord(record, structuredClone(record)))
        const bare = Object.create(null) as object
        for (const each of [{}, [], bare, car, () => 0]) assert.equal((each as { polluted?: 1 }).polluted, undefined)
      }),
      { numRuns: 500 * RUNS },
    )
  })

  it('count as members where records are compared', () => {
    const parsed = (more: string): unknown => JSON.parse(`{"id":1${more}}`)
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.ok(!sameRecord(parsed(''), parsed(`,"${name}":1`)), name)
      assert.ok(!sameRecord(parsed(`,"${name}":1`), parsed(`,"${name}":2`)), name)
      assert.ok(!sameRecord(parsed(`,"${name}":1`), parsed(',"x":1')), name)
      assert.ok(sameRecord(parsed(`,"${name}":{"a":1}`), parsed(`,"${name}":{"a":1}`)), name)
    }
  })
})
