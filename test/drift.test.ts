/** Whole syncs of a source that has changed: nothing breaks, everything is stored, and it is said what is new. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { auctionsApi } from '../src/source/auctions-api.ts'
import type { Source } from '../src/source/source.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { syncOnce } from './support/sync-once.ts'

type Json = Record<string, unknown> & { id: number; lots: Record<string, unknown>[] }

/** The source after an update that nobody told of: every record is changed before it is read. */
const changedSource = (change: (record: Json) => unknown): Source => ({
  ...auctionsApi,
  readPage: (reply, ask) => {
    if (reply.status !== 200) return auctionsApi.readPage(reply, ask)
    const body = JSON.parse(Buffer.from(reply.body).toString())
    const changed = { ...body, data: body.data.map(change) }
    return auctionsApi.readPage({ ...reply, body: Buffer.from(JSON.stringify(changed)) }, ask)
  },
})

/** A new key in each, another type in some, an unknown id in others. */
const changed = (record: Json): unknown => ({
  ...record,
  carfax: { score: record.id % 7, '\u001b[2J': 'x' },
  ...(record.id % 2 === 0 ? { year: { model: 2019, built: 2018 } } : {}),
  ...(record.id % 3 === 0 ? { lots: { '0': record.lots[0] } } : {}),
  ...(record.id % 3 === 1
    ? { lots: record.lots.map((lot) => ({ ...lot, status: { id: 42, name: 'teleported' }, bids: [1, 2], bid: [7] })) }
    : {}),
})

for (const kind of databaseKinds)
  describe(`a source that has changed, synced into ${kind}`, () => {
    it('asks again for pages whose records were found wrongly at first, and stores every car', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 300, brandless: 0 })])
      const ids = await api.ids()
      // Of each page one record has within what stands between two others, and one begins otherwise: as many pieces as records.
      const misleading = (record: Json): unknown => {
        const { id, year, ...rest } = record
        const place = ids.indexOf(id) % 50
        const within = [1, 2].map((each) => ({ id: each, year }))
        if (place === 10) return { id, year, within, ...rest }
        return place === 20 ? { year, id, ...rest } : record
      }
      const source = changedSource(misleading)
      const { summary } = await syncOnce({ db, url: api.url, options: { pageSize: 50 }, control: { source } })
      assert.deepEqual([summary.status, summary.proof, summary.cars.seen], ['complete', 'exact', 300])
      assert.ok(summary.requests.total >= 12, `${summary.requests.total} requests for six pages, each asked for again`)
      const [counts] = await db.query(
        `select count(*)::int as all, count(*) filter (where raw ? 'within')::int as within from cars`,
      )
      assert.deepEqual(counts, { all: 300, within: 6 })
      await api.close()
    })

    it('breaks nothing: every car is stored with its raw, and each thing that is new is counted once', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 300, brandless: 0 })])
      const first = await syncOnce({ db, url: api.url })
      assert.equal(first.summary.cars.inserted, 300)
      assert.equal('drift' in first.summary, false)

      const source = changedSource(changed)
      const { summary } = await syncOnce({ db, url: api.url, control: { source } })
      assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
      assert.deepEqual(summary.cars, { ...first.summary.cars, inserted: 0, updated: 300 })
      const [counts] = await db.query(
        `select count(*)::int as all, count(*) filter (where raw ? 'carfax')::int as raw,
                count(*) filter (where source_id::bigint % 2 = 0)::int as even,
                count(*) filter (where source_id::bigint % 3 = 0)::int as thirds,
                count(*) filter (where source_id::bigint % 3 = 1)::int as teleported,
                count(*) filter (where 'year_malformed' = any(flags) and year is null)::int as yearless,
                count(*) filter (where raw #>> '{lots,0,status,name}' = 'teleported' and status = 'unknown')::int as status
         from cars`,
      )
      assert.deepEqual([counts!.all, counts!.raw, counts!.yearless], [300, 300, counts!.even])
      assert.equal(counts!.status, counts!.teleported)
      assert.deepEqual(summary.drift, {
        'carfax: new key': 300,
        'year: object, was number': counts!.even,
        'lots: object, was list': counts!.thirds,
        'lots[].status.id 42: unknown': counts!.teleported,
        'lots[].bids: new key': counts!.teleported,
        'lots[].bid: list, was string or number': counts!.teleported,
      })

      const again = await syncOnce({ db, url: api.url, control: { source } })
      assert.deepEqual([again.summary.cars.unchanged, again.summary.drift], [300, undefined])
      await api.close()
    })

    // The sync adds up what is told apart: the database has no part in it.
    if (kind === 'embedded') return

    it('stores all of a source whose keys are all its own, and tells only so many apart', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 600, brandless: 0 })])
      const source = changedSource((record) => ({ ...record, [`key of ${record.id}`]: 1, [`k\u0000${record.id}`]: 2 }))
      const { summary } = await syncOnce({ db, url: api.url, control: { source } })
      assert.deepEqual([summary.status, summary.cars.inserted, summary.cars.rejected], ['complete', 600, 0])
      const { 'other findings': others, ...named } = summary.drift!
      assert.equal(Object.keys(named).length, 50)
      assert.ok(others! >= 575, `${others} others`)
      await api.close()
    })
  })
