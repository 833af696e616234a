import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sources } from '../../src/source/sources.ts'

it('every source goes by its own name', () => {
  for (const [name, source] of Object.entries(sources)) assert.equal(source.name, name)
  assert.deepEqual(Object.keys(sources), ['auctionsapi'])
})
