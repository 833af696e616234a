import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { ownSync } from '../../dashboard/own-sync.ts'
import { readPageFiles } from '../../dashboard/page-files.ts'
import { newDatabase } from '../support/databases.ts'
import { ADDRESS, type DashboardScene, dashboardScene, TOKEN } from './scene.ts'

const db = await newDatabase('postgres')

const refused = async (answer: Response, status: number, sentence: RegExp): Promise<void> => {
  assert.equal(answer.status, status)
  assert.match(((await answer.json()) as { error: string }).error, sentence)
}

const READS = ['/', '/api/live', '/api/inventory', '/api/changes', '/api/rejects', '/api/cars', '/nowhere']
const WRITES = ['/api/start/full', '/api/stop', `/api/removals/${randomUUID()}/approve`, '/api/nothing']

/** Text of the stream until it has said this. */
const readUntil = async (answer: Response, wanted: string): Promise<string> => {
  let text = ''
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += part
    if (text.includes(wanted)) return text
  }
  throw new Error(`The stream ended without ${wanted}: ${text}`)
}

describe('whoever is not of this machine and this page', () => {
  it('is refused by Host, by Origin and by what the browser says, whatever is asked for', async () => {
    const { get, post } = await dashboardScene(db)
    for (const path of READS) {
      await refused(await get(path, { host: 'evil.example' }), 403, /names another machine/)
      await refused(await get(path, { host: '127.0.0.1.evil.example:4040' }), 403, /names another machine/)
      await refused(await get(path, { host: 'localhost@evil.example' }), 403, /names another machine/)
      await refused(await get(path, { origin: 'http://evil.example' }), 403, /another origin/)
      await refused(await get(path, { origin: 'http://127.0.0.1:9999' }), 403, /another origin/)
      await refused(await get(path, { origin: 'null' }), 403, /another origin/)
      await refused(await get(path, { 'sec-fetch-site': 'cross-site' }), 403, /another site/)
    }
    for (const path of WRITES) {
      const authorization = `Bearer ${TOKEN}`
      await refused(await post(path, { authorization, host: 'evil.example' }), 403, /names another machine/)
      await refused(await post(path, { authorization, origin: 'https://127.0.0.1:4040' }), 403, /another origin/)
    }
  })

  it('is let in under each name of this machine', async () => {
    const { get } = await dashboardScene(db)
    for (const host of ['localhost:4040', '127.0.0.1', '[::1]:80', 'LOCALHOST'])
      assert.equal((await get('/api/inventory', { host, origin: `http://${host}` })).status, 200, host)
    assert.equal((await get('/api/inventory', { 'sec-fetch-site': 'same-origin', origin: ADDRESS })).status, 200)
  })
})

describe('what changes something', () => {
  it('wants the token, on every path', async () => {
    const started: string[] = []
    const sync = ownSync((mode) => {
      started.push(mode)
      return new Promise(() => {})
    })
    const { post } = await dashboardScene(db, { sync })
    const wrong = [{}, { authorization: `Bearer ${TOKEN}x` }, { authorization: TOKEN }, { authorization: 'Bearer ' }]
    for (const path of WRITES)
      for (const headers of wrong)
        await refused(await post(path, headers as Record<string, string>), 401, /Wanted the token/)
    assert.deepEqual(started, [])
  })

  it('starts a sync, one at a time, and stops it', async () => {
    const stops: AbortSignal[] = []
    const modes: string[] = []
    const sync = ownSync((mode, stop) => {
      modes.push(mode)
      stops.push(stop)
      return new Promise(() => {})
    })
    const { post } = await dashboardScene(db, { sync })
    await refused(await post('/api/stop'), 409, /No sync runs in this process/)
    await refused(await post('/api/start/sideways'), 400, /auto, full or incremental/)
    assert.equal((await post('/api/start/incremental')).status, 202)
    await refused(await post('/api/start/full'), 409, /running already/)
    assert.equal(stops[0]!.aborted, false)
    assert.equal((await post('/api/stop')).status, 202)
    assert.equal(stops[0]!.aborted, true)
    assert.deepEqual(modes, ['incremental'])
  })

  it('decides on removals, and says why not', async () => {
    const decisions: [string, string][] = []
    const { post } = await dashboardScene(db, {
      decide: async (decision, runId) => {
        decisions.push([decision, runId])
        return decision === 'approve' ? { cars: 7, seenSince: 1 } : 'A sync is at it.'
      },
    })
    const run = randomUUID()
    const approved = await post(`/api/removals/${run}/approve`)
    assert.deepEqual([approved.status, await approved.json()], [200, { cars: 7, seenSince: 1 }])
    await refused(await post(`/api/removals/${run}/discard`), 409, /A sync is at it/)
    await refused(await post(`/api/removals/${run}/undo`), 400, /approve or discard/)
    await refused(await post('/api/removals/all/approve'), 400, /whole id/)
    assert.deepEqual(decisions, [
      ['approve', run],
      ['discard', run],
    ])
  })
})

describe('what is read', () => {
  it('is the page and its files, with a policy that forbids everything else', async () => {
    const { get } = await dashboardScene(db, { files: readPageFiles() })
    const page = await get('/')
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    const html = await page.text()
    const wanted = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!)
    assert.ok(wanted.length >= 4)
    for (const path of [...wanted, '/uplot.js', '/dom.js']) {
      const file = await get(path)
      assert.equal(file.status, 200, path)
      assert.ok((await file.text()).length > 100, path)
      const policy = file.headers.get('content-security-policy')!
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
      assert.doesNotMatch(policy, /unsafe|https?:|\*/)
      assert.equal(file.headers.get('x-content-type-options'), 'nosniff')
    }
    assert.doesNotMatch(html, /<script(?![^>]* src=)|\son\w+=|style=/, 'nothing inline')
    for (const path of ['/../package.json', '/index.html', '/%2e%2e/respond.ts', '/nowhere'])
      await refused(await get(path), 404, /There is no GET/)
  })

  it('is cars by brand, changes, rejects with their payload cut, all as data', async () => {
    const { get } = await dashboardScene(db)
    const json = async (path: string) => (await get(path)).json()
    assert.deepEqual(await json('/api/inventory'), [
      { make: 'Audi', cars: 1, onSale: 1, removed: 0 },
      { make: 'BMW', cars: 1, onSale: 1, removed: 0 },
    ])
    assert.deepEqual(await json('/api/changes'), { counts: {}, latest: [], partial: false })
    const [reject] = (await json('/api/rejects')) as { reason: string; payload: string; cut: boolean }[]
    assert.deepEqual([reject!.reason, reject!.payload.length, reject!.cut], ['id_missing', 20_000, true])
    const answer = await get('/api/inventory')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(answer.headers.get('content-type')!, /application\/json/)
  })

  it('is the table of cars, searched and filtered; odd words do no harm', async () => {
    const { get } = await dashboardScene(db)
    const ids = async (query: string) =>
      ((await (await get(`/api/cars?${query}`)).json()) as { cars: { sourceId: string }[] }).cars.map((c) => c.sourceId)
    assert.deepEqual(await ids(''), ['1', '2'])
    assert.deepEqual(await ids('make=BMW'), ['2'])
    assert.deepEqual(await ids('search=x5%20bmw'), ['2'])
    assert.deepEqual(await ids('search=%25'), [])
    assert.deepEqual(await ids(`search=${encodeURIComponent("'; drop table cars; --")}`), [])
    assert.deepEqual(await ids('search=%00'), [])
    assert.deepEqual(await ids('after=1'), ['2'])
    assert.deepEqual(await ids('show=removed'), [])
  })

  it('is told as an error in a sentence when the store fails', async () => {
    const { get } = await dashboardScene(db, {
      wrap: (store) => ({ ...store, inventory: () => Promise.reject(new Error('the server is gone')) }),
    })
    await refused(await get('/api/inventory'), 500, /the server is gone/)
  })

  it('is one look at the database for many who ask at once', async () => {
    let looks = 0
    const { get } = await dashboardScene(db, {
      wrap: (store) => ({
        ...store,
        inventory: () => {
          looks++
          return store.inventory()
        },
      }),
    })
    const answers = await Promise.all(Array.from({ length: 50 }, () => get('/api/inventory')))
    assert.ok(answers.every(({ status }) => status === 200))
    assert.equal(looks, 1)
  })
})

describe('the live stream', () => {
  const open = (scene: DashboardScene): Promise<Response> => scene.get('/api/live')

  it('tells what is known at once, then what is new', async () => {
    const scene = await dashboardScene(db)
    const first = await open(scene)
    assert.match(first.headers.get('content-type')!, /text\/event-stream/)
    await scene.feed.tick()
    const text = await readUntil(first, 'event: lately')
    assert.match(text, /^event: samples\ndata: \[\]\n\nevent: now\ndata: \{"at":/)
    assert.match(text, new RegExp(scene.begun.runId))
    const later = await readUntil(await open(scene), 'event: now')
    assert.match(later, /event: samples\ndata: \[\{"at"/, 'the points so far')
  })

  it('forgets who has gone', async () => {
    const scene = await dashboardScene(db)
    const reader = (await open(scene)).body!.getReader()
    assert.equal(scene.feed.watchers(), 1)
    await reader.cancel()
    assert.equal(scene.feed.watchers(), 0)
    await scene.feed.tick()
  })

  it('ends for all when the dashboard closes', async () => {
    const scene = await dashboardScene(db)
    const answer = await open(scene)
    scene.feed.close()
    assert.match(await answer.text(), /event: closed\ndata: \{\}\n\n$/)
    assert.equal(scene.feed.watchers(), 0)
  })
})
