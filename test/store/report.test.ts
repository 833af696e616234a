import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { commitPages } from '../../src/store/commit-pages.ts'
import { releaseLease, takeLease } from '../../src/store/lease.ts'
import { countSeen } from '../../src/store/ledger.ts'
import { writeProgress } from '../../src/store/progress.ts'
import { readRejects, readReport, readRuns } from '../../src/store/report.ts'
import { finishRun, openRun, savePlan } from '../../src/store/runs.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, finishOf, PLAN, PROGRESS, silence, writeOf } from './fixture.ts'

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const reject = (position: number, sourceId: string | null) => ({
  position,
  sourceId,
  reason: sourceId === null ? 'id_missing' : 'too_deep',
  path: 'lots.0.id',
  payload: '{"a":"ü"}',
})

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const report = (begun: Begun, runId: string | null = null) => readReport(db, begun.names, runId)
  const finish = (begun: Begun, members = {}) => finishRun(db, begun.names, begun.lease, begun.runId, finishOf(members))

  describe(`readReport on ${kind}`, () => {
    it('is null for a source without runs, and for a run of another source', async () => {
      const begun = await begin(db)
      assert.equal(await readReport(db, { ...begun.names, source: 'nobody' }, null), null)
      assert.equal(await readReport(db, { ...begun.names, source: 'nobody' }, begun.runId), null)
    })

    it('tells a run that is on as the ledger and the progress row have it, and who is at it', async () => {
      const begun = await begin(db)
      await savePlan(db, begun.lease, begun.runId, PLAN)
      await commitPages(
        db,
        begun.context,
        batchOf(1, [writeOf('a'), writeOf('b')], { rejects: [reject(2, 'bad')], ids: ['a', 'b', 'bad'] }),
      )
      await commitPages(db, begun.context, batchOf(2, [writeOf('c')], { ids: ['b', 'c'] }))
      await writeProgress(db, begun.names, begun.lease, begun.runId, 'running', PROGRESS)
      const told = (await report(begun))!
      const { startedAt, lease, ...rest } = told
      assert.match(startedAt, ISO)
      assert.equal(lease!.holder, 'test')
      assert.match(lease!.since, ISO)
      assert.match(lease!.expiresAt!, ISO)
      const [heartbeat] = await db.query(
        'select (extract(epoch from at) * 1000)::float8 as at from carsync.heartbeat where source = $1',
        [begun.source],
      )
      // From the last sign of life on, however long ago the lease was taken.
      assert.equal(Date.parse(lease!.expiresAt!), Math.floor(heartbeat!.at) + 60_000)
      assert.deepEqual(rest, {
        runId: begun.runId,
        source: begun.source,
        mode: 'full',
        status: 'running',
        proof: 'none',
        resumed: false,
        finishedAt: null,
        durationMs: 2501,
        activeMs: 2501,
        pages: { done: 2, total: 3 },
        requests: PROGRESS.requests,
        cars: { seen: 3, inserted: 3, updated: 0, unchanged: 0, removed: 0, rejected: 1 },
        rate: { carsPerSecond: 1.2, carsPerMinute: 72, pagesPerSecond: 0.8 },
        heldRemovals: 0,
        learned: { pageSize: 0, requestsPerSecond: null, concurrency: 0, why: '' },
        phase: 'sweeping',
        etaMs: { low: 400, high: 900 },
        segments: PROGRESS.segments,
      })
    })

    it('tells a run that ended as it was frozen, without a lease once that is given back', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')], { ids: ['a', 'known'] }))
      await finish(begun, { status: 'incomplete', proof: 'none', reason: 'the time budget is used up' })
      await db.query('delete from carsync.pages where run_id = $1::text::uuid', [begun.runId])
      await releaseLease(db, begun.lease)
      const told = (await report(begun))!
      assert.equal(told.status, 'incomplete')
      assert.equal(told.reason, 'the time budget is used up')
      assert.match(told.finishedAt!, ISO)
      assert.deepEqual(told.cars, { seen: 2, inserted: 1, updated: 0, unchanged: 1, removed: 0, rejected: 0 })
      assert.deepEqual(told.pages, { done: 1, total: 3 })
      assert.deepEqual(told.learned, finishOf().learned)
      assert.equal(told.etaMs, null)
      assert.equal('lease' in told, false)
    })

    it('counts anew what is committed after a run was taken up again', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      await finish(begun, { status: 'incomplete' })
      await openRun(db, begun.names, begun.lease, { runId: randomUUID(), mode: 'full', fresh: false })
      await commitPages(db, begun.context, batchOf(2, [writeOf('b')]))
      const told = (await report(begun))!
      assert.equal(told.status, 'running')
      assert.equal(told.resumed, true)
      assert.equal(told.pages.done, 2)
      assert.deepEqual([told.cars.seen, told.cars.inserted], [2, 2])
    })

    it('tells the latest run, or the one that is asked for', async () => {
      const begun = await begin(db)
      await finish(begun)
      const { run } = await openRun(db, begun.names, begun.lease, {
        runId: randomUUID(),
        mode: 'incremental',
        fresh: true,
      })
      assert.equal((await report(begun))!.runId, run.runId)
      assert.equal((await report(begun, begun.runId))!.status, 'complete')
    })
  })

  describe(`the progress row on ${kind}`, () => {
    it('is written anew, and is what a page shows', async () => {
      const begun = await begin(db)
      for (const etaMs of [PROGRESS.etaMs, null])
        await writeProgress(db, begun.names, begun.lease, begun.runId, 'running', { ...PROGRESS, etaMs })
      const [row] = await db.query(
        `select run_id::text, status, phase, pages_done, pages_total, cars_seen::int, cars_per_second, cars_per_minute,
                eta_low_ms, segments::text, heartbeat_at > now() - interval '1 minute' as alive from sync_progress where source = $1`,
        [begun.source],
      )
      assert.deepEqual(
        { ...row, segments: JSON.parse(row!.segments) },
        {
          ...{
            run_id: begun.runId,
            status: 'running',
            phase: 'sweeping',
            pages_done: 2,
            pages_total: 3,
            cars_seen: 20,
          },
          ...{
            cars_per_second: 12.5,
            cars_per_minute: 750,
            eta_low_ms: null,
            segments: PROGRESS.segments,
            alive: true,
          },
        },
      )
    })

    it('is not written by one who lost the lease', async () => {
      const begun = await begin(db)
      await silence(db, begun.source, 61_000)
      await takeLease(db, begun.source, 'other', 60_000)
      await writeProgress(db, begun.names, begun.lease, begun.runId, 'running', PROGRESS)
      assert.deepEqual(await db.query('select 1 from sync_progress where source = $1', [begun.source]), [])
      assert.equal((await report(begun))!.requests.total, 0)
    })
  })

  describe(`countSeen on ${kind}`, () => {
    it('counts ids once over all pages, and rejects with and without an id', async () => {
      const begun = await begin(db)
      const first = batchOf(1, [], {
        ids: ['a', 'b', 'bad'],
        rejects: [reject(2, 'bad'), reject(3, null), reject(4, null)],
      })
      const second = batchOf(2, [], { ids: ['b', 'c', 'bad', 'a,"{}\\'], rejects: [reject(2, 'bad')] })
      await commitPages(db, begun.context, first)
      await commitPages(db, begun.context, second)
      assert.deepEqual(await countSeen(db, begun.runId), { ids: 5, rejectedIds: 1, rejectedWithoutId: 2 })
    })
  })

  describe(`the lists on ${kind}`, () => {
    it('show runs, newest first and no more than asked for', async () => {
      const begun = await begin(db)
      await commitPages(
        db,
        begun.context,
        batchOf(1, [writeOf('a')], { rejects: [reject(1, 'bad')], ids: ['a', 'bad'] }),
      )
      const learned = { pageSize: 10, requestsPerSecond: 2, burst: 0, concurrency: 4, why: '2/s' }
      await finish(begun, { status: 'failed', proof: 'none', reason: 'why', learned })
      const { run } = await openRun(db, begun.names, begun.lease, {
        runId: randomUUID(),
        mode: 'incremental',
        fresh: true,
      })
      const [latest, older] = await readRuns(db, begun.names, 10)
      assert.equal(latest!.runId, run.runId)
      assert.equal(latest!.finishedAt, null)
      const { startedAt, lastCommitAt, finishedAt, ...rest } = older!
      assert.match(startedAt, ISO)
      assert.match(lastCommitAt, ISO)
      assert.match(finishedAt!, ISO)
      assert.deepEqual(rest, {
        runId: begun.runId,
        mode: 'full',
        status: 'failed',
        proof: 'none',
        activeMs: 1000,
        pages: { done: 1, total: 3 },
        requests: { total: 5, ok: 3, limited: 1, failed: 1, retried: 2 },
        cars: { seen: 1, inserted: 1, updated: 0, unchanged: 0, removed: 0, rejected: 1 },
        reason: 'why',
        unreadFeed: null,
        least: { ms: 500, by: 'limit' },
      })
      assert.equal(latest!.least, null)
      // Of one that is on, what it has met: also where nothing had to be written.
      await commitPages(
        db,
        { ...begun.context, runId: run.runId },
        batchOf(1, [], { ids: ['a', 'b', 'c'], records: 3 }),
      )
      const [on] = await readRuns(db, begun.names, 1)
      assert.deepEqual([on!.cars.seen, on!.cars.unchanged], [3, 3])
      assert.equal((await readRuns(db, begun.names, 1)).length, 1)
    })

    it('show the newest rejects first, by number and not as texts', async () => {
      const begun = await begin(db)
      const positions = Array.from({ length: 120 }, (_, at) => at)
      const rejects = positions.map((at) => reject(at, null))
      await commitPages(db, begun.context, batchOf(1, [], { rejects }))
      const newest = (await readRejects(db, begun.names, 105)).map(({ position }) => position)
      assert.deepEqual(newest, positions.slice(15).reverse())
    })

    it('show rejects that are open, with place and payload', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [], { rejects: [reject(0, null), reject(1, 'bad')] }))
      await db.query('update carsync.rejects set resolved_at = now() where source = $1 and position = 0', [
        begun.source,
      ])
      const [row, ...more] = await readRejects(db, begun.names, 10)
      assert.deepEqual(more, [])
      const { id, at, ...rest } = row!
      assert.match(id, /^\d+$/)
      assert.match(at, ISO)
      assert.deepEqual(rest, {
        runId: begun.runId,
        segment: 'all',
        page: 1,
        position: 1,
        sourceId: 'bad',
        reason: 'too_deep',
        path: 'lots.0.id',
        payload: '{"a":"ü"}',
      })
    })
  })
}
