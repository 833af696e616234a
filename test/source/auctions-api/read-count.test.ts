import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readCount } from '../../../src/source/auctions-api/read-count.ts'
import { dataOf, listing, NEXT, reply, whyOf } from '../fixture.ts'

const read = (total: unknown) => readCount(reply(listing([{ id: 1 }], { next: NEXT, meta: { total } })))

it('readCount is meta.total', () => {
  assert.equal(dataOf(read(190_000)), 190_000)
  assert.equal(dataOf(read('12')), 12)
  assert.equal(dataOf(read(0)), 0)
})

it('readCount is null where there is no total', () => {
  for (const total of [undefined, null, -1, 1.5, 'many', {}]) assert.equal(dataOf(read(total)), null)
})

it('readCount takes no error for a count', () => {
  assert.equal(readCount(reply({ data: [] })).kind, 'retry', 'neither a total nor an end mark')
  const other = readCount(reply(listing([{ id: 1 }], { next: NEXT, meta: { current_page: 2, total: 5 } })))
  assert.match(whyOf(other, 'retry'), /the number of cars: got page 2/)
  assert.equal(readCount(reply(listing([], { next: NEXT }))).kind, 'retry', 'an empty page that goes on')
  assert.equal(dataOf(readCount(reply(listing([], { meta: { total: 0 } })))), 0, 'a filter that has no cars')
  assert.equal(readCount(reply({ message: 'x' })).kind, 'retry')
  assert.equal(readCount(reply('', 429)).kind, 'slow-down')
  assert.equal(readCount(reply('', 422)).kind, 'retry')
})
