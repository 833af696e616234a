import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readPage } from '../../../src/source/auctions-api/read-page.ts'
import { dataOf, listing, lotWith, NEXT, NO_SAMPLES, recordWith, reply, sample, whyOf } from '../fixture.ts'

const ask = { filter: {}, page: 1, pageSize: 1000 }
const read = (body: unknown) => readPage(reply(body), ask)

describe('readPage', () => {
  it('cuts records, with ids and fingerprints', () => {
    const page = dataOf(read(listing([recordWith(), recordWith({ id: 2 })], { next: NEXT })))
    assert.deepEqual(
      page.records.map(({ sourceId }) => sourceId),
      ['1001', '2'],
    )
    assert.notEqual(page.records[0]?.fingerprint, page.records[1]?.fingerprint)
    assert.equal(page.hasNext, true)
  })

  it('gives the same fingerprints after a re-crawl (trap 6)', () => {
    const crawl = (at: unknown) => {
      const lots = [lotWith({ updated_at: at, bid_updated_at: at, buy_now_updated_at: at, sale_date_updated_at: at })]
      return dataOf(read(listing([recordWith({ lots })]))).records[0]?.fingerprint
    }
    assert.equal(crawl('2026-09-09 19:37:39'), crawl('2026-09-10T00:00:00.000000Z'))
    assert.equal(crawl(null), crawl(0))
  })

  it('takes the page size that was applied', () => {
    const size = (body: unknown): number => dataOf(read(body)).pageSize
    assert.equal(size(listing([{}], { meta: { per_page: '50' } })), 50)
    assert.equal(size(listing([{}, {}], { next: NEXT, meta: { per_page: null } })), 2)
    assert.equal(size(listing([{}, {}], { meta: { per_page: null } })), 1000)
  })

  it('believes an empty page only with the end mark', () => {
    const end = dataOf(read(listing([])))
    assert.deepEqual([end.records.length, end.hasNext], [0, false])
    assert.match(whyOf(read(listing([], { next: NEXT })), 'retry'), /empty page that is not the last/)
    assert.match(whyOf(read({ data: [], meta: {} }), 'retry'), /links\.next/)
    assert.match(whyOf(read({ data: [] }), 'retry'), /links\.next/)
  })

  it('takes no other page than the one asked for', () => {
    assert.match(whyOf(read(listing([{}], { meta: { current_page: 2 } })), 'retry'), /got page 2$/)
    assert.equal(read({ data: [{}], links: { next: null } }).kind, 'data')
  })

  it('takes no error for a page (trap 9)', () => {
    for (const body of ['<html></html>', { message: 'x' }, { error: 'x' }, '{"data":[', '', 'null', '[]', { data: {} }])
      assert.equal(read(body).kind, 'retry', JSON.stringify(body))
  })

  it('may guess where records lie, and believes it only where there are as many as the page is large', () => {
    const within = [1, 2].map((id) => ({ id, year: 1 }))
    const [first, last, misleading] = [
      { id: 1, year: 2020 },
      { id: 4, year: 2020 },
      { id: 2, year: 2020, within },
    ]
    const idsOf = (data: unknown[], mayGuess: boolean) =>
      dataOf(readPage(reply(listing(data, { meta: { per_page: data.length } })), { ...ask, mayGuess })).records.map(
        ({ sourceId }) => sourceId,
      )
    assert.deepEqual(idsOf([first, last], true), ['1', '4'])
    // Objects within begin as records do: more pieces than there are records.
    assert.deepEqual(idsOf([first, misleading, last], true), ['1', '2', '4'])
    // A record that begins otherwise makes up for it.
    const wrong = [first, misleading, { year: 2020, id: 3 }, last]
    assert.deepEqual(idsOf(wrong, false), ['1', '2', '3', '4'])
    assert.deepEqual(idsOf(wrong, true), ['1', '2', '2', '4'])
  })

  it('keeps records that are no cars, without an id, in their places', () => {
    const page = dataOf(read(listing([null, 5, 'x', [], {}, { id: null }, { id: 1.5 }, { id: 3 }])))
    assert.deepEqual(
      page.records.map(({ sourceId }) => sourceId),
      [null, null, null, null, null, null, null, '3'],
    )
  })

  it('names the page in its reasons', () => {
    const why = whyOf(readPage(reply('<html>', 200, { 'content-type': 'text/html' }), { ...ask, page: 12 }), 'retry')
    assert.ok(why.startsWith('Cannot read cars page 12 (per_page 1000) as JSON with a `data` list: got text/html'), why)
  })

  it('neither throws nor hangs on any body', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void read(bytes)))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (data, links, meta) => {
        read({ data, links, meta })
        read({ data: [data], links: { next: links }, meta })
      }),
    )
  })

  it('reads real pages', (test) => {
    for (const path of ['lsc/copart_cars_page1.trimmed.json', 'lsc/iaai_cars_page1.trimmed.json']) {
      const body = sample(path)
      if (!body) return test.skip(NO_SAMPLES)
      const page = dataOf(read(body))
      assert.deepEqual([page.records.length, page.hasNext, page.pageSize, page.total], [2, true, 3, null])
      assert.ok(page.records.every(({ sourceId }) => /^\d+$/.test(sourceId ?? '')))
    }
  })
})
