/** Whole syncs from a demo source whose way of answering is bent: late, heavy, packed, and by how many connections. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { ascending, digestOfCars, storedIds } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const pageOf = (request: IncomingMessage): string =>
  new URLSearchParams(request.url!.split('?')[1]).get('simple_paginate') === null
    ? (new URLSearchParams(request.url!.split('?')[1]).get('page') ?? '')
    : ''
const rowsOf = (request: IncomingMessage): number =>
  Number(new URLSearchParams(request.url!.split('?')[1]).get('per_page'))

/** One listing of 60 pages, without brands to begin with. */
const ONE_LISTING = { cars: 3000, maxPageSize: 50 }
const NO_PRIORITY = { priority: '' }

test('a page that hangs for ever at the end does not hold up the run', async (t) => {
  const hung: string[] = []
  const { url, control, seen } = await bentSource(t, ONE_LISTING, (request) => {
    if (!['57', '60'].includes(pageOf(request)) || hung.includes(request.url!)) return false
    hung.push(request.url!)
    return true
  })
  const db = await newDatabase('postgres')
  const { summary, events } = await syncOnce({ db, url, options: NO_PRIORITY })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
  assert.equal(hung.length, 2)
  assert.ok(summary.durationMs < 20_000, `${summary.durationMs} ms, where a request may take 60,000`)
  assert.equal(summary.requests.total, seen.requests)
  assert.deepEqual([summary.requests.retried, summary.requests.failed], [2, 0], 'two requests twice, and no failure')
  assert.ok(!events.some(({ kind }) => kind === 'page-failed'))
  assert.equal(summary.pages.done, 60)
})

test('pages that take too long are asked for in smaller pieces, and what was read is not read again', async (t) => {
  const { url, control, seen } = await bentSource(
    t,
    { cars: 3000, maxPageSize: 400 },
    (request) => rowsOf(request) > 100 && Number(pageOf(request)) > 2,
  )
  const db = await newDatabase('postgres')
  const { summary, events } = await syncOnce({ db, url, options: NO_PRIORITY, control: { timeoutMs: 700 } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
  assert.equal(summary.learned.pageSize, 100)
  assert.ok(events.some((event) => event.kind === 'note' && /400 rows.*200/.test(event.message)))
  const small = seen.asked.filter((query) => query.get('per_page') === '100').map((query) => Number(query.get('page')))
  // A busy machine may let a small page take too long as well.
  const again = small.length - new Set(small).size
  assert.ok(again <= 3, `${again} of ${small.length} small pages were asked for twice`)
  assert.ok(!small.some((page) => page <= 4), 'the first 400 rows were covered')
})

test('pages are so small that two of them fit into the budget of bytes', async (t) => {
  const { url, control } = await bentSource(t, { cars: 2000, maxPageSize: 400 })
  const db = await newDatabase('postgres')
  const { summary } = await syncOnce({ db, url, options: NO_PRIORITY, control: { maxBytes: 1 << 20 } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.ok(summary.learned.pageSize >= 50 && summary.learned.pageSize <= 200, `${summary.learned.pageSize} rows`)
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
})

test('the first pages come packed and plain in turn, then one way, and are the same', async (t) => {
  const packed = await bentSource(t, { ...ONE_LISTING, gzip: true })
  const plain = await bentSource(t, ONE_LISTING)
  const [one, other] = await Promise.all([newDatabase('postgres'), newDatabase('postgres')])
  const { summary } = await syncOnce({ db: one, url: packed.url, options: NO_PRIORITY })
  await syncOnce({ db: other, url: plain.url, options: NO_PRIORITY })
  assert.equal(summary.proof, 'exact')
  assert.deepEqual(await digestOfCars(one), await digestOfCars(other))
  assert.equal(summary.pages.done, 60)
  assert.equal(packed.seen.asked.length, 60, 'the choice costs no request')
  const { encodings } = packed.seen
  const count = (encoding: string): number => encodings.filter((each) => each === encoding).length
  assert.equal(count('gzip') + count('identity'), 60)
  assert.ok(count('gzip') >= 3 && count('identity') >= 3, `${count('gzip')} packed, ${count('identity')} plain`)
  assert.equal(new Set(encodings.slice(-20)).size, 1, 'in the end one way is kept')
})

test('so many connections are opened as requests are in flight at once, whatever the answers are', async (t) => {
  const CONCURRENCY = 6
  let turn = 0
  const { url, control, seen } = await bentSource(
    t,
    { ...ONE_LISTING, cars: 6000, latencyMs: 20 },
    (request, response) => {
      if (!pageOf(request)) return false
      turn++
      if (turn % 11 === 0) response.writeHead(500, { 'content-type': 'text/plain' }).end('x'.repeat(100_000))
      else if (turn === 100) response.writeHead(429, { 'retry-after': '0' }).end('{"message":"Too Many Requests"}')
      else if (turn === 40 || turn === 60) {
        // Goes silent within the body until the request is taken back.
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":[')
      } else return false
      return true
    },
  )
  const db = await newDatabase('postgres')
  const options = { ...NO_PRIORITY, maxConcurrency: CONCURRENCY }
  const { summary } = await syncOnce({ db, url, options, control: { timeoutMs: 2000 } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
  assert.ok(seen.requests > 130, `${seen.requests} requests`)
  assert.ok(seen.aborted >= 1, 'one was taken back')
  t.diagnostic(`${seen.connections} connections for ${seen.requests} requests, ${seen.aborted} taken back`)
  assert.ok(seen.connections <= CONCURRENCY + seen.aborted, `${seen.connections} connections`)
})
