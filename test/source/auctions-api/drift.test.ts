import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { dirtyKinds, spoil } from '../../../demo/dirty.ts'
import { driftOf } from '../../../src/source/auctions-api/drift.ts'
import { CAR_KEYS, DETAIL_KEYS, LOT_KEYS } from '../../../src/source/auctions-api/known-shape.ts'
import { MAX_FINDINGS, OTHERS } from '../../../src/source/drift-counts.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { lotWith, NO_SAMPLES, recordWith, sample } from '../fixture.ts'

type Members = Record<string, unknown>

const drift = (members: Members): readonly string[] => driftOf(recordWith(members))
const lotDrift = (members: Members): readonly string[] => drift({ lots: [lotWith(members)] })

describe('driftOf', () => {
  it('finds nothing in a record as it is known', () => {
    assert.deepEqual(driftOf(recordWith()), [])
  })

  it('finds nothing where a key is null or missing, whichever it is', () => {
    const nulls = (keys: Iterable<string>): Members => Object.fromEntries([...keys].map((key) => [key, null]))
    assert.deepEqual(driftOf({}), [])
    assert.deepEqual(driftOf(nulls(CAR_KEYS.keys())), [])
    assert.deepEqual(driftOf({ lots: [nulls(LOT_KEYS.keys())] }), [])
    assert.deepEqual(driftOf({ lots: [{ details: nulls(DETAIL_KEYS.keys()) }, null] }), [])
  })

  it('finds new keys of car, lot and details, and not deeper', () => {
    assert.deepEqual(
      drift({ foo: 1, lots: [lotWith({ bar: null, details: { baz: {}, badge: 'x' }, damage: { new: 1 } })] }),
      ['foo: new key', 'lots[].bar: new key', 'lots[].details.baz: new key'],
    )
  })

  it('takes stamps for known, however they are called', () => {
    assert.deepEqual(
      drift({ updated_at: 'x', price_updated_at: 'y', lots: [lotWith({ anything_updated_at: null })] }),
      [],
    )
  })

  it('finds types that changed, and says what they were', () => {
    const cases: [Members, string][] = [
      [{ year: {} }, 'year: object, was number'],
      [{ year: '2019' }, 'year: string, was number'],
      [{ lots: {} }, 'lots: object, was list'],
      [{ lots: ['x'] }, 'lots[]: string, was object'],
      [{ manufacturer: 7 }, 'manufacturer: number, was string or object'],
      [{ fuel: 'diesel' }, 'fuel: string, was object'],
      [{ vin: false }, 'vin: boolean, was string'],
      [{ id: ['x'] }, 'id: list, was string or number'],
    ]
    for (const [members, finding] of cases) assert.deepEqual(drift(members), [finding])
    const lots: [Members, string][] = [
      [{ bid: { value: 1 } }, 'lots[].bid: object, was string or number'],
      [{ odometer: { km: [1] } }, 'lots[].odometer.km: list, was string or number'],
      [{ odometer: 7 }, 'lots[].odometer: number, was object'],
      [{ images: { normal: 'x' } }, 'lots[].images.normal: string, was list'],
      [{ location: { country: { iso: 1 } } }, 'lots[].location.country.iso: number, was string'],
      [{ details: [1] }, 'lots[].details: list, was object'],
      [{ details: { seats_count: '5' } }, 'lots[].details.seats_count: string, was number'],
      [{ status: { id: 'three' } }, 'lots[].status.id: string, was number'],
    ]
    for (const [members, finding] of lots) assert.deepEqual(lotDrift(members), [finding])
  })

  it('knows prices, odometers and numbers of lots as text and as number, and empty objects as PHP writes them', () => {
    for (const amount of [1, '1.50']) {
      const odometer = { km: amount, mi: amount, status: { id: 1 } }
      assert.deepEqual(lotDrift({ lot: amount, bid: amount, buy_now: amount, final_price: amount, odometer }), [])
    }
    assert.deepEqual(lotDrift({ details: [], images: [], odometer: [] }), [])
    assert.deepEqual(drift({ manufacturer: 'Audi', model: 'Q5', generation: [] }), [])
  })

  it('finds ids that the lists do not have, in each of them', () => {
    const id = { id: 77, name: 'new' }
    assert.deepEqual(
      drift({
        transmission: id,
        drive_wheel: id,
        fuel: id,
        lots: [lotWith({ status: id, seller_type: id, domain: id, condition: id, odometer: { status: id } })],
      }).toSorted(),
      [
        'drive_wheel.id 77: unknown',
        'fuel.id 77: unknown',
        'lots[].condition.id 77: unknown',
        'lots[].domain.id 77: unknown',
        'lots[].odometer.status.id 77: unknown',
        'lots[].seller_type.id 77: unknown',
        'lots[].status.id 77: unknown',
        'transmission.id 77: unknown',
      ],
    )
  })

  it('knows every id of the lists, 0 included', () => {
    for (let id = 1; id <= 9; id++) assert.deepEqual(lotDrift({ status: { id } }), [])
    for (let id = 0; id <= 7; id++) assert.deepEqual(lotDrift({ condition: { id, name: 'x' } }), [])
    for (const id of [1, 3, 12]) assert.deepEqual(lotDrift({ domain: { id } }), [])
    assert.deepEqual(lotDrift({ condition: { id: 8 } }), ['lots[].condition.id 8: unknown'])
    assert.deepEqual(lotDrift({ status: { id: 0 } }), ['lots[].status.id 0: unknown'])
  })

  it('says a thing once, in however many lots it is', () => {
    assert.deepEqual(drift({ lots: [1, 2, 3].map((id) => lotWith({ id, foo: id })) }), ['lots[].foo: new key'])
  })

  it('shows a hostile key quoted, short and harmless', () => {
    const [esc, long, empty, spaced, proto] = driftOf(
      JSON.parse(
        `{"\\u001b[2J\\u202e\\n\\u0000":1,"${'x'.repeat(90)}":1,"":1,"a b: new key":1,"__proto__":{"year":1}}`,
      ),
    )
    assert.equal(esc, '"\ufffd[2J\ufffd\ufffd\ufffd": new key')
    assert.equal(long, `"${'x'.repeat(40)}…": new key`)
    assert.equal(empty, '"": new key')
    assert.equal(spaced, '"a b: new key": new key')
    assert.equal(proto, '__proto__: new key')
  })

  it('never finds more than there is room for', () => {
    const keys = (count: number, of = 'k'): Members =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${of}${i}`, 1]))
    assert.equal(drift(keys(MAX_FINDINGS)).length, MAX_FINDINGS)
    assert.equal(drift(keys(MAX_FINDINGS)).includes(OTHERS), false)
    for (const found of [drift(keys(500)), lotDrift(keys(500)), lotDrift({ details: keys(500) })])
      assert.deepEqual([found.length, found.at(-1)], [MAX_FINDINGS + 1, OTHERS])
  })

  it('never throws, and tells any record in short printable texts that are the same each time', () => {
    const names = [...CAR_KEYS.keys(), ...LOT_KEYS.keys(), ...DETAIL_KEYS.keys(), 'id', 'name', 'km', 'normal', 'iso']
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ unit: anyCharacter })), tie('tree'), {
          maxKeys: 12,
        }),
      ),
    }))
    const record = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tree)
    fc.assert(
      fc.property(record, fc.array(record, { maxLength: 3 }), (members, lots) => {
        const given = JSON.parse(JSON.stringify({ ...members, lots }))
        const findings = driftOf(given)
        assert.ok(findings.length <= MAX_FINDINGS + 1)
        assert.equal(new Set(findings).size, findings.length)
        for (const finding of findings) {
          assert.ok(finding.length <= 120, finding)
          assert.doesNotMatch(finding, /[\p{C}\p{Zl}\p{Zp}]|[^\P{Z} ]/u)
          assert.ok(finding.isWellFormed())
        }
        assert.deepEqual(driftOf(structuredClone(given)), findings)
      }),
    )
  })

  it('finds in the dirt of the demo what is drift, and nothing in the rest of it', () => {
    const clean = Buffer.from(JSON.stringify({ ...recordWith(), lots: [lotWith()] }))
    const found = dirtyKinds.flatMap((kind) => {
      const record = JSON.parse(spoil(clean, kind).toString())
      const findings = typeof record === 'object' && record !== null ? driftOf(record) : []
      return findings.length === 0 ? [] : [[kind, findings]]
    })
    assert.deepEqual(Object.fromEntries(found), {
      year_word: ['year: string, was number'],
      year_text: ['year: string, was number'],
      unknown_enums: ['fuel.id 99: unknown', 'lots[].status.id 42: unknown'],
      extra_keys: ['lots[].brand_new_field: new key', 'lots[]."": new key', 'lots[]."key with spaces": new key'],
      proto_key: ['__proto__: new key'],
    })
  })
})

describe('driftOf, on real payloads', () => {
  /** Payloads with the reason of what is found in them. */
  const payloads: Record<string, readonly string[]> = {
    // Written into the record by the person who kept it.
    'selectauto/sample-cars-response.json': ['_comment: new key'],
    'lsc/copart_cars_page1.trimmed.json': [],
    'lsc/iaai_cars_page1.trimmed.json': [],
    'lsc/copart_detail_prices_history.trimmed.json': [],
    'korauto/lot39919953.json': [],
  }
  for (const [path, explained] of Object.entries(payloads))
    it(path, (t) => {
      const body = sample(path)
      if (body === null) return t.skip(NO_SAMPLES)
      const { data, ...record } = JSON.parse(body.toString())
      const records: Members[] = [data ?? record].flat()
      assert.ok(records.length > 0)
      for (const each of records) assert.deepEqual(driftOf(each), explained)
    })
})
