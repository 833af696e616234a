/** Where the key goes, and what becomes of a run whose key is refused, led elsewhere or thrown back. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import type { DemoOptions } from '../demo/settings.ts'
import { realWorld } from '../src/node.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { ascending, storedIds, tablesWith } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

/** The lease must outlast what a loaded machine makes of a fast clock. */
const SAFE_LEASE = { leaseSeconds: 600 }
/** The one that `syncOnce` sends. */
const KEY = 'canary-key'

/** A demo source that ends with the test. */
const source = async (t: TestContext, options: DemoOptions) => {
  const api = await startDemoApi({ seed: 3, clockAt: Date.UTC(2026, 9, 1), ...options })
  t.after(() => api.close())
  return api
}

/** Another server that ends with the test; `seen` counts connections. */
const server = async (t: TestContext, answer: RequestListener = (_request, response) => response.end('{}')) => {
  const seen = { connections: 0 }
  const other = createServer(answer).on('connection', () => seen.connections++)
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    other.closeAllConnections()
    other.close()
  })
  return { url: `http://127.0.0.1:${(other.address() as AddressInfo).port}/api`, seen }
}

/** Requests for pages of the listing, by address; those for totals left out. */
const pagesOf = (stats: { pages: Record<string, number> }): string[] =>
  Object.keys(stats.pages).filter((key) => key.startsWith('/api/cars?') && !/simple_paginate|minutes/.test(key))

for (const [status, after] of [
  ['401', 'unauthorizedAfter'],
  ['403', 'forbiddenAfter'],
] as const)
  test(`a key that is refused in mid-run (${status}) fails with a sentence that names API_KEY, and the right key resumes`, async (t) => {
    const options = { cars: 3000, maxPageSize: 50, trackPages: true }
    const [db, closing] = await Promise.all([
      newDatabase('postgres'),
      source(t, { ...options, apiKey: 'old-key', faults: { [after]: 40 } }),
    ])
    const { summary } = await syncOnce({ db, url: closing.url, options: { apiKey: 'old-key' } })
    assert.equal(summary.status, 'failed')
    assert.match(summary.reason!, /\bAPI_KEY\b/)
    assert.ok(summary.pages.done > 0 && summary.pages.done < 60)
    const refused = (await closing.stats()).byStatus[status]!
    assert.ok(refused <= 32, `asked ${refused} times after it was told that the key is wrong`)

    const committed = await db.query('select segment, page from carsync.pages')
    const kept = await storedIds(db)
    const still = await syncOnce({ db, url: closing.url, options: { apiKey: 'old-key' } })
    assert.deepEqual([still.summary.status, still.summary.runId], ['failed', summary.runId])
    assert.deepEqual(await storedIds(db), kept, 'what was stored stays')
    assert.equal(kept.length > 0 && summary.cars.seen, kept.length)
    const { port } = new URL(closing.url)
    await closing.close()
    const open = await source(t, { ...options, apiKey: KEY, port: Number(port) })
    const mended = await syncOnce({ db, url: open.url })
    assert.equal(mended.summary.status, 'complete')
    assert.equal(mended.summary.proof, 'exact')
    assert.equal(mended.summary.runId, summary.runId)
    assert.deepEqual(await storedIds(db), ascending(await open.ids()))
    const pages = pagesOf(await open.stats())
    const [{ n }] = (await db.query(`select count(*)::int as n from carsync.pages where segment <> 'changes'`)) as [
      { n: number },
    ]
    // Of another key it is not known yet which page size it is served: one page tells.
    const ofSize = pages.filter((key) => key.includes('per_page=50'))
    assert.ok(pages.length - ofSize.length <= 1, `${pages}`)
    assert.equal(ofSize.length, n - committed.length, 'what was committed is not asked for again')
  })

for (const kind of ['status301', 'status302'] as const) {
  test(`a redirect (${kind}) is not followed: it ends the run with a sentence, and a source that is mended resumes it`, async (t) => {
    const [db, other] = await Promise.all([newDatabase('postgres'), server(t)])
    const api = await source(t, { cars: 3000, maxPageSize: 50, apiKey: KEY, latencyMs: 20 })
    const { summary } = await syncOnce({
      db,
      url: api.url,
      options: { maxConcurrency: 2 },
      onEvent: (event) => {
        if (event.kind === 'progress' && event.progress.pages.done >= 10)
          void api.setFaults({ [kind]: 1, redirectTo: other.url })
      },
    })
    assert.equal(summary.status, 'failed')
    assert.match(summary.reason!, /HTTP 30[12], a redirect, which is not followed.*API_BASE_URL/)
    assert.ok(summary.pages.done >= 10 && summary.pages.done < 60, `${summary.pages.done} pages`)
    assert.equal((await storedIds(db)).length, summary.cars.seen, 'what was read is stored')
    const struck = (await api.stats()).faults[kind]!
    assert.ok(struck > 0 && struck <= 2, `asked ${struck} times after it was led elsewhere`)

    const again = await syncOnce({ db, url: api.url })
    assert.deepEqual([again.summary.status, again.summary.runId], ['failed', summary.runId])
    await api.setFaults({})
    const mended = await syncOnce({ db, url: api.url })
    assert.equal(mended.summary.status, 'complete', mended.summary.reason)
    assert.equal(mended.summary.proof, 'exact')
    assert.equal(mended.summary.runId, summary.runId)
    assert.deepEqual(await storedIds(db), ascending(await api.ids()))
    assert.equal(other.seen.connections, 0)
  })

  test(`a source that is nothing but a redirect (${kind}) fails at once, and nobody else is asked`, async (t) => {
    const [db, other] = await Promise.all([newDatabase('postgres'), server(t)])
    const api = await source(t, { cars: 100, faults: { [kind]: 1, redirectTo: other.url } })
    const { summary } = await syncOnce({ db, url: api.url })
    assert.equal(summary.status, 'failed')
    assert.match(summary.reason!, /a redirect, which is not followed.*API_BASE_URL/)
    assert.ok((await api.stats()).requests <= 3)
    assert.equal(other.seen.connections, 0)
  })
}

test('a next page that is said to be on another host is asked for where the others were', async (t) => {
  const [db, other] = await Promise.all([newDatabase('postgres'), server(t)])
  const api = await source(t, { cars: 1000, maxPageSize: 50, apiKey: KEY, linkBase: other.url, totals: false })
  const body = (await (await fetch(`${api.url}/cars`, { headers: { 'x-api-key': KEY } })).json()) as {
    links: { next: string }
  }
  assert.ok(body.links.next.startsWith(other.url))
  const { summary } = await syncOnce({ db, url: api.url })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  assert.equal(other.seen.connections, 0)
})

test('a next page that is said to be on http is asked for on https', async (t) => {
  const db = await newDatabase('postgres')
  const base = 'https://demo.test/api'
  const api = await source(t, { cars: 1000, maxPageSize: 50, linkBase: base.replace('https', 'http'), totals: false })
  const asked: string[] = []
  // Stands for the encrypted way to the source; whatever leaves by another is seen here.
  const overTls: typeof fetch = (input, init) => {
    asked.push(String(input))
    return fetch(String(input).replace(base, api.url), init)
  }
  const { summary } = await syncOnce({ db, url: base, world: { ...realWorld, fetch: overTls } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  assert.ok(asked.length >= 20)
  for (const url of asked) {
    assert.ok(url.startsWith(`${base}/`), url)
    assert.equal(url.includes(KEY), false)
  }
})

test('the key is in no table and no event, whatever goes wrong', async (t) => {
  const faults = { status500: 0.05, reset: 0.05, html: 0.05, errorBody: 0.05, truncated: 0.05, unauthorizedAfter: 60 }
  const [db, api] = await Promise.all([
    newDatabase('postgres'),
    source(t, { cars: 2000, maxPageSize: 50, apiKey: KEY, dirty: 0.2, brandless: 5, faults }),
  ])
  const told: string[] = []
  const sick = await syncOnce({ db, url: api.url, options: SAFE_LEASE, world: fastWorld(10) })
  assert.equal(sick.summary.status, 'failed')
  told.push(JSON.stringify([sick.summary, sick.events]))

  // A server that throws the key back, in every place where one can.
  const echo = await server(t, (request, response) => {
    const key = String(request.headers['x-api-key'])
    const status = request.url!.startsWith('/api/manufacturers') ? 400 : 500
    response.writeHead(status, key, { 'content-type': 'application/json', 'x-echo': key, location: `/?api_key=${key}` })
    response.end(JSON.stringify({ message: `Wrong key ${key}`, error: key, errors: { [key]: [key] } }))
  })
  const echoed = await syncOnce({
    db,
    url: echo.url,
    options: { ...SAFE_LEASE, source: 'echo' },
    world: fastWorld(100),
  })
  assert.equal(echoed.summary.status, 'incomplete')
  assert.ok(echoed.summary.reason)
  told.push(JSON.stringify([echoed.summary, echoed.events]))

  assert.equal(told.join().includes(KEY), false)
  const [stored] = await db.query('select count(*)::int as n from cars')
  assert.ok(stored!.n > 0)
  assert.deepEqual(await tablesWith(db, KEY), [])
  await db.query(`insert into carsync.settings (name, value) values ('planted', $1)`, [KEY])
  assert.deepEqual(await tablesWith(db, KEY), ['carsync.settings'], 'the search would have found it')
})
