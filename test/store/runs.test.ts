import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { LeaseLostError } from '../../src/errors.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import { releaseLease, takeLease } from '../../src/store/lease.ts'
import { becomeFull, finishRun, noteUnread, openRun, savePlan } from '../../src/store/runs.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { type Begun, batchOf, begin, finishOf, PLAN, writeOf } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  const open = ({ names, lease }: Begun, request: { mode?: 'full' | 'incremental'; fresh?: boolean } = {}) =>
    openRun(db, names, lease, { runId: randomUUID(), mode: 'full', fresh: false, ...request })
  const statusOf = async (runId: string): Promise<string> =>
    (await db.query('select status from carsync.runs where run_id = $1::text::uuid', [runId]))[0]!.status
  const age = (runId: string, interval: string) =>
    db.query(
      `update carsync.runs set started_at = started_at - $2::text::interval, last_commit_at = last_commit_at - $2::text::interval
       where run_id = $1::text::uuid`,
      [runId, interval],
    )
  const finish = ({ names, lease, runId }: Begun, members = {}) => finishRun(db, names, lease, runId, finishOf(members))

  describe(`openRun on ${kind}`, () => {
    it('begins a run with nothing done', async () => {
      const begun = await begin(db)
      const { run, resumed } = await open(begun, { fresh: true })
      assert.equal(resumed, false)
      assert.equal(run.status, 'running')
      assert.equal(run.plan, null)
      assert.equal(run.activeMs, 0)
      assert.equal(run.logListed, false)
      assert.deepEqual(run.requests, { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 })
    })

    it('knows whether a car of the source was stored when the run began', async () => {
      const begun = await begin(db)
      const { run } = await open(begun, { fresh: true })
      assert.equal(run.beganEmpty, true)
      await commitPages(db, { ...begun.context, runId: run.runId }, batchOf(1, [writeOf('a')]))
      const { run: resumed } = await open(begun)
      assert.deepEqual([resumed.runId, resumed.beganEmpty], [run.runId, false], 'another process may have stored some')
      assert.equal((await open(begun, { fresh: true })).run.beganEmpty, false)
    })

    for (const left of ['running', 'incomplete', 'failed'] as const)
      it(`takes up a run that was left ${left}, with its plan and its counts`, async () => {
        const begun = await begin(db)
        await savePlan(db, begun.lease, begun.runId, PLAN)
        if (left !== 'running') await finish(begun, { status: left, reason: 'the source is down', activeMs: 777.4 })
        const { run, resumed } = await open(begun)
        assert.equal(resumed, true)
        assert.equal(run.runId, begun.runId)
        assert.equal(run.status, 'running')
        assert.deepEqual(run.plan, PLAN)
        if (left !== 'running') {
          assert.equal(run.activeMs, 777)
          assert.deepEqual(run.requests, finishOf().requests)
        }
        const [row] = await db.query(
          'select finished_at is null as open, reason, resumed from carsync.runs where run_id = $1::text::uuid',
          [begun.runId],
        )
        assert.deepEqual(row, { open: true, reason: null, resumed: true })
      })

    it('begins a new one after a complete run', async () => {
      const begun = await begin(db)
      await finish(begun)
      const { run, resumed } = await open(begun)
      assert.equal(resumed, false)
      assert.notEqual(run.runId, begun.runId)
      assert.equal(await statusOf(begun.runId), 'complete')
    })

    it('abandons a run whose last commit is six hours old, and takes up one that is a minute younger', async () => {
      const young = await begin(db)
      await age(young.runId, '5 hours 59 minutes')
      assert.equal((await open(young)).run.runId, young.runId)
      const old = await begin(db)
      await age(old.runId, '6 hours 1 second')
      const { run, resumed } = await open(old)
      assert.equal(resumed, false)
      assert.notEqual(run.runId, old.runId)
      assert.equal(await statusOf(old.runId), 'abandoned')
    })

    it('goes by the last commit, not by when the run began', async () => {
      const begun = await begin(db)
      await db.query(`update carsync.runs set started_at = now() - interval '3 days' where run_id = $1::text::uuid`, [
        begun.runId,
      ])
      assert.equal((await open(begun)).run.runId, begun.runId)
    })

    it('abandons what was left when a fresh one is asked for', async () => {
      const begun = await begin(db)
      const { run, resumed } = await open(begun, { fresh: true })
      assert.equal(resumed, false)
      assert.notEqual(run.runId, begun.runId)
      assert.equal(await statusOf(begun.runId), 'abandoned')
    })

    it('does not take up a run of the other mode, nor disturb it', async () => {
      const begun = await begin(db)
      const { run, resumed } = await open(begun, { mode: 'incremental' })
      assert.equal(resumed, false)
      assert.equal(run.mode, 'incremental')
      assert.equal(await statusOf(begun.runId), 'running')
      assert.equal((await open(begun)).run.runId, begun.runId)
    })

    it('leaves no run of the other mode running that nobody may take up any more', async () => {
      const begun = await begin(db)
      await age(begun.runId, '6 hours')
      await open(begun, { mode: 'incremental' })
      assert.equal(await statusOf(begun.runId), 'abandoned')
    })

    it('leaves nothing of changes that were to be read once everything is', async () => {
      const begun = await begin(db)
      await finish(begun)
      const { run } = await open(begun, { mode: 'incremental' })
      await noteUnread(db, begun.lease, run.runId, 'no feed')
      assert.equal((await open(begun, { mode: 'incremental' })).run.unreadFeed, 'no feed')
      assert.equal((await open(begun)).run.unreadFeed, null, 'of another run')
      assert.equal(await statusOf(run.runId), 'abandoned')
    })

    it('takes up a run that became a full one without the plan of the changes', async () => {
      const begun = await begin(db)
      const { run } = await open(begun, { mode: 'incremental' })
      await savePlan(db, begun.lease, run.runId, PLAN)
      await becomeFull(db, begun.lease, run.runId)
      const taken = (await open(begun)).run
      assert.deepEqual([taken.runId, taken.mode, taken.plan], [run.runId, 'full', null])
    })

    it('does not go back behind a later run', async () => {
      const begun = await begin(db)
      await finish(begun, { status: 'incomplete' })
      await age(begun.runId, '1 hour')
      const { run: later } = await open(begun, { fresh: true })
      await finish({ ...begun, runId: later.runId })
      await db.query(`update carsync.runs set status = 'incomplete' where run_id = $1::text::uuid`, [begun.runId])
      assert.equal((await open(begun)).resumed, false)
    })

    it('logs new cars as listed only once a full sweep has been complete', async () => {
      const begun = await begin(db)
      await finish(begun, { status: 'incomplete' })
      assert.equal((await open(begun, { fresh: true })).run.logListed, false)
      const { run } = await open(begun, { mode: 'incremental' })
      await finish({ ...begun, runId: run.runId })
      assert.equal((await open(begun, { fresh: true })).run.logListed, false, 'an incremental run is no sweep')
      const { run: sweep } = await open(begun, { fresh: true })
      await finish({ ...begun, runId: sweep.runId })
      assert.equal((await open(begun, { fresh: true })).run.logListed, true)
    })

    it('needs the lease', async () => {
      const begun = await begin(db)
      await releaseLease(db, begun.lease)
      await takeLease(db, begun.source, 'other', 60_000)
      await assert.rejects(open(begun, { fresh: true }), LeaseLostError)
      await assert.rejects(savePlan(db, begun.lease, begun.runId, PLAN), LeaseLostError)
      await assert.rejects(finish(begun), LeaseLostError)
      assert.equal(await statusOf(begun.runId), 'running')
    })
  })

  describe(`finishRun on ${kind}`, () => {
    it('freezes the counts of the ledger, counting a car once', async () => {
      const begun = await begin(db)
      const { context, runId } = begun
      await commitPages(db, context, batchOf(1, [writeOf('a'), writeOf('b')]))
      const odd = { position: 2, sourceId: null, reason: 'id_missing', path: 'id', payload: '{}' }
      const bad = { position: 3, sourceId: 'bad', reason: 'too_deep', path: '', payload: '{}' }
      const page = batchOf(2, [writeOf('c')], { rejects: [odd, bad], ids: ['b', 'c', 'bad'], records: 4 })
      await commitPages(db, context, page)
      await finish(begun, { proof: 'none', reason: 'why', totalAfter: 24 })
      const [row] = await db.query(
        `select status, proof, reason, pages_done, pages_total, seen::int, inserted::int, updated::int, rejected::int,
                total_before::int, total_after::int, active_ms::int, finished_at is not null as ended, learned::text
         from carsync.runs where run_id = $1::text::uuid`,
        [runId],
      )
      assert.deepEqual(
        { ...row, learned: JSON.parse(row!.learned) },
        {
          ...{ status: 'complete', proof: 'none', reason: 'why', pages_done: 2, pages_total: 3, seen: 3, inserted: 3 },
          ...{ updated: 0, rejected: 2, total_before: 25, total_after: 24, active_ms: 1000, ended: true },
          learned: finishOf().learned,
        },
      )
    })

    it('settles the rejects of earlier sweeps when it is complete, and only then', async () => {
      const begun = await begin(db)
      const rejects = [{ position: 0, sourceId: null, reason: 'id_missing', path: 'id', payload: '{}' }]
      const openRejects = async (): Promise<number> =>
        (
          await db.query('select count(*)::int as n from carsync.rejects where source = $1 and resolved_at is null', [
            begun.source,
          ])
        )[0]!.n
      await commitPages(db, begun.context, batchOf(1, [], { rejects }))
      await finish(begun)
      assert.equal(await openRejects(), 1, 'its own stay')
      const { run } = await open(begun)
      await commitPages(db, { ...begun.context, runId: run.runId }, batchOf(1, [], { rejects }))
      await finish({ ...begun, runId: run.runId }, { status: 'incomplete' })
      assert.equal(await openRejects(), 2)
      await finish({ ...begun, runId: run.runId })
      assert.equal(await openRejects(), 1)
    })
  })
}
