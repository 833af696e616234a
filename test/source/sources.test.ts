import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sourceNamed, sources } from '../../src/source/sources.ts'

it('every source goes by its own name', () => {
  for (const [name, source] of Object.entries(sources)) assert.equal(source.name, name)
  assert.deepEqual(Object.keys(sources), ['auctionsapi'])
})

it("a source of a name of somebody's own speaks the dialect of the AuctionsAPI", () => {
  for (const name of ['auctionsapi', 'demo', 'my-auctions', 'constructor'])
    assert.equal(sourceNamed(name), sources.auctionsapi)
})
