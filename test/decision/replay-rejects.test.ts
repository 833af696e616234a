/** Rejected records read again by readers that have learned something, on both databases. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDemoApi } from '../../demo/demo-api.ts'
import { replayRejects } from '../../src/decision/replay-rejects.ts'
import type { Source } from '../../src/source/source.ts'
import { sources } from '../../src/source/sources.ts'
import type { Database } from '../../src/store/database.ts'
import { storeOver } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { realWorld } from '../../src/world.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { syncOnce } from '../support/sync-once.ts'

const SOURCE = sources.auctionsapi

/** Readers that cannot read every `nth` car, as an earlier version might not have. */
const dimWitted = (nth: number): Source => ({
  ...SOURCE,
  readRecord: (page, record, readAt) => {
    const reading = SOURCE.readRecord(page, record, readAt)
    if (reading.kind === 'rejected' || Number(reading.sourceId) % nth !== 0) return reading
    const payload = page.bytes.toString('utf8', record.start, record.end)
    const rejection = { reason: 'not_understood', path: 'lots' }
    return { kind: 'rejected', sourceId: reading.sourceId, rejection, payload, drift: [] }
  },
})

const WHO = { holder: 'test', lengthMs: 2000, stop: new AbortController().signal }

const replay = async (store: Store, source = SOURCE) => {
  const answer = await replayRejects(store, realWorld, WHO, source, true)
  assert.equal(answer.kind, 'done')
  return answer.kind === 'done' ? answer.result : null
}

const openIn = async (db: Database) =>
  (await db.query('select source_id, reason from carsync.rejects where resolved_at is null order by id')) as {
    source_id: string
    reason: string
  }[]

const carsIn = async (db: Database) =>
  db.query('select source_id, title, raw::text, fingerprint::text from cars order by source_id')

for (const kind of databaseKinds)
  describe(`rejected records read again, on ${kind}`, { concurrency: true }, async () => {
    const scene = async (cars: number, nth = 10) => {
      const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ cars, brandless: 0 })])
      const store = storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld)
      const { summary } = await syncOnce({ db, url: api.url, control: { source: dimWitted(nth) } })
      return { db, api, store, rejected: summary.cars.rejected }
    }

    it('are stored as a sync by the same readers would have stored them, and settled', async () => {
      const [{ db, api, store, rejected }, undisturbed] = await Promise.all([scene(600, 4), newDatabase('postgres')])
      assert.ok(rejected > 100)
      await syncOnce({ db: undisturbed, url: api.url })
      await api.close()
      assert.deepEqual(await replay(store), { read: rejected, stored: rejected, settled: 0, rejected: 0 })
      assert.deepEqual(await openIn(db), [])
      assert.deepEqual(await carsIn(db), await carsIn(undisturbed))
      assert.deepEqual(await replay(store), { read: 0, stored: 0, settled: 0, rejected: 0 })
    })

    // Making an embedded database takes seconds, and the rest is the same there.
    if (kind === 'embedded') return

    it('stay rejected where they still cannot be read, with the reason as it is now', async () => {
      const { db, api, store, rejected } = await scene(300)
      await api.close()
      const still = { ...dimWitted(20), readerVersion: 2 }
      await db.query(`update carsync.rejects set reason = 'of old'`)
      const half = (await openIn(db)).filter(({ source_id }) => Number(source_id) % 20 === 0).length
      assert.deepEqual(await replay(store, still), {
        read: rejected,
        stored: rejected - half,
        settled: 0,
        rejected: half,
      })
      const open = await openIn(db)
      assert.equal(open.length, half)
      assert.ok(open.every(({ reason }) => reason === 'not_understood'))
    })

    it('do not overwrite a later read, and do not bring back what was marked removed since', async () => {
      const { db, api, store, rejected } = await scene(300)
      const [newer, gone] = await openIn(db)
      await api.close()
      // These two were stored by others after they had been rejected; one of them has gone since.
      const now = Date.now()
      await db.query(`update carsync.pages set read_at = to_timestamp($1::float8 / 1000)`, [now - 60_000])
      for (const { source_id } of [newer!, gone!])
        await db.query(
          `insert into cars (source, source_id, title, status, fingerprint, reader, read_at)
           values ('auctionsapi', $1, 'as it is now', 'unknown', '00000000-0000-0000-0000-000000000000', 1, to_timestamp($2::float8 / 1000))`,
          [source_id, source_id === newer!.source_id ? now : now - 120_000],
        )
      await db.query('update cars set removed_at = to_timestamp($2::float8 / 1000) where source_id = $1', [
        gone!.source_id,
        now,
      ])
      assert.deepEqual(await replay(store), { read: rejected, stored: rejected - 2, settled: 2, rejected: 0 })
      const left = await db.query(
        `select source_id, removed_at is not null as removed from cars where title = 'as it is now' order by 2`,
      )
      assert.deepEqual(left, [
        { source_id: newer!.source_id, removed: false },
        { source_id: gone!.source_id, removed: true },
      ])
    })

    it('of one car, at two places, end as its later record says', async () => {
      const { db, api, store, rejected } = await scene(300)
      await api.close()
      const [car] = await openIn(db)
      await db.query(
        `insert into carsync.rejects (run_id, source, segment, page_size, page, position, source_id, reason, path, payload, at)
         select run_id, source, segment, page_size, 9999, 0, source_id, reason, path,
                regexp_replace(payload, '"title":"[^"]*"', '"title":"seen last"'), clock_timestamp() + interval '2 hours'
         from carsync.rejects where source_id = $1`,
        [car!.source_id],
      )
      assert.deepEqual(await replay(store), { read: rejected + 1, stored: rejected + 1, settled: 0, rejected: 0 })
      const [row] = await db.query('select title from cars where source_id = $1', [car!.source_id])
      assert.equal(row!.title, 'seen last')
    })

    it('are gone on with after a process that died between two batches', async () => {
      const { db, api, store, rejected } = await scene(700, 2)
      await api.close()
      let batches = 0
      const dying: Store = {
        ...store,
        settleRejects: (lease, reread) => {
          if (++batches === 2) throw new Error('killed')
          return store.settleRejects(lease, reread)
        },
      }
      await assert.rejects(replayRejects(dying, realWorld, WHO, SOURCE, true), /killed/)
      const left = (await openIn(db)).length
      assert.ok(left > 0 && left < rejected)
      assert.deepEqual(await replay(store), { read: left, stored: left, settled: 0, rejected: 0 })
    })

    it('wait while another process is at it', async () => {
      const { db, api, store } = await scene(100)
      await api.close()
      const before = await openIn(db)
      const taken = await store.takeLease('another', 600_000)
      assert.equal(taken.kind, 'taken')
      const beat = setInterval(() => taken.kind === 'taken' && void store.beat(taken.lease), 100)
      const answer = await replayRejects(store, realWorld, WHO, SOURCE, true)
      clearInterval(beat)
      assert.equal(answer.kind, 'held')
      assert.deepEqual(await openIn(db), before)
    })
  })
