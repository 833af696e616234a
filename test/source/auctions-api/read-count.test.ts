import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readCount } from '../../../src/source/auctions-api/read-count.ts'
import { dataOf, listing, NEXT, reply } from '../fixture.ts'

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
  assert.equal(readCount(reply({ message: 'x' })).kind, 'retry')
  assert.equal(readCount(reply('', 429)).kind, 'slow-down')
  assert.equal(readCount(reply('', 422)).kind, 'retry')
})
