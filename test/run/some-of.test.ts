import assert from 'node:assert/strict'
import { it } from 'node:test'
import { someOf } from '../../src/run/some-of.ts'

it('names three, and counts the others', () => {
  assert.equal(someOf([]), '')
  assert.equal(someOf(['a', 'b', 'c']), 'a, b, c')
  assert.equal(someOf(['a', 'b', 'c', 'd', 'e'], '; '), 'a; b; c and 2 more')
})
