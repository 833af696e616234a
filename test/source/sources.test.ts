import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ownName, sourceNamed, sources } from '../../src/source/sources.ts'

it('every source goes by its own name', () => {
  for (const [name, source] of Object.entries(sources)) assert.equal(source.name, name)
  assert.deepEqual(Object.keys(sources), ['auctionsapi'])
})

it("a source of a name of somebody's own speaks the dialect of the AuctionsAPI", () => {
  for (const name of ['auctionsapi', 'demo', 'my-auctions', 'constructor'])
    assert.equal(sourceNamed(name), sources.auctionsapi)
})

it("says what a name of somebody's own means, and what else the database has", () => {
  assert.equal(ownName('auctionsapi', ['auctionsapi']), null)
  assert.equal(ownName('demo', ['demo']), null)
  assert.match(ownName('auctionapi')!, /^auctionapi is a name of your own .* read as those of auctionsapi\.$/)
  assert.match(
    ownName('auctionapi', ['auctionapi', 'auctionsapi'])!,
    /this database has auctionsapi: is CARSYNC_SOURCE/,
  )
  assert.match(ownName('auctionsapi', ['my_cars'])!, /^Besides auctionsapi this database has my_cars/)
})
