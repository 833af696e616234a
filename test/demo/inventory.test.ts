import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carId, carIndex } from '../../demo/car-id.ts'
import { carJson, createInventory } from '../../demo/inventory.ts'
import { domains } from '../../demo/lot.ts'
import { makes } from '../../demo/makes.ts'
import { checkDigit } from '../../demo/vin.ts'

type Lot = {
  lot: string | number
  domain: { name: string }
  buy_now: number
  bid: number | null
  odometer: { km: number; mi: number }
  bid_updated_at: string | null
  updated_at: string
  details: { description_ko: string; original_price: number } | null
}
type Car = {
  id: number
  year: number
  title: string
  vin: string
  manufacturer: { id: number; name: string } | null
  lots: [Lot, ...Lot[]]
}

const inventory = createInventory({ seed: 1, total: 20_000, brandless: 5 })
const cars = Array.from({ length: 20_000 }, (_, index) => JSON.parse(carJson(inventory, index).toString()) as Car)

test('the makes fill a thousand slots, 400 of them on Encar', () => {
  const sum = (key: 'slots' | 'korea') => makes.reduce((total, make) => total + make[key], 0)
  assert.equal(sum('slots'), 1000)
  assert.equal(sum('korea'), 400)
  assert.equal(new Set(makes.map((make) => make.id)).size, makes.length)
})

test('the same seed gives the same bytes, another seed others', () => {
  const again = createInventory({ seed: 1, total: 20_000, brandless: 5 })
  const other = createInventory({ seed: 2, total: 20_000, brandless: 5 })
  assert.deepEqual(carJson(again, 1234), carJson(inventory, 1234))
  assert.notDeepEqual(carJson(other, 1234), carJson(inventory, 1234))
})

test('ids, VINs and lot numbers are distinct, ids grow and lead back to the index', () => {
  assert.equal(new Set(cars.map((car) => car.vin)).size, cars.length)
  assert.equal(new Set(cars.map((car) => String(car.lots[0].lot))).size, cars.length)
  cars.forEach((car, index) => {
    assert.equal(car.id, carId(index))
    assert.equal(carIndex(car.id), index)
    if (index > 0) assert.ok(car.id > (cars[index - 1] as Car).id)
  })
  assert.equal(carIndex(carId(5) + 1), carId(6) === carId(5) + 1 ? 6 : -1)
})

test('records weigh 2.5 to 3.2 kB on average', () => {
  const bytes = cars.reduce((total, _, index) => total + inventory.size(index), 0)
  const average = bytes / cars.length
  assert.ok(average > 2500 && average < 3200, `average ${average}`)
})

test('sites, brands and several lots have their shares', () => {
  const share = (test: (car: Car) => boolean) => cars.filter(test).length / cars.length
  for (const [name, wanted] of [
    ['encar_com', 0.4],
    ['copart_com', 0.3],
    ['iaai_com', 0.3],
  ] as const) {
    assert.ok(Math.abs(share((car) => car.lots[0].domain.name === name) - wanted) < 0.01)
  }
  assert.ok(Math.abs(share((car) => car.lots.length > 1) - 0.06) < 0.01)
  for (const name of ['Audi', 'Mercedes-Benz', 'Volkswagen', 'BMW'])
    assert.ok(share((car) => car.manufacturer?.name === name) > 0.03)
  assert.equal(cars.filter((car) => car.manufacturer === null).length, 5)
  assert.equal(domains.length, 3)
})

test('values vary and fit together', () => {
  const spread = (value: (car: Car) => unknown) => new Set(cars.map(value)).size
  assert.ok(spread((car) => car.lots[0].buy_now) > 1000)
  assert.ok(spread((car) => car.lots[0].odometer.km) > 5000)
  assert.ok(spread((car) => car.year) >= 20)
  for (const car of cars) {
    const [lot] = car.lots
    assert.match(car.vin, /^[A-HJ-NPR-Z0-9]{17}$/)
    assert.ok(car.title.startsWith(`${car.year} `))
    assert.ok(Math.abs(lot.odometer.km - lot.odometer.mi * 1.609344) < 1)
    assert.ok(lot.buy_now > 0 || lot.bid !== null, 'there is something that can change')
    assert.match(lot.updated_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/)
    if (lot.details === null) {
      assert.equal(car.vin[8], checkDigit(car.vin))
      if (lot.bid !== null) assert.match(String(lot.bid_updated_at), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    } else {
      assert.match(lot.details.description_ko, /[가-힣]{3}/)
      assert.ok(Math.abs(lot.details.original_price - lot.buy_now * 1400) <= 5000)
    }
  }
})

test('a new version of a car differs in price or bid and carries the moment of the change', () => {
  const at = Date.UTC(2026, 11, 24, 20, 15, 30) / 1000
  for (let index = 0; index < 500; index++) {
    const next = JSON.parse(carJson(inventory, index, { version: 1, changedAt: at }).toString()) as Car
    const before = cars[index] as Car
    assert.notDeepEqual([next.lots[0].buy_now, next.lots[0].bid], [before.lots[0].buy_now, before.lots[0].bid])
    assert.equal(next.lots[0].updated_at, '2026-12-24T20:15:30.000000Z')
    assert.equal(next.vin, before.vin)
  }
})

test('a re-crawl moves the volatile stamps and nothing else', () => {
  const own = createInventory({ seed: 3, total: 2000, brandless: 0 })
  const before = Array.from({ length: 300 }, (_, index) => carJson(own, index).toString())
  own.setEpoch(1)
  const volatile = /"(\w*updated_at)":"[^"]*"/g
  before.forEach((text, index) => {
    const after = carJson(own, index).toString()
    assert.equal(after.replace(volatile, ''), text.replace(volatile, ''))
    const stamps = (json: string) => [...json.matchAll(volatile)].map((match) => match[0])
    const old = stamps(text)
    assert.ok(stamps(after).every((stamp, nth) => stamp !== old[nth]))
  })
})
