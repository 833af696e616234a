import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DemoOptions, startDemoApi } from '../../demo/demo-api.ts'
import { type FaultKind, faultKinds, isDeadPage, pickFault } from '../../demo/faults.ts'

const page = '/cars?per_page=50'

async function withApi(options: DemoOptions, use: (url: string) => Promise<void>): Promise<void> {
  const api = await startDemoApi({ cars: 200, ...options })
  try {
    await use(api.url)
  } finally {
    await api.close()
  }
}

test('one draw is shared out among the faults', () => {
  const faults = { status500: 0.1, reset: 0.2 }
  assert.deepEqual(
    [0, 0.09, 0.1, 0.29, 0.31, 0.99].map((roll) => pickFault(faults, roll)),
    ['status500', 'status500', 'reset', 'reset', null, null],
  )
})

test('dead pages on any listing, or on the unfiltered one only', () => {
  assert.equal(isDeadPage({ deadPages: [3] }, 3, true), true)
  assert.equal(isDeadPage({ deadPages: '3,7' }, 7, true), true)
  assert.equal(isDeadPage({ deadPages: 'all:3,7' }, 7, true), false)
  assert.equal(isDeadPage({ deadPages: 'all:3,7' }, 7, false), true)
  assert.equal(isDeadPage({}, 7, false), false)
})

const seen: Record<FaultKind, (url: string) => Promise<void>> = {
  status500: async (url) => assert.equal((await fetch(url)).status, 500),
  status502: async (url) => assert.equal((await fetch(url)).status, 502),
  status503: async (url) => assert.equal((await fetch(url)).status, 503),
  status504: async (url) => assert.equal((await fetch(url)).status, 504),
  status429: async (url) => {
    const { status, headers } = await fetch(url)
    assert.deepEqual([status, headers.get('retry-after')], [429, null])
  },
  retryAfter: async (url) => {
    const { status, headers } = await fetch(url)
    assert.deepEqual([status, headers.get('retry-after')], [429, '1'])
  },
  status301: (url) => leadsAway(url, 301),
  status302: (url) => leadsAway(url, 302),
  reset: (url) => assert.rejects(fetch(url)),
  resetMid: (url) => assert.rejects(fetch(url).then((response) => response.text())),
  truncated: async (url) => {
    const text = await (await fetch(url)).text()
    assert.ok(text.startsWith('{"data":['))
    assert.throws(() => JSON.parse(text))
  },
  html: async (url) => {
    const response = await fetch(url)
    assert.equal(response.status, 200)
    assert.match(String(response.headers.get('content-type')), /text\/html/)
    await response.text()
  },
  errorBody: async (url) => assert.deepEqual(await (await fetch(url)).json(), { message: 'Server Error' }),
  errorField: async (url) => assert.deepEqual(Object.keys((await (await fetch(url)).json()) as object), ['error']),
  hangMid: async (url) => {
    // The clock starts with the answer: on a busy machine its head may take its time.
    const patience = new AbortController()
    const response = await fetch(url, { signal: patience.signal })
    setTimeout(() => patience.abort(), 40)
    await assert.rejects(response.text(), { name: 'AbortError' })
  },
  hang: (url) => assert.rejects(fetch(url, { signal: AbortSignal.timeout(40) }), { name: 'TimeoutError' }),
  drip: async (url) => {
    const body = (await (await fetch(url)).json()) as { data: unknown[] }
    assert.equal(body.data.length, 50)
  },
  emptyPage: async (url) => assert.deepEqual(await (await fetch(url)).json(), { data: [] }),
  emptyNext: async (url) => {
    const { data, links } = (await (await fetch(url)).json()) as { data: unknown[]; links: { next: string | null } }
    assert.deepEqual([data, typeof links.next], [[], 'string'])
  },
  emptyEnd: async (url) => {
    const response = await fetch(`${url}&page=2`)
    const body = (await response.json()) as { data: unknown[]; links: { next: null }; meta: { current_page: number } }
    assert.deepEqual([body.data, body.links.next, body.meta.current_page], [[], null, 2])
    assert.deepEqual(await (await fetch(url.replace(/\/cars.*/, '/manufacturers/cars'))).json(), { data: [] })
  },
  wrongPage: async (url) => {
    const read = async (page: number) =>
      (await (await fetch(`${url}&page=${page}`)).json()) as { data: { id: number }[]; meta: { current_page: number } }
    const [first, third] = [await read(1), await read(3)]
    assert.deepEqual([first.meta.current_page, third.meta.current_page], [2, 2])
    assert.deepEqual(first.data, third.data)
    assert.equal((await fetch(url.replace(/\/cars.*/, '/manufacturers/cars'))).status, 200, 'there is only one page')
  },
  badGzip: (url) => assert.rejects(fetch(url).then((response) => response.text())),
  wrongLength: (url) => assert.rejects(fetch(url).then((response) => response.text())),
  shortLength: async (url) => {
    const response = await fetch(url)
    const bytes = Buffer.from(await response.arrayBuffer())
    assert.equal(bytes.length, Number(response.headers.get('content-length')))
    assert.throws(() => JSON.parse(bytes.toString()))
  },
}

async function leadsAway(url: string, status: number): Promise<void> {
  const response = await fetch(url, { redirect: 'manual' })
  assert.equal(response.status, status)
  assert.equal(response.headers.get('location'), `http://elsewhere.invalid/api${page}`)
}

for (const kind of faultKinds) {
  test(`fault ${kind}`, () => withApi({ faults: { [kind]: 1, dripMs: 20 } }, (url) => seen[kind](url + page)))
}

test('a dead page stays dead, its neighbours live', () =>
  withApi({ faults: { deadPages: 'all:2' } }, async (url) => {
    const status = async (query: string) => {
      const response = await fetch(`${url}/cars?per_page=10&${query}`)
      await response.text()
      return response.status
    }
    assert.deepEqual(
      [await status('page=1'), await status('page=2'), await status('page=2'), await status('page=3')],
      [200, 500, 500, 200],
    )
    assert.equal(await status('page=2&manufacturer_id=58'), 200)
  }))

for (const [after, status] of [
  ['unauthorizedAfter', 401],
  ['forbiddenAfter', 403],
] as const)
  test(`the key stops working after a number of requests (${status})`, () =>
    withApi({ faults: { [after]: 1 } }, async (url) => {
      assert.equal((await fetch(url + page)).status, 200)
      assert.equal((await fetch(url + page)).status, status)
    }))

test('redirects lead where they are told to', () =>
  withApi({ faults: { status302: 1, redirectTo: 'http://other.test/v2' } }, async (url) => {
    const { headers } = await fetch(`${url}/cars/7?x=1`, { redirect: 'manual' })
    assert.equal(headers.get('location'), 'http://other.test/v2/cars/7?x=1')
  }))

test('faults can be changed while it serves', async () => {
  const api = await startDemoApi({ cars: 200, faults: { status500: 1 } })
  const status = async () => (await fetch(api.url + page)).status
  const seen = [await status()]
  await api.setFaults({})
  seen.push(await status())
  const body = JSON.stringify({ faults: { status502: 1 } })
  await fetch(`${new URL(api.url).origin}/_control/faults`, { method: 'POST', body })
  seen.push(await status())
  await api.close()
  assert.deepEqual(seen, [500, 200, 502])
})

test('a removal feed that lies names cars that are listed, beside those that are gone', async () => {
  const api = await startDemoApi({ cars: 200 })
  const feed = async () => {
    const query = 'minutes=1&per_page=1000&simple_paginate=0'
    const response = await fetch(`${api.url}/archived-lots?${query}`)
    const { data, meta } = (await response.json()) as { data: { car_id: number }[]; meta: { total: number } }
    assert.equal(meta.total, data.length)
    return data.map((row) => row.car_id)
  }
  const gone = await api.remove(3)
  const listed = await api.ids()
  const lied = listed.slice(5, 7)
  await api.setFaults({ archiveLies: [...lied, gone[0] as number] })
  assert.deepEqual(await feed(), [...gone, ...lied])
  for (const id of lied) assert.equal((await fetch(`${api.url}/cars/${id}`)).status, 200)
  await api.setFaults({ archiveLies: 0.1 })
  const many = (await feed()).slice(gone.length)
  assert.ok(many.length > 5 && many.length < 40 && many.every((id) => listed.includes(id)), `${many.length} lies`)
  assert.deepEqual((await feed()).slice(gone.length), many, 'the same lies each time')
  await api.setFaults({})
  assert.deepEqual(await feed(), gone)
  await api.close()
})

test('no car can be asked for by id, though it is listed', () =>
  withApi({ faults: { byIdDown: true } }, async (url) => {
    const { data } = (await (await fetch(url + page)).json()) as { data: { id: number }[] }
    const response = await fetch(`${url}/cars/${data[0]?.id}`)
    assert.equal(response.status, 404)
    assert.match(((await response.json()) as { message: string }).message, /No query results/)
  }))

test('faults come in the same order for the same seed', async () => {
  const run = async () => {
    const statuses: number[] = []
    await withApi({ faults: { status500: 0.5 } }, async (url) => {
      for (let n = 0; n < 12; n++) statuses.push((await fetch(url + page)).status)
    })
    return statuses
  }
  const first = await run()
  assert.deepEqual(await run(), first)
  assert.equal(new Set(first).size, 2)
})
