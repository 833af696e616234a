/** A database whose clock was days ahead, and is right again: nothing that it dated then may stand in the way of what is now. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { realWorld, storeOver } from '../src/node.ts'
import { type Database, namesOf } from '../src/store/database.ts'
import { readDue } from '../src/store/due.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { installPgNet } from './support/edge/pg-net.ts'
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
  await db.query(`update sync_progress set heartbeat_at = heartbeat_at + ${AHEAD}`)
  await db.query(`update carsync.cron_call set called_at = called_at + ${AHEAD}`)
  await db.query(`update carsync.alerts set next_try_at = next_try_at + ${AHEAD}`)
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

for (const kind of databaseKinds)
  test(`a killed holder keeps no schedule from calling, and is shown as alive to nobody (${kind})`, async (t) => {
    const { db, store } = await begin(t, kind)
    await installPgNet(db)
    await db.query(`select carsync.schedule('https://x.supabase.co/functions/v1/cars-sync', 'secret')`)
    const tick = async (): Promise<string> => (await db.query('select carsync.tick() as said'))[0]!.said
    assert.equal((await store.takeLease('one that was killed', 30_000)).kind, 'taken')
    await db.query(`insert into sync_progress (source, status, heartbeat_at) values ('auctionsapi', 'running', now())`)
    assert.equal(await tick(), 'somebody is at it')
    await dateAhead(db)
    assert.equal((await db.query('select is_live from sync_overview'))[0]!.is_live, false)
    for (let refused = 1; refused <= 3; refused++) {
      assert.match(await tick(), /^asked for a full run/)
      await db.query(`insert into net._http_response (id, status_code) select max(id), 503 from net.stand_in_queue`)
    }
    assert.match(await tick(), /^the function has refused 3 calls in a row/)
    await dateAhead(db)
    assert.match(await tick(), /^asked for a full run/, 'the last call is one of the day after tomorrow')
  })

for (const kind of databaseKinds)
  test(`runs put nothing off that is due, and what is due brings them back into their time (${kind})`, async (t) => {
    const { db, once } = await begin(t, kind)
    const due = async () => await readDue(db, namesOf('public', 'auctionsapi'))
    await once('full')
    assert.equal(await due(), null)
    await dateAhead(db)
    assert.equal((await due())?.reason, 'full')
    await db.query(`insert into carsync.settings (name, value) values ('full_every', 'never')`)
    assert.equal((await due())?.reason, 'incremental')
    await db.query(`update carsync.runs set status = 'failed'`)
    assert.equal((await due())?.reason, 'unfinished')
    await db.query(`update carsync.runs set status = 'complete'`)
    await once('auto')
    assert.equal(await due(), null)
  })

test('an alert that was to be sent again then is sent now', async (t) => {
  const { db, store } = await begin(t, 'postgres')
  const alert = { id: randomUUID(), kind: 'failed', weight: 'fault', message: 'failed', body: '{}' }
  await store.recordAlerts({ open: [alert], renew: [], settle: [], send: true })
  const first = (await store.claimAlert(30_000))!
  await store.keepUndelivered(first, 'refused', 7_200_000)
  assert.equal(await store.claimAlert(30_000), null)
  await dateAhead(db)
  assert.equal(await store.nextAlertInMs(), 0)
  assert.equal((await store.claimAlert(30_000))?.id, alert.id)
})
