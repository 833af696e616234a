/** A database whose clock was days ahead, and is right again: nothing that it dated then may stand in the way of what is now. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { realWorld, storeOver } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const AHEAD = `interval '2 days'`

/** As if all had been written by a clock that was ahead. */
const dateAhead = async (db: Database): Promise<void> => {
  await db.query(`update cars set read_at = read_at + ${AHEAD}`)
  await db.query(
    `update carsync.runs set started_at = started_at + ${AHEAD}, last_commit_at = last_commit_at + ${AHEAD},
       finished_at = finished_at + ${AHEAD}`,
  )
  await db.query(`update carsync.pages set read_at = read_at + ${AHEAD}`)
  await db.query(`update carsync.heartbeat set at = at + ${AHEAD}`)
}

const begin = async (t: TestContext, kind: (typeof databaseKinds)[number]) => {
  const [db, api] = await Promise.all([newDatabase(kind), startDemoApi({ seed: 9, cars: 300, maxPageSize: 50 })])
  t.after(() => api.close())
  const once = (mode: 'auto' | 'full', stop = new AbortController(), isStopped = false) =>
    syncOnce({
      db,
      url: api.url,
      control: { mode, stop: stop.signal },
      onEvent: (event) => {
        if (isStopped && event.kind === 'planned') stop.abort()
      },
    })
  return { db, api, once, store: storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld) }
}

for (const kind of databaseKinds)
  for (const mode of ['auto', 'full'] as const)
    test(`what has changed since is stored, and the run that did it is the latest (${mode}, ${kind})`, async (t) => {
      const { db, api, once, store } = await begin(t, kind)
      await once('full')
      await dateAhead(db)
      const changed = await api.change({ share: 0.2, seed: 3 })
      const { summary } = await once(mode)
      assert.deepEqual([summary.status, summary.cars.updated], ['complete', changed.length])
      const other = await newDatabase('postgres')
      await syncOnce({ db: other, url: api.url })
      assert.deepEqual(await digestOfCars(db), await digestOfCars(other))
      assert.equal((await store.report())!.runId, summary.runId)
      assert.equal((await store.live())!.runId, summary.runId)
    })

test('a run that was left unfinished then is taken up, and those before it keep their order', async (t) => {
  const { db, once } = await begin(t, 'postgres')
  const first = await once('full')
  const half = await once('full', new AbortController(), true)
  assert.equal(half.summary.status, 'incomplete')
  await dateAhead(db)
  const { summary } = await once('full')
  assert.deepEqual([summary.runId, summary.resumed, summary.status], [half.summary.runId, true, 'complete'])
  const runs = await db.query(
    'select run_id::text from carsync.runs where started_at <= now() order by started_at desc',
  )
  assert.deepEqual(
    runs.map((run) => run.run_id),
    [half.summary.runId, first.summary.runId],
  )
})

test('a holder that was killed then does not keep the lease', async (t) => {
  const { db, once, store } = await begin(t, 'postgres')
  await once('full')
  assert.equal((await store.takeLease('one that was killed', 30_000)).kind, 'taken')
  await dateAhead(db)
  assert.equal((await store.live())!.isAlive, false)
  assert.equal((await once('full')).summary.status, 'complete')
})
