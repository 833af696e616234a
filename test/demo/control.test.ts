import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DemoApi, type DemoOptions, startDemoApi } from '../../demo/demo-api.ts'
import { startDemoThread } from '../../demo/demo-thread.ts'

const start = Date.UTC(2026, 10, 24, 12)

async function withApi(options: DemoOptions, use: (api: DemoApi) => Promise<void>, clock = () => start): Promise<void> {
  const api = await startDemoApi({ cars: 1500, ...options }, clock)
  try {
    await use(api)
  } finally {
    await api.close()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of several shapes
async function json(url: string, init?: RequestInit): Promise<any> {
  return await (await fetch(url, init)).json()
}

test('changed and added cars are in the minutes feed until it is over', () =>
  withApi({}, async (api) => {
    const changed = await api.change({ share: 0.02 })
    const added = await api.add(2)
    const feed = async () =>
      (await json(`${api.url}/cars?minutes=10&per_page=1000`)).data.map((car: { id: number }) => car.id)
    assert.deepEqual(await feed(), [...changed, ...added])
    await api.advanceClock(11 * 60_000)
    assert.deepEqual(await feed(), [])
    assert.equal((await api.ids()).length, 1502)
  }))

test('removed cars leave the listing and appear as flat archived rows', () =>
  withApi({}, async (api) => {
    const [id] = await api.remove(1)
    assert.ok(id !== undefined && !(await api.ids()).includes(id))
    assert.equal((await fetch(`${api.url}/cars/${id}`)).status, 404)
    const { data, meta, links } = await json(`${api.url}/archived-lots?minutes=5&per_page=10&domain_id=1`)
    assert.equal(data.length, 1)
    assert.equal(data[0].car_id, id)
    assert.equal(data[0].vin, data[0].vin.toLowerCase())
    assert.equal(data[0].archived_at, '2026-11-24T12:00:00.000000Z')
    assert.deepEqual(Object.keys(data[0].buy_now), ['value', 'updated_at'])
    assert.equal(links.next, null)
    assert.match(meta.path, /archived-lots$/)
    assert.deepEqual(await api.restore(1), [id])
    assert.equal((await api.ids()).length, 1500)
  }))

test('the Date header follows the clock', () =>
  withApi({ clockAt: Date.UTC(2030, 0, 1) }, async (api) => {
    const date = async () => (await fetch(`${api.url}/cars?per_page=1`)).headers.get('date')
    assert.equal(await date(), 'Tue, 01 Jan 2030 00:00:00 GMT')
    await api.advanceClock(61_000)
    assert.equal(await date(), 'Tue, 01 Jan 2030 00:01:01 GMT')
  }))

test('bumped stamps change every record and nothing that matters', () =>
  withApi({}, async (api) => {
    const read = async () => await (await fetch(`${api.url}/cars?per_page=100`)).text()
    const before = await read()
    await api.bumpStamps()
    const after = await read()
    const volatile = /"\w*updated_at":"[^"]*"/g
    assert.notEqual(after, before)
    assert.equal(after.replace(volatile, ''), before.replace(volatile, ''))
  }))

test('churn comes with time, the same for the same time', async () => {
  const run = async () => {
    let now = start
    let ids: number[] = []
    const use = async (api: DemoApi) => {
      now += 60_000
      await (await fetch(`${api.url}/cars?per_page=1`)).text()
      ids = await api.ids()
    }
    await withApi({ churnPerMinute: 0.1 }, use, () => now)
    return ids
  }
  const first = await run()
  assert.deepEqual(await run(), first)
  assert.notEqual(first.length, 0)
  assert.notDeepEqual(first.slice(0, 1500), await withoutChurn())
})

async function withoutChurn(): Promise<number[]> {
  let ids: number[] = []
  await withApi({}, async (api) => {
    ids = await api.ids()
  })
  return ids
}

test('the same controls over HTTP', () =>
  withApi({}, async (api) => {
    const base = `${new URL(api.url).origin}/_control`
    const post = (name: string, body: object = {}) =>
      json(`${base}/${name}`, { method: 'POST', body: JSON.stringify(body) })
    assert.deepEqual(await post('bump-stamps'), {})
    assert.equal((await post('add', { count: 3 })).count, 3)
    assert.equal((await post('remove', { count: 2 })).count, 2)
    assert.equal((await post('restore', { count: 1 })).count, 1)
    assert.ok((await post('change', { share: 0.1 })).count > 50)
    assert.deepEqual(await post('advance-clock', { ms: 5 }), {})
    assert.equal((await json(`${base}/stats`)).requests, 0, 'controls are not requests')
    assert.equal((await fetch(`${base}/nothing`)).status, 404)
    assert.equal((await fetch(`${base}/add`, { method: 'POST', body: '{' })).status, 400)
  }))

test('a server on its own thread is the same server', async () => {
  const options = { cars: 1500, dirty: 0.01, seed: 9 }
  const here = await startDemoApi(options)
  const there = await startDemoThread(options)
  try {
    const read = async (api: DemoApi) => await (await fetch(`${api.url}/cars?per_page=1000`)).text()
    assert.equal(await read(there), await read(here))
    assert.deepEqual(await there.remove(2), await here.remove(2))
    assert.deepEqual(await there.ids(), await here.ids())
    assert.equal((await there.stats()).requests, 1)
    let listed = 0
    for await (const car of there.truth()) listed += car.json.length > 0 ? 1 : 0
    assert.equal(listed, 1498)
  } finally {
    await Promise.all([here.close(), there.close()])
  }
})

test('a thread that cannot listen says why', async () => {
  const api = await startDemoApi({ cars: 10 })
  const port = Number(new URL(api.url).port)
  await assert.rejects(startDemoThread({ cars: 10, port }), /EADDRINUSE/)
  await api.close()
})
