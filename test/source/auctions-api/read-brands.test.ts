import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { readBrands } from '../../../src/source/auctions-api/read-brands.ts'
import { dataOf, reply } from '../fixture.ts'

const read = (data: unknown) => readBrands(reply({ data }))

it('readBrands reads ids, names and counts', () => {
  assert.deepEqual(
    dataOf(
      read([
        { id: 9, name: 'Audi', cars_qty: 1200 },
        { id: '16', name: 'BMW', cars_qty: '7' },
      ]),
    ),
    [
      { id: '9', name: 'Audi', count: 1200 },
      { id: '16', name: 'BMW', count: 7 },
    ],
  )
})

it('readBrands leaves out what cannot be asked for, and does without names and counts', () => {
  assert.deepEqual(dataOf(read([null, 5, {}, { name: 'Audi' }, { id: null }, { id: 9, name: null, cars_qty: -1 }])), [
    { id: '9', name: '9', count: null },
  ])
})

it('readBrands takes no error for a list', () => {
  assert.equal(read([]).kind, 'retry', 'empty')
  assert.equal(readBrands(reply({ error: 'x' })).kind, 'retry')
  assert.equal(readBrands(reply('{"data":[{"id":1,}]}')).kind, 'retry')
  assert.equal(readBrands(reply('', 401)).kind, 'stop')
})

it('readBrands passes over an entry that is far too long', () => {
  const long = { id: 5, name: 'x'.repeat(70_000) }
  assert.deepEqual(dataOf(read([long, { id: 9, name: 'Audi', cars_qty: 1 }])), [{ id: '9', name: 'Audi', count: 1 }])
})

it('readBrands never throws', () => {
  fc.assert(fc.property(fc.array(fc.jsonValue()), (data) => void read(data)))
})
