/** Whole runs against a source that means harm: each record is stored or kept as a reject, and the next run can read it. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { syncOnce } from './support/sync-once.ts'

type Json = Record<string, unknown>

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
/** Incompressible, so that an index must refuse it. */
const noise = (length: number): string =>
  Array.from({ length }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919 + ((i * i) % 104_729)) % 20_000))).join('')

/** What is put where `"harm":0` stands in the text of a record, and in what way it ends. */
const HARMS: readonly (readonly [harm: string, reason: RegExp | null])[] = [
  ['"__proto__":{"id":7,"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"then":1', null],
  [`"harm":${nested(600)}`, /^too_deep$/],
  [`"harm":[${Array(200).fill('1e999').join()}]`, /^number_out_of_range$/],
  [`"harm":${'9'.repeat(140_000)}`, /^number_out_of_range$/],
  [`"harm":"${`${'9'.repeat(16_382)} `.repeat(6)}"`, null],
  [`"harm":{${Array.from({ length: 3000 }, (_, i) => `"key ${i}":0`).join()}}`, null],
  [`${Array.from({ length: 3000 }, (_, i) => `"new key ${i}":0`).join()}`, null],
  [`"harm":[${Array(3000).fill('{"updated_at":1}').join()}]`, null],
  [`"manufacturer":{"id":5000,"name":"${noise(4000)}"}`, /^database: /],
  [`"lots":[${Array(2000).fill('{"images":{"normal":[0,{},"x"]},"archived":{}}').join()}]`, null],
  ['"title":"\\u0000\\ud800","year":1e308,"vin":{"toString":1},"lots":{"length":-1}', null],
]

/** Ten cars of each harm, on several pages. */
const CARS = HARMS.length * 10
const PAGE = 25

/** The demo inventory with one harm a record, chosen by its id, and a clock that is at the end of time. */
const harmful = async (t: TestContext, mark: () => string) => {
  const api = await startDemoApi({ cars: CARS, seed: 5, maxPageSize: PAGE, clockAt: Date.UTC(2026, 9, 1) })
  const seen = { ids: new Map<string, number>() }
  const server = createServer(async (request, response) => {
    const answer = await fetch(`${api.url.replace('/api', '')}${request.url}`, { headers: { 'x-api-key': 'demo' } })
    const body = (await answer.json()) as { data?: unknown }
    if (Array.isArray(body.data) && request.url!.startsWith('/api/cars?'))
      body.data = body.data.map((record: Json) => ({ ...record, mark: mark(), harm: 0 }))
    const text = JSON.stringify(body).replace(/\{"id":(\d+),[^\n]*?"harm":0/g, (found, id: string) => {
      const kind = Number(id) % HARMS.length
      seen.ids.set(id, kind)
      return found.replace(/"harm":0$/, () => HARMS[kind]![0])
    })
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      date: 'Sat, 13 Sep 275760 00:00:00 GMT',
      ratelimit: '"a";r=999999999999999;t=999999999999999',
    })
    response.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
    return api.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, seen }
}

for (const kind of databaseKinds)
  test(`records that mean harm are stored or kept, each for what it is (${kind})`, { timeout: 240_000 }, async (t) => {
    const db = await newDatabase(kind)
    let turn = 'first'
    const { url, seen } = await harmful(t, () => turn)
    const once = (mode: 'full' | 'incremental') =>
      syncOnce({ db, url, options: { pageSize: PAGE, priority: [], leaseSeconds: 60 }, control: { mode } })
    const check = async (): Promise<void> => {
      const cars = new Set((await db.query('select source_id from cars')).map((row) => row.source_id as string))
      const rejects = await db.query(`select source_id, reason, length(payload) as size from carsync.rejects
        where resolved_at is null`)
      const reasons = new Map(rejects.map((row) => [row.source_id as string, row.reason as string]))
      assert.equal(seen.ids.size, CARS)
      for (const [id, harm] of seen.ids) {
        const reason = HARMS[harm]![1]
        if (reason === null) assert.ok(cars.has(id) && !reasons.has(id), `${id}: ${harm} ${reasons.get(id)}`)
        else assert.ok(!cars.has(id) && reason.test(reasons.get(id) ?? ''), `${id}: ${harm} ${reasons.get(id)}`)
      }
      for (const reason of reasons.values()) assert.ok(reason.length < 300, reason)
      const [raw] = await db.query(
        `select count(*)::int as n, max(length(raw::text)) as longest from cars
        where raw->>'mark' = $1`,
        [turn],
      )
      assert.equal(raw!.n, cars.size)
      assert.ok(raw!.longest < 2_000_000, `${raw!.longest} characters come back of a record`)
    }
    const first = await once('full')
    assert.equal(first.summary.status, 'complete', first.summary.reason)
    await check()
    const [proto] =
      await db.query(`select raw->'__proto__'->>'polluted' as p, raw->'constructor' is not null as c from cars
      where raw ? '__proto__' limit 1`)
    assert.deepEqual(proto, { p: '1', c: true })
    assert.equal(({} as { polluted?: number }).polluted, undefined)

    turn = 'second'
    const second = await once('full')
    assert.equal(second.summary.status, 'complete', second.summary.reason)
    await check()
    const third = await once('incremental')
    assert.notEqual(third.summary.status, 'failed', third.summary.reason)
  })

test('a wait until the end of time ends the run as a quota does', async (t) => {
  const db = await newDatabase('postgres')
  const server = createServer((_request, response) => {
    response.writeHead(429, {
      'retry-after': 'Sat, 13 Sep 275760 00:00:00 GMT',
      date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    })
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const { summary } = await syncOnce({ db, url })
  assert.equal(summary.status, 'incomplete')
  assert.match(summary.reason!, /The quota is renewed at 9999-12-31/)
})
