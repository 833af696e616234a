import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readEnvelope } from '../../../src/source/auctions-api/envelope.ts'
import { dataOf, listing, NEXT, reply, whyOf } from '../fixture.ts'

const read = (body: unknown, headers: Record<string, string> = {}) =>
  readEnvelope(reply(body, 200, headers), 'cars page 1 (per_page 50)', 50)

describe('readEnvelope', () => {
  it('reads the envelope as the API sends it', () => {
    const { bounds, hasNext, currentPage, perPage, total, repaired } = dataOf(read(listing([{}, {}], { next: NEXT })))
    assert.deepEqual([bounds.length, hasNext, currentPage, perPage, total, repaired], [2, true, 1, 50, null, false])
  })

  it('reads numbers that arrive as text, and leaves impossible ones out', () => {
    const meta = { total: '190000', per_page: '25', current_page: '3' }
    const good = dataOf(read(listing([], { meta })))
    assert.deepEqual([good.total, good.perPage, good.currentPage], [190_000, 25, 3])
    const bad = dataOf(read(listing([], { meta: { total: -1, per_page: 0, current_page: 'x' } })))
    assert.deepEqual([bad.total, bad.perPage, bad.currentPage], [null, null, null])
  })

  it('knows the end by links.next, and by page numbers only where that is missing', () => {
    const hasNext = (links: unknown, meta: unknown) => dataOf(read({ data: [], links, meta })).hasNext
    assert.equal(hasNext({ next: null }, { current_page: 1, last_page: 9 }), false)
    assert.equal(hasNext({ next: NEXT }, {}), true)
    assert.equal(hasNext({}, { current_page: 1, last_page: 9 }), true)
    assert.equal(hasNext(undefined, { current_page: 9, last_page: '9' }), false)
    for (const links of [{}, [], null, { next: '' }, { next: 0 }, { next: false }])
      assert.equal(hasNext(links, {}), null)
    assert.equal(hasNext({ next: '' }, { current_page: 9, last_page: 9 }), null)
  })

  it('says what came instead of a list (trap 9)', () => {
    const why = (body: unknown, type = 'application/json') => whyOf(read(body, { 'content-type': type }), 'retry')
    const wanted = 'Cannot read cars page 1 (per_page 50) as JSON with a `data` list: got'
    assert.equal(why('<html>', 'text/html; charset=UTF-8'), `${wanted} text/html, something that is not a JSON object`)
    assert.equal(why({ message: 'Server Error' }), `${wanted} an object with \`message\` and without \`data\``)
    assert.match(why('{"data":[{"id":1'), /cut off/)
    assert.match(why('{"data":[1],"meta":nonsense}'), /broken/)
    assert.match(why(''), /empty body/)
  })

  it('repeats nothing of a body, which may hold a key (promise 7)', () => {
    const body = { error: 'Key k-secret is unknown', 'k-secret': 1 }
    assert.ok(!whyOf(read(body), 'retry').includes('k-secret'))
  })

  it('skips a byte order mark', () => {
    assert.equal(dataOf(read(`\ufeff${JSON.stringify(listing([{}]))}`)).bounds.length, 1)
  })

  it('replaces what is not UTF-8 and says so', () => {
    const body = Buffer.from(JSON.stringify(listing([{ title: '?' }])))
    body[body.indexOf('?')] = 0xff
    const { bytes, bounds, repaired } = dataOf(read(body))
    assert.equal(repaired, true)
    assert.deepEqual(JSON.parse(bytes.toString('utf8', bounds[0]!.start, bounds[0]!.end)), { title: '\ufffd' })
  })

  it('reads a body that is a part of a larger buffer', () => {
    const text = JSON.stringify(listing([{ id: 1 }]))
    const part = Buffer.from(`xx${text}yy`).subarray(2, 2 + text.length)
    assert.equal(dataOf(read(part)).bounds.length, 1)
  })

  it('leaves refusals to their table', () => {
    assert.equal(readEnvelope(reply(listing([]), 401), 'x', 1).kind, 'stop')
    assert.equal(readEnvelope(reply(listing([]), 206), 'x', 1).kind, 'retry')
  })
})
