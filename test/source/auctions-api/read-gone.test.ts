import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readGone } from '../../../src/source/auctions-api/read-gone.ts'
import { dataOf, listing, NEXT, reply } from '../fixture.ts'

const read = (body: unknown, page = 1) => readGone(reply(body), { pageSize: 50, page })
const row = (members: object = {}) => ({
  car_id: 1001,
  archived_at: '2026-09-09T19:37:39.000000Z',
  vin: 'x',
  ...members,
})

describe('readGone', () => {
  it('reads which cars went, and when, in both formats of time', () => {
    const { gone, hasNext } = dataOf(
      read(listing([row(), row({ car_id: '1002', archived_at: '2026-09-09 19:37:40' })], { next: NEXT })),
    )
    assert.deepEqual(gone, [
      { sourceId: '1001', at: Date.UTC(2026, 8, 9, 19, 37, 39) },
      { sourceId: '1002', at: Date.UTC(2026, 8, 9, 19, 37, 40) },
    ])
    assert.equal(hasNext, true)
  })

  it('passes over rows that name no car or no instant', () => {
    const bad = [
      null,
      5,
      {},
      row({ car_id: null }),
      row({ car_id: 1.5 }),
      row({ archived_at: null }),
      row({ archived_at: 'x' }),
    ]
    assert.deepEqual(dataOf(read(listing([...bad, row()]))).gone.length, 1)
  })

  it('names cars as the listing does, whatever their ids', () => {
    const ids = [
      ['90071992547409930001', '90071992547409930001'],
      ['"a\\u0000\\ud800"', 'a\ufffd\ufffd'],
      ['" 7"', ' 7'],
    ] as const
    for (const [id, sourceId] of ids) {
      const body = JSON.stringify(listing([row({ car_id: 0 })])).replace('"car_id":0', `"car_id":${id}`)
      assert.deepEqual(
        dataOf(readGone(reply(body), { pageSize: 50, page: 1 })).gone.map((gone) => gone.sourceId),
        [sourceId],
      )
    }
  })

  it('passes over a row that is far too long, without parsing it', () => {
    const long = (length: number) => row({ car_id: 77, x: 'y'.repeat(length) })
    assert.equal(dataOf(read(listing([long(60_000)]))).gone.length, 1)
    assert.equal(dataOf(read(listing([long(70_000), row()]))).gone.length, 1)
    const before = process.memoryUsage().heapUsed
    const monster = `{"data":[{"car_id":1,"x":[${'{},'.repeat(1_000_000)}{}]}],"links":{"next":null}}`
    assert.deepEqual(dataOf(readGone(reply(monster), { pageSize: 50, page: 1 })).gone, [])
    assert.ok(process.memoryUsage().heapUsed - before < 32 << 20)
  })

  it('believes an end only with the end mark, and takes no other page and no error for this one', () => {
    assert.equal(read({ data: [row()] }).kind, 'retry')
    assert.equal(read(listing([], { next: NEXT })).kind, 'retry')
    assert.equal(read(listing([row()]), 2).kind, 'retry')
    assert.equal(read({ message: 'x' }).kind, 'retry')
    assert.equal(readGone(reply('', 404), { pageSize: 50, page: 1 }).kind, 'stop')
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), (data) => void read(listing(data))))
  })
})
