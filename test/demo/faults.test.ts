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
  status503: async (url) => assert.equal((await fetch(url)).status, 503),
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
  hang: (url) => assert.rejects(fetch(url, { signal: AbortSignal.timeout(40) }), { name: 'TimeoutError' }),
  drip: async (url) => {
    const body = (await (await fetch(url)).json()) as { data: unknown[] }
    assert.equal(body.data.length, 50)
  },
  emptyPage: async (url) => assert.deepEqual(await (await fetch(url)).json(), { data: [] }),
  badGzip: (url) => assert.rejects(fetch(url).then((response) => response.text())),
  wrongLength: (url) => assert.rejects(fetch(url).then((response) => response.text())),
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

test('the key stops working after a number of requests', () =>
  withApi({ faults: { unauthorizedAfter: 1 } }, async (url) => {
    assert.equal((await fetch(url + page)).status, 200)
    assert.equal((await fetch(url + page)).status, 401)
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
