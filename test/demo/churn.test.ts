/** A moving inventory: at every instant all that it can be asked says the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDemoApi } from '../../demo/demo-api.ts'
import { orders } from '../../demo/listing.ts'

type Car = { id: number; manufacturer: { id: number } | null }
type Page<Row> = { data: Row[]; links: { next: string | null }; meta: { total: number } }

const cars = 1200
/** Steps of the clock, in seconds: within a second, within a minute, and longer than the feed of an hour. */
const steps = [0, 1, 7, 60, 61, 150, 4000, 3, 600]

/** All pages of a list, and its total; neither moves while the clock stands. */
async function readAll<Row>(url: string): Promise<Row[]> {
  const rows: Row[] = []
  for (let page = 1; ; page++) {
    const response = await fetch(`${url}&per_page=170&page=${page}&simple_paginate=0`)
    const body = (await response.json()) as Page<Row>
    rows.push(...body.data)
    if (body.links.next !== null) continue
    assert.equal(body.meta.total, rows.length, url)
    return rows
  }
}

for (const order of orders)
  test(`listing, totals, feeds and single cars agree at every instant, by ${order}`, async () => {
    let now = Date.UTC(2026, 10, 24, 12)
    const begin = now
    const api = await startDemoApi({ cars, brandless: 30, churnPerMinute: 0.05, order }, () => now)
    const get = async (path: string) => await fetch(api.url + path)
    const texts = (rows: Car[]) => new Map(rows.map((car) => [car.id, JSON.stringify(car)]))
    let before = texts(await readAll<Car>(`${api.url}/cars?`))
    const kinds = { came: 0, left: 0, changed: 0, back: 0 }
    const ever = new Set(before.keys())
    let jumped = false
    for (const seconds of steps) {
      const last = now
      now += seconds * 1000
      const listed = await readAll<Car>(`${api.url}/cars?`)
      const here = texts(listed)
      const ids = listed.map((car) => car.id)
      assert.equal(here.size, listed.length, 'no id twice')
      assert.deepEqual(ids, await api.ids())
      jumped ||= ids.some((id, nth) => nth > 0 && id < (ids[nth - 1] as number))

      const { data: makes } = (await (await get('/manufacturers/cars')).json()) as {
        data: { id: number; cars_qty: number }[]
      }
      for (const { id, cars_qty } of makes)
        assert.equal(listed.filter((car) => car.manufacturer?.id === id).length, cars_qty, `cars of make ${id}`)
      const one = makes.find((make) => make.cars_qty > 10)?.id
      const ofOne = await readAll<Car>(`${api.url}/cars?manufacturer_id=${one}`)
      assert.deepEqual(
        ofOne,
        listed.filter((car) => car.manufacturer?.id === one),
      )

      // The feed since the last look has all that came or changed, as it is listed, in the order of the listing.
      const minutes = Math.min(4320, Math.max(1, Math.ceil((now - last) / 60_000)))
      const feed = await readAll<Car>(`${api.url}/cars?minutes=${minutes}`)
      const fresh = new Set(feed.map((car) => car.id))
      assert.deepEqual(
        feed,
        listed.filter((car) => fresh.has(car.id)),
      )
      for (const [id, text] of here)
        if (before.get(id) !== text) {
          assert.ok(fresh.has(id), `car ${id} came or changed and is not in the feed`)
          if (before.has(id)) kinds.changed++
          else if (ever.has(id)) kinds.back++
          else kinds.came++
        }
      const whole = await readAll<Car>(`${api.url}/cars?minutes=4320`)
      assert.ok(whole.every((car) => here.get(car.id) === JSON.stringify(car)))

      // The removal feed has all that is gone and nothing that is there.
      const recent = await readAll<{ car_id: number }>(`${api.url}/archived-lots?minutes=${minutes}`)
      const archived = new Set(
        (await readAll<{ car_id: number }>(`${api.url}/archived-lots?`)).map((row) => row.car_id),
      )
      for (const id of before.keys())
        if (!here.has(id)) {
          assert.ok(
            recent.some((row) => row.car_id === id),
            `car ${id} left and is not in the feed`,
          )
          kinds.left++
        }
      for (const id of here.keys()) ever.add(id)
      for (const id of ever) assert.notEqual(here.has(id), archived.has(id), `car ${id} is listed or archived`)

      for (const id of [...fresh, ...archived].slice(0, 40)) {
        const response = await get(`/cars/${id}`)
        const body = (await response.json()) as { data?: Car }
        assert.equal(response.status, here.has(id) ? 200 : 404, `car ${id}`)
        if (here.has(id)) assert.equal(JSON.stringify(body.data), here.get(id))
      }
      before = here
    }
    for (const [kind, count] of Object.entries(kinds)) assert.ok(count > 0, `no car ${kind}`)
    assert.equal(jumped, order === 'changed')
    assert.ok(now - begin > 3_600_000)
    await api.close()
  })

test('a changed car jumps to the front and shifts all rows before it', async () => {
  const api = await startDemoApi({ cars: 500, order: 'changed' }, () => Date.UTC(2026, 10, 24, 12))
  const before = await api.ids()
  const changed = await api.change({ share: 0.01 })
  assert.ok(changed.length > 1)
  assert.deepEqual(await api.ids(), [...changed, ...before.filter((id) => !changed.includes(id))])
  await api.advanceClock(1000)
  const [last] = await api.add(1)
  assert.equal((await api.ids())[0], last)
  await api.close()
})
