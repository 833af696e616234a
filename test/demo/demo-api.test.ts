import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DemoApi, type DemoOptions, startDemoApi } from '../../demo/demo-api.ts'

type Page = {
  data: { id: number; manufacturer: { id: number } | null }[]
  links: { first: string; last: string | null; prev: string | null; next: string | null }
  meta: {
    current_page: number
    from: number | null
    to: number | null
    per_page: number
    path: string
    total?: number
    last_page?: number
  }
}

async function withApi(
  options: DemoOptions,
  use: (api: DemoApi) => Promise<void>,
  clock?: () => number,
): Promise<void> {
  const api = await startDemoApi({ cars: 2345, ...options }, clock)
  try {
    await use(api)
  } finally {
    await api.close()
  }
}

async function get<T = Page>(
  api: DemoApi,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: T }> {
  const response = await fetch(api.url + path, { headers })
  return { status: response.status, headers: response.headers, body: (await response.json()) as T }
}

async function readAll(api: DemoApi, query: string): Promise<Page['data']> {
  const rows: Page['data'] = []
  for (let page = 1; ; page++) {
    const { body } = await get(api, `/cars?per_page=400&page=${page}${query}`)
    rows.push(...body.data)
    if (body.links.next === null) return rows
  }
}

test('the envelope has neither total nor last page, and http links', () =>
  withApi({}, async (api) => {
    const { body, headers } = await get(api, '/cars?per_page=3&page=2&domain_id=12')
    assert.match(String(headers.get('content-type')), /application\/json/)
    const base = 'http://auctionsapi.com/api/cars'
    assert.deepEqual(body.links, {
      first: `${base}?per_page=3&domain_id=12&page=1`,
      last: null,
      prev: `${base}?per_page=3&domain_id=12&page=1`,
      next: `${base}?per_page=3&domain_id=12&page=3`,
    })
    assert.deepEqual(body.meta, { current_page: 2, from: 4, path: base, per_page: 3, to: 6 })
  }))

test('simple_paginate=0 gives totals, unless they are switched off', async () => {
  await withApi({}, async (api) => {
    const { body } = await get(api, '/cars?per_page=100&simple_paginate=0')
    assert.equal(body.meta.total, 2345)
    assert.equal(body.meta.last_page, 24)
    assert.match(String(body.links.last), /page=24$/)
  })
  await withApi({ totals: false }, async (api) => {
    const { body } = await get(api, '/cars?per_page=100&simple_paginate=0')
    assert.equal(body.meta.total, undefined)
    assert.equal(body.links.last, null)
  })
})

test('past the end: 200 without rows', () =>
  withApi({}, async (api) => {
    const { status, body } = await get(api, '/cars?per_page=1000&page=9')
    assert.equal(status, 200)
    assert.deepEqual(body.data, [])
    assert.equal(body.links.next, null)
    assert.deepEqual([body.meta.from, body.meta.to], [null, null])
  }))

test('all pages together have every id once, and the brands sum up to all but the brandless', () =>
  withApi({ brandless: 17 }, async (api) => {
    const ids = (await readAll(api, '')).map((car) => car.id)
    assert.deepEqual(ids, await api.ids())
    assert.equal(new Set(ids).size, 2345)
    const makes = (await get<{ data: { id: number; cars_qty: number }[] }>(api, '/manufacturers/cars')).body.data
    assert.equal(
      makes.reduce((sum, make) => sum + make.cars_qty, 0),
      2345 - 17,
    )
    for (const { id, cars_qty } of makes.slice(0, 4)) {
      const rows = await readAll(api, `&manufacturer_id=${id}`)
      assert.equal(rows.length, cars_qty)
      assert.ok(rows.every((car) => car.manufacturer?.id === id))
    }
    const two = makes.filter((make) => make.id === 9 || make.id === 16).reduce((sum, make) => sum + make.cars_qty, 0)
    assert.equal((await readAll(api, '&manufacturer_id=9,16')).length, two)
  }))

test('truth() is what the listing sends, byte for byte in meaning', () =>
  withApi({ cars: 1200 }, async (api) => {
    const rows = await readAll(api, '')
    let nth = 0
    for await (const car of api.truth()) assert.deepEqual(JSON.parse(car.json), rows[nth++])
    assert.equal(nth, 1200)
  }))

test('one car by id, or 404', () =>
  withApi({}, async (api) => {
    const [id] = await api.ids()
    const found = await get<{ data: { id: number } }>(api, `/cars/${id}`)
    assert.equal(found.body.data.id, id)
    const missing = await get<{ message: string }>(api, '/cars/12')
    assert.equal(missing.status, 404)
    assert.match(missing.body.message, /12/)
    assert.equal((await get(api, '/nothing')).status, 404)
  }))

test('large pages are clamped, or refused', async () => {
  await withApi({ maxPageSize: 50 }, async (api) => {
    const { body } = await get(api, '/cars?per_page=1000')
    assert.equal(body.data.length, 50)
    assert.equal(body.meta.per_page, 50)
  })
  await withApi({ maxPageSize: 50, rejectLargePages: true }, async (api) => {
    const { status, body } = await get<{ message: string }>(api, '/cars?per_page=51')
    assert.equal(status, 422)
    assert.match(body.message, /50/)
  })
})

test('key, limit and quota refuse with a message', async () => {
  await withApi({ apiKey: 'secret' }, async (api) => {
    assert.equal((await get(api, '/cars?per_page=1')).status, 401)
    assert.equal((await get(api, '/cars?per_page=1', { 'x-api-key': 'secret' })).status, 200)
  })
  await withApi({ quota: 1 }, async (api) => {
    assert.equal((await get(api, '/cars?per_page=1')).status, 200)
    const { status, body } = await get<{ message: string }>(api, '/cars?per_page=1')
    assert.equal(status, 429)
    assert.match(body.message, /monthly quota/)
  })
  let now = Date.UTC(2026, 0, 1)
  const limited: DemoOptions = { limit: { kind: 'token-bucket', rate: 1, burst: 1 }, limitHeaders: 'retry-after' }
  const use = async (api: DemoApi) => {
    assert.equal((await get(api, '/cars?per_page=1')).status, 200)
    const refused = await get<{ message: string }>(api, '/cars?per_page=1')
    assert.deepEqual(
      [refused.status, refused.headers.get('retry-after'), refused.body.message],
      [429, '1', 'Too Many Attempts.'],
    )
    now += 1000
    assert.equal((await get(api, '/cars?per_page=1')).status, 200)
  }
  await withApi(limited, use, () => now)
})

test('a concurrency cap frees its places', () =>
  withApi({ limit: { kind: 'concurrency', cap: 1 } }, async (api) => {
    for (let n = 0; n < 3; n++) assert.equal((await get(api, '/cars?per_page=1')).status, 200)
  }))

test('gzip only for who accepts it', () =>
  withApi({ gzip: true }, async (api) => {
    const zipped = await get(api, '/cars?per_page=5', { 'accept-encoding': 'gzip' })
    assert.equal(zipped.headers.get('content-encoding'), 'gzip')
    assert.equal(zipped.body.data.length, 5)
    const plain = await get(api, '/cars?per_page=5', { 'accept-encoding': 'identity' })
    assert.equal(plain.headers.get('content-encoding'), null)
  }))

test('statistics count requests, cars and pages', () =>
  withApi({ trackPages: true }, async (api) => {
    await get(api, '/cars?per_page=5&page=1')
    await get(api, '/cars?page=1&per_page=5')
    await get(api, '/cars/1')
    const stats = await api.stats()
    assert.deepEqual([stats.requests, stats.records, stats.inFlightPeak], [3, 10, 1])
    assert.deepEqual(stats.byStatus, { 200: 2, 404: 1 })
    assert.deepEqual(stats.pages, { '/api/cars?page=1&per_page=5': 2, '/api/cars/1': 1 })
  }))

test('an address that is none does not end the server', () =>
  withApi({}, async (api) => {
    assert.equal((await fetch(`${new URL(api.url).origin}//`)).status, 404)
    assert.equal((await get(api, '/cars?per_page=zero&page=-1')).status, 200)
  }))
