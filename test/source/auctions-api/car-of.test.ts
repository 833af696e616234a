import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CAR_FIELDS, type Car } from '../../../src/car/car.ts'
import { carOf } from '../../../src/source/auctions-api/car-of.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { lotWith, READ_AT, recordWith } from '../fixture.ts'

type Members = Record<string, unknown>

const car = (members: Members = {}): Car => carOf(recordWith(members), READ_AT, [])
const carWithLot = (members: Members): Car => car({ lots: [lotWith(members)] })

/** Postgres type of a column against what is given for it. */
const fits = (type: string, value: unknown): boolean => {
  if (value === null) return true
  if (type === 'text') return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
  if (type === 'text[]') return Array.isArray(value) && value.every((entry) => fits('text', entry))
  if (type === 'numeric') return typeof value === 'string' && /^\d{1,15}(\.\d+)?$/.test(value)
  if (type === 'int') return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
  return type === 'bigint' ? Number.isSafeInteger(value) : Number.isFinite(value)
}

describe('carOf', () => {
  it('fills every column from its place', () => {
    assert.deepEqual(car(), {
      make: 'Audi',
      model: 'Q5',
      generation: 'II (FY)',
      trim: '2.0 TDI quattro',
      year: 2019,
      vin: '1M8GDM9AXKP042788',
      title: '2019 Audi Q5 Premium',
      price: '9900',
      currency: 'USD',
      bid: '8200',
      final_price: null,
      mileage_km: 92661,
      fuel: 'diesel',
      transmission: 'automatic',
      body_type: 'suv',
      color: 'white',
      drive: 'all',
      engine: ' 2.0l 4',
      engine_cc: 1968,
      cylinders: 4,
      seats: 5,
      lot_number: '70000501',
      site: 'copart_com',
      status: 'on_sale',
      sale_date: Date.UTC(2026, 9, 9, 19),
      seller_type: 'insurance',
      country: 'US',
      city: 'phoenix',
      image_url: 'https://img.example/1.jpg',
      images: ['https://img.example/1.jpg', 'https://img.example/2.jpg'],
      flags: [],
    } satisfies Car)
  })

  it('takes buy_now 0 for no price, and other zeros for zero (trap 4)', () => {
    for (const zero of [0, '0', '0.00', null, '']) {
      const { price, flags } = carWithLot({ buy_now: zero })
      assert.deepEqual([price, flags], [null, []])
    }
    assert.equal(carWithLot({ bid: 0 }).bid, '0')
    assert.equal(carWithLot({ buy_now: '8200.50' }).price, '8200.5')
    assert.deepEqual(carWithLot({ buy_now: -1 }).flags, ['price_negative'])
  })

  it('takes final_bid, else final_price', () => {
    assert.equal(carWithLot({ final_bid: 7000, final_price: 1 }).final_price, '7000')
    assert.equal(carWithLot({ final_bid: null, final_price: '7100.5' }).final_price, '7100.5')
  })

  it('takes kilometres, else miles, beyond int32 and from text (trap 4)', () => {
    const mileage = (odometer: unknown) => carWithLot({ odometer }).mileage_km
    assert.equal(mileage({ km: '3000000000', mi: 1 }), 3_000_000_000)
    assert.equal(mileage({ km: 0, mi: 57577 }), 0)
    assert.equal(mileage({ km: null, mi: 57577 }), 92661)
    assert.equal(mileage({ mi: '57577' }), 92661)
    assert.equal(mileage(null), null)
    assert.deepEqual(carWithLot({ odometer: { km: 'unknown', mi: 5 } }).flags, ['mileage_malformed'])
    assert.deepEqual(carWithLot({ odometer: { km: -5 } }).flags, ['mileage_implausible'])
    assert.deepEqual(carWithLot({ odometer: 'x' }).flags, ['mileage_malformed'])
  })

  it('bounds the year by the time of reading, and invents none', () => {
    assert.equal(car({ year: '2028' }).year, 2028)
    for (const year of [2029, 0, 1885]) {
      const { year: read, flags } = car({ year })
      assert.deepEqual([read, flags], [null, ['year_implausible']])
    }
    assert.equal(carOf(recordWith({ year: 2029 }), Date.UTC(2027, 0, 1), []).year, 2029)
    assert.deepEqual([car({ year: null }).year, car({ year: null }).flags], [null, []])
  })

  it('takes null everywhere (trap 8)', () => {
    const empty = carOf({ id: 1 }, READ_AT, [])
    for (const [field, value] of Object.entries(empty))
      assert.deepEqual(value, { currency: 'USD', status: 'unknown', flags: [] }[field] ?? null, field)
    const nulls = Object.fromEntries(Object.keys(recordWith()).map((key) => [key, null]))
    assert.deepEqual(carOf(nulls, READ_AT, []), empty)
    const noLot = Object.fromEntries(Object.keys(lotWith()).map((key) => [key, null]))
    assert.deepEqual(carOf({ lots: [noLot] }, READ_AT, []), empty)
    const lists = Object.fromEntries(['details', 'images', 'location', 'odometer'].map((key) => [key, []]))
    assert.deepEqual(carWithLot(lists).flags, [])
  })

  it('takes brands and models as plain text (trap 8)', () => {
    const { make, model, flags } = car({ manufacturer: 'Audi', model: 'Q5' })
    assert.deepEqual([make, model, flags], ['Audi', 'Q5', []])
  })

  it('lets unknown ids pass through (trap 8)', () => {
    assert.equal(car({ fuel: { id: 99, name: 'steam' } }).fuel, 'steam')
    assert.equal(car({ fuel: { id: 99 } }).fuel, '99')
    assert.equal(carWithLot({ domain: { id: 77, name: 'manheim_com' } }).site, 'manheim_com')
    assert.equal(carWithLot({ seller_type: { id: 3, name: 'bank' } }).seller_type, 'bank')
  })

  it('takes normal images, else big ones', () => {
    const images = (given: unknown) => carWithLot({ images: given }).images
    assert.deepEqual(images({ normal: [], big: ['b'] }), ['b'])
    assert.deepEqual(images({ normal: null, big: ['b'] }), ['b'])
    assert.deepEqual(images({ normal: ['n'], big: ['b'] }), ['n'])
    assert.equal(images({ normal: null, big: null }), null)
    assert.equal(carWithLot({ images: { normal: [''] } }).image_url, null)
  })

  it('reads lot numbers of both types, and a country in upper case', () => {
    assert.equal(carWithLot({ lot: 70000501 }).lot_number, '70000501')
    assert.equal(carWithLot({ location: { country: 'kr' } }).country, 'KR')
    assert.equal(carWithLot({ location: { country: { name: 'USA' } } }).country, null)
  })

  it('says USD, also where details speak of won (trap 10)', () => {
    const { price, currency } = carWithLot({ buy_now: 7221, domain: { id: 12, name: 'encar_com' } })
    assert.deepEqual([price, currency], ['7221', 'USD'])
  })

  it('flags each impossible fact and keeps the others', () => {
    const lots = [lotWith({ bid: 'x', sale_date: 'soon', details: { engine_volume: 1e9, seats_count: 0 } })]
    const { flags, make } = car({ vin: 'x', cylinders: 99, lots })
    assert.deepEqual(flags.toSorted(), [
      'bid_malformed',
      'cylinders_implausible',
      'engine_cc_implausible',
      'sale_date_malformed',
      'seats_implausible',
      'vin_malformed',
    ])
    assert.equal(make, 'Audi')
  })

  it('fits its columns, whatever the API sends', () => {
    const paths = [
      'odometer',
      'details',
      'location',
      'images',
      'status',
      'domain',
      'bid',
      'buy_now',
      'sale_date',
      'lot',
    ]
    const anything = fc.oneof(
      fc.jsonValue({ stringUnit: anyCharacter }),
      fc.constantFrom('\0', '\ud800', '1e99', -1, 1e308),
    )
    const inner = fc.dictionary(
      fc.constantFrom('km', 'mi', 'badge', 'normal', 'city', 'country', 'id', 'name'),
      anything,
    )
    const record = fc.dictionary(fc.constantFrom(...Object.keys(recordWith())), anything)
    const lot = fc.dictionary(fc.constantFrom(...paths), fc.oneof(anything, inner))
    fc.assert(
      fc.property(record, fc.array(lot), (members, lots) => {
        const read = carOf({ ...members, lots }, READ_AT, [])
        assert.deepEqual(Object.keys(read).toSorted(), Object.keys(CAR_FIELDS).toSorted())
        for (const [field, type] of Object.entries(CAR_FIELDS)) assert.ok(fits(type, read[field as keyof Car]), field)
      }),
      { numRuns: 500 },
    )
  })
})
