import assert from 'node:assert/strict'
import { it } from 'node:test'
import { otherInventory } from '../../src/run/other-inventory.ts'

const isOther = (expected: number | null, total: number | null, changes: number | null): boolean =>
  otherInventory({ expected, total, changes }) !== null

it('a count that has moved by more than 50 cars and 5%, unexplained, is another inventory', () => {
  assert.equal(isOther(1000, 1051, 0), true)
  assert.equal(isOther(1000, 1050, 0), false)
  assert.equal(isOther(1000, 949, 0), true)
  assert.equal(isOther(2000, 2100, 0), false)
  assert.equal(isOther(2000, 2101, 0), true)
  assert.equal(isOther(10, 55, 0), false)
})

it('what came by the feed explains a larger count, never a smaller one', () => {
  assert.equal(isOther(1000, 1100, 60), false)
  assert.equal(isOther(1000, 900, 500), true)
  assert.equal(isOther(1000, 1100, null), true)
})

it('where somebody does not count, nothing is said', () => {
  assert.equal(isOther(null, 5000, 0), false)
  assert.equal(isOther(5000, null, 0), false)
})
