import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commitPages } from '../../src/store/commit-pages.ts'
import { releaseLease } from '../../src/store/lease.ts'
import { readLive } from '../../src/store/live.ts'
import { writeProgress } from '../../src/store/progress.ts'
import { readReport } from '../../src/store/report.ts'
import { finishRun, savePlan } from '../../src/store/runs.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { batchOf, begin, finishOf, PLAN, PROGRESS, silence, writeOf } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`readLive on ${kind}`, () => {
    it('is null for a source without runs', async () => {
      const { names } = await begin(db)
      assert.equal(await readLive(db, { ...names, source: 'nobody' }), null)
    })

    it('tells of a run that is on as its process has published it, and whether that lives', async () => {
      const { names, lease, runId, source } = await begin(db)
      await savePlan(db, lease, runId, PLAN)
      await writeProgress(db, names, lease, runId, 'running', PROGRESS)
      const live = (await readLive(db, names))!
      assert.deepEqual(
        [live.runId, live.status, live.phase, live.carsTotal, live.carsPerSecond, live.requestsPerSecond],
        [runId, 'running', 'sweeping', 25, 12.5, 1.25],
      )
      assert.deepEqual(live.cars, PROGRESS.cars)
      assert.deepEqual(live.pages, PROGRESS.pages)
      assert.deepEqual(live.requests, PROGRESS.requests)
      assert.deepEqual(live.segments, PROGRESS.segments)
      assert.deepEqual(live.etaMs, { low: 400, high: 900 })
      assert.deepEqual([live.lease!.holder, live.isAlive], ['test', true])
      await silence(db, source, 61_000)
      assert.deepEqual(
        [(await readLive(db, names))!.lease!.holder, (await readLive(db, names))!.isAlive],
        ['test', false],
      )
    })

    it('tells of no speed where the run has none yet, before and after its process first says how far it is', async () => {
      const { names, lease, runId } = await begin(db)
      const speeds = async () => {
        const { carsPerSecond, requestsPerSecond } = (await readLive(db, names))!
        return [carsPerSecond, requestsPerSecond]
      }
      assert.deepEqual(await speeds(), [null, null])
      await writeProgress(db, names, lease, runId, 'running', { ...PROGRESS, carsPerSecond: null })
      assert.deepEqual(await speeds(), [null, 1.25])
      const [row] = await db.query(`select cars_per_minute from ${names.progress} where run_id = $1::text::uuid`, [
        runId,
      ])
      assert.equal(row!.cars_per_minute, null)
    })

    it('tells of a run that has ended what the report tells, with no speed and no estimate', async () => {
      const { names, lease, runId, context } = await begin(db)
      await savePlan(db, lease, runId, PLAN)
      await commitPages(db, context, batchOf(1, [writeOf('a'), writeOf('b')]))
      await writeProgress(db, names, lease, runId, 'running', PROGRESS)
      await finishRun(db, names, lease, runId, finishOf())
      await releaseLease(db, lease)
      const live = (await readLive(db, names))!
      const report = (await readReport(db, names, null))!
      assert.deepEqual(
        [live.status, live.cars, live.pages, live.requests, live.learned, live.startedAt, live.finishedAt],
        ['complete', report.cars, report.pages, report.requests, report.learned, report.startedAt, report.finishedAt],
      )
      assert.equal(live.cars.seen, 2)
      assert.deepEqual([live.carsPerSecond, live.requestsPerSecond, live.etaMs], [0, 0, null])
      assert.deepEqual([live.lease, live.isAlive], [null, false])
    })

    it('shows nothing of the run before', async () => {
      const first = await begin(db)
      await writeProgress(db, first.names, first.lease, first.runId, 'running', PROGRESS)
      await finishRun(db, first.names, first.lease, first.runId, finishOf())
      await releaseLease(db, first.lease)
      const { names, runId } = await begin(db, { source: first.source })
      const live = (await readLive(db, names))!
      assert.deepEqual([live.runId, live.cars.seen, live.segments, live.etaMs], [runId, 0, [], null])
    })
  })
}
