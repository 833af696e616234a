import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { howMany, type Summary, type SyncEvent } from '../src/node.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { syncOnce } from './support/sync-once.ts'

for (const kind of databaseKinds)
  describe(`a sync into ${kind}`, { concurrency: true }, () => {
    it('stores every car once, proves it, and writes nothing when only stamps moved', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 600, brandless: 0 })])
      const options = { pageSize: 100 }
      const first = await syncOnce({ db, url: api.url, options })
      assert.equal(first.summary.status, 'complete')
      assert.equal(first.summary.proof, 'exact')
      assert.deepEqual(first.summary.cars, {
        seen: 600,
        inserted: 600,
        updated: 0,
        unchanged: 0,
        removed: 0,
        rejected: 0,
      })
      const [written] = await db.query(`select count(*)::int as n, max(xmin::text::bigint)::text as last from cars`)
      assert.equal(written!.n, 600)

      await api.bumpStamps()
      const second = await syncOnce({ db, url: api.url, options })
      assert.deepEqual(second.summary.cars, {
        seen: 600,
        inserted: 0,
        updated: 0,
        unchanged: 600,
        removed: 0,
        rejected: 0,
      })
      const [after] = await db.query(`select count(*)::int as n, max(xmin::text::bigint)::text as last from cars`)
      assert.deepEqual(after, written, 'no row of cars has a new version')
      const [changes] = await db.query('select count(*)::int as n from car_changes')
      assert.equal(changes!.n, 0, 'the first complete sweep and a sweep without changes log nothing')
      await api.close()
    })

    it('writes and logs just the cars that really changed', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 600 })])
      await syncOnce({ db, url: api.url, options: { pageSize: 100 } })
      await api.bumpStamps()
      const touched = await api.change({ share: 0.05, seed: 7 })
      const added = await api.add(10)
      const { summary } = await syncOnce({ db, url: api.url, options: { pageSize: 100 } })
      assert.equal(summary.cars.updated, touched.length)
      assert.equal(summary.cars.inserted, added.length)
      assert.equal(summary.cars.unchanged, 600 - touched.length)
      const kinds = await db.query('select kind, count(*)::int as n from car_changes group by 1 order by 1')
      const total = kinds.reduce((sum, row) => sum + row.n, 0)
      assert.equal(total, touched.length + added.length)
      assert.equal(kinds.find((row) => row.kind === 'listed')?.n, added.length)
      const [logged] = await db.query(`select count(*)::int as n from cars c where changed_at > first_seen_at`)
      assert.equal(logged!.n, touched.length)
      await api.close()
    })

    // Making an embedded database takes seconds, and these are about what is counted and planned.
    if (kind === 'embedded') return

    it('counts how long its commits take, also over a stop and the process that goes on', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 900, brandless: 0 })])
      const commitsOf = ({ requests }: Pick<Summary, 'requests'>): number => howMany(requests.commitTimes!)
      const options = { pageSize: 30 }
      const stop = new AbortController()
      const onEvent = (event: SyncEvent): void => {
        if (event.kind === 'progress' && commitsOf(event.progress) > 1) stop.abort()
      }
      const stopped = (await syncOnce({ db, url: api.url, options, control: { stop: stop.signal }, onEvent })).summary
      assert.ok(commitsOf(stopped) > 1 && commitsOf(stopped) <= stopped.pages.done, 'one for each transaction')
      // As if one of them had taken longer than any does here.
      await db.query(`update carsync.runs set requests = jsonb_set(requests, '{commitTimes,counts,-1}', '1')`)
      const { status, resumed, requests } = (await syncOnce({ db, url: api.url, options })).summary
      assert.deepEqual([stopped.status, status, resumed], ['incomplete', 'complete', true])
      assert.equal(requests.commitTimes!.counts.at(-1), 1, 'what was counted before is kept')
      assert.ok(
        commitsOf({ requests }) > commitsOf(stopped) + 1,
        `${commitsOf(stopped)} then ${commitsOf({ requests })}`,
      )
      await api.close()
    })

    it('reads the whole listing after the priority brands when cars have no brand', async () => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars: 600, brandless: 30 })])
      const { summary, events } = await syncOnce({ db, url: api.url, options: { pageSize: 100 } })
      assert.equal(summary.cars.seen, 600)
      assert.equal(summary.proof, 'exact')
      const planned = events.find((event) => event.kind === 'planned')
      assert.match(planned?.kind === 'planned' ? (planned.note ?? '') : '', /570 cars, the whole listing 600/)
      await api.close()
    })
  })
