import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Remembered } from '../../src/pace/start.ts'
import { readLearned, saveLearned } from '../../src/store/learned.ts'
import { releaseLease, takeLease } from '../../src/store/lease.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { begin, READ_AT } from './fixture.ts'

const SHOWN = { pageSize: 1000, requestsPerSecond: 2.125, concurrency: 4, why: '429 at 2.5/s; holding 2.13/s' }
const RATE: Remembered = {
  at: READ_AT,
  limit: { kind: 'rate', rate: 2.125, burst: 5.5, narrow: false, steady: false },
  cap: null,
  concurrency: 4,
  gateUntil: READ_AT + 30_000,
}
const QUOTA: Remembered = {
  at: READ_AT,
  limit: { kind: 'quota', quota: 100, windowMs: 60_000, fixed: true, openedAt: READ_AT - 10, recent: [READ_AT - 5] },
  cap: 8,
  concurrency: 8,
  gateUntil: 0,
}

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`what was learned, on ${kind}`, () => {
    it('is nothing at first', async () => {
      assert.equal(await readLearned(db, 'host/none'), null)
    })

    it('comes back as it was saved, with the time, the latest only and each scope for itself', async () => {
      const {
        runId,
        context: { lease },
      } = await begin(db)
      const run = { runId, shown: SHOWN }
      await saveLearned(
        db,
        lease,
        'host/a',
        { pageSize: 500, requestsPerSecond: 2.125, concurrency: 4, pace: RATE },
        run,
      )
      await saveLearned(db, lease, 'host/b', { pageSize: 50, requestsPerSecond: 1, concurrency: 1, pace: null }, run)
      await saveLearned(
        db,
        lease,
        'host/a',
        { pageSize: 1000, requestsPerSecond: null, concurrency: 8, pace: QUOTA },
        run,
      )
      const { learnedAt, ...learned } = (await readLearned(db, 'host/a'))!
      assert.deepEqual(learned, { pageSize: 1000, requestsPerSecond: null, concurrency: 8, pace: QUOTA })
      assert.ok(Math.abs(learnedAt - Date.now()) < 60_000)
      const other = (await readLearned(db, 'host/b'))!
      assert.equal(other.pageSize, 50)
      assert.equal(other.pace, null)
    })

    it('is shown with the run that is on, and with no other', async () => {
      const [run, other] = [await begin(db), await begin(db)]
      const learned = { pageSize: 1000, requestsPerSecond: 2.125, concurrency: 4, pace: RATE }
      await saveLearned(db, run.context.lease, 'host/c', learned, { runId: run.runId, shown: SHOWN })
      const shownWith = async (runId: string): Promise<unknown> => {
        const [row] = await db.query('select learned::text from carsync.runs where run_id = $1::text::uuid', [runId])
        return row!.learned === null ? null : JSON.parse(row!.learned)
      }
      assert.deepEqual(await shownWith(run.runId), SHOWN)
      assert.equal(await shownWith(other.runId), null)
    })

    it('is not kept for a holder whose lease went to another', async () => {
      const { runId, context } = await begin(db)
      const { lease } = context
      const learned = { pageSize: 1000, requestsPerSecond: 2.125, concurrency: 4, pace: RATE }
      await releaseLease(db, lease)
      await saveLearned(db, lease, 'host/d', learned, { runId, shown: SHOWN })
      assert.equal(await readLearned(db, 'host/d'), null)
      await takeLease(db, lease.source, 'heir', 60_000)
      await saveLearned(db, lease, 'host/d', learned, { runId, shown: SHOWN })
      assert.equal(await readLearned(db, 'host/d'), null)
      const [row] = await db.query('select learned::text from carsync.runs where run_id = $1::text::uuid', [runId])
      assert.equal(row!.learned, null)
    })

    it('of a version that did not remember the pace is read without it', async () => {
      await db.query(`insert into carsync.limits (scope, learned) values ('host/old', $1::text::jsonb)`, [
        JSON.stringify({ pageSize: 500, requestsPerSecond: 3, concurrency: 4 }),
      ])
      const { learnedAt: _, ...learned } = (await readLearned(db, 'host/old'))!
      assert.deepEqual(learned, { pageSize: 500, requestsPerSecond: 3, concurrency: 4, pace: null })
    })
  })
}
