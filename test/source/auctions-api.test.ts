import assert from 'node:assert/strict'
import { it } from 'node:test'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { PageAsk, Reply } from '../../src/source/source.ts'
import { dataOf, listing, NEXT, READ_AT, recordWith, reply } from './fixture.ts'

const access = { baseUrl: 'https://api.example/api', apiKey: 'k-secret' }

/** An API of so many cars, in memory. */
const answer = (url: string, cars: number): Reply => {
  const query = new URL(url).searchParams
  const [page, size] = [Number(query.get('page')), Math.min(50, Number(query.get('per_page')))]
  const ids = Array.from({ length: cars }, (_, index) => index + 1).slice((page - 1) * size, page * size)
  const counted = query.get('simple_paginate') === '0' ? { total: cars, last_page: Math.ceil(cars / size) } : {}
  const meta = { current_page: page, per_page: size, ...counted }
  const next = page * size < cars ? NEXT : null
  return reply(
    listing(
      ids.map((id) => recordWith({ id })),
      { next, meta },
    ),
  )
}

it('a listing is read from its first page to its end mark', () => {
  const seen: string[] = []
  for (let page = 1, more = true; more; page++) {
    const ask: PageAsk = { filter: {}, pageSize: auctionsApi.traits.maxPageSize, page }
    const read = dataOf(auctionsApi.readPage(answer(auctionsApi.pageRequest(access, ask).url, 120), ask))
    for (const record of read.records) {
      const reading = auctionsApi.readRecord(read, record, READ_AT)
      assert.equal(reading.kind, 'car')
      seen.push(record.sourceId!)
    }
    assert.equal(read.pageSize, 50)
    more = read.hasNext
  }
  assert.equal(new Set(seen).size, 120)
})

it('a listing is counted', () => {
  const { url } = auctionsApi.countRequest(access, { manufacturer_id: '9' })
  assert.equal(dataOf(auctionsApi.readCount(answer(url, 120))), 120)
})

it('a page behind the end is empty and last', () => {
  const ask: PageAsk = { filter: {}, pageSize: 50, page: 9 }
  const read = dataOf(auctionsApi.readPage(answer(auctionsApi.pageRequest(access, ask).url, 120), ask))
  assert.deepEqual([read.records.length, read.hasNext], [0, false])
})

it('stamps alone make no difference between records', () => {
  const record = recordWith()
  assert.ok(auctionsApi.isSameRecord(JSON.stringify(record), { ...record, updated_at: 'x' }))
  assert.ok(!auctionsApi.isSameRecord(JSON.stringify(record), { ...record, year: 1 }))
})
