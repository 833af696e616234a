import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { prune } from '../../src/store/prune.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { newSource } from './fixture.ts'

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  const addRun = async (
    source: string,
    status: string,
    age: string,
    { mode = 'full', pages = 1 } = {},
  ): Promise<string> => {
    const runId = randomUUID()
    await db.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed, started_at, last_commit_at)
       values ($1::text::uuid, $2, $3, $4, true, now() - $5::text::interval, now() - $5::text::interval)`,
      [runId, source, mode, status, age],
    )
    await db.query(
      `insert into carsync.pages (run_id, segment, page_size, page, read_at, is_last, records, inserted, updated, rejected, ids)
       select $1::text::uuid, 'all', 10, n, now(), false, 0, 0, 0, 0, '{}' from generate_series(1, $2::int) n`,
      [runId, pages],
    )
    return runId
  }
  const addReject = (source: string, runId: string, position: number, resolved: string | null) =>
    db.query(
      `insert into carsync.rejects (run_id, source, segment, page_size, page, position, reason, path, payload, resolved_at)
       values ($1::text::uuid, $2, 'all', 10, 1, $3::int, 'x', '', '', now() - $4::text::interval)`,
      [runId, source, position, resolved],
    )
  const pagesOf = async (runId: string): Promise<number> =>
    (await db.query('select count(*)::int as n from carsync.pages where run_id = $1::text::uuid', [runId]))[0]!.n
  const isThere = async (runId: string): Promise<boolean> =>
    (await db.query('select 1 from carsync.runs where run_id = $1::text::uuid', [runId])).length === 1

  describe(`prune on ${kind}`, () => {
    it('keeps the ledgers of the last two complete sweeps, of runs that may be resumed and of a run that is on', async () => {
      const source = newSource()
      const older = await addRun(source, 'complete', '9 days')
      const second = await addRun(source, 'complete', '8 days')
      const last = await addRun(source, 'complete', '7 days')
      const incremental = await addRun(source, 'complete', '1 day', { mode: 'incremental' })
      const stale = await addRun(source, 'incomplete', '7 hours')
      const resumable = await addRun(source, 'incomplete', '5 hours')
      const running = await addRun(source, 'running', '7 hours')
      await prune(db, source)
      const left = await Promise.all([older, second, last, incremental, stale, resumable, running].map(pagesOf))
      assert.deepEqual(left, [0, 1, 1, 0, 0, 1, 1])
      assert.equal(await isThere(older), true, 'the run itself is history for 90 days')
    })

    it('drops runs after 90 days, except those whose ledger or open rejects are still needed', async () => {
      const source = newSource()
      const old = await addRun(source, 'complete', '93 days')
      const needed = await addRun(source, 'complete', '92 days')
      const alsoNeeded = await addRun(source, 'complete', '91 days')
      const open = await addRun(source, 'abandoned', '95 days')
      await addReject(source, open, 1, null)
      const young = await addRun(source, 'abandoned', '89 days')
      await prune(db, source)
      const left = await Promise.all([old, needed, alsoNeeded, open, young].map(isThere))
      assert.deepEqual(left, [false, true, true, true, true])
    })

    it('drops rejects that were settled more than 30 days ago', async () => {
      const source = newSource()
      const run = await addRun(source, 'complete', '1 hour')
      for (const [position, resolved] of [null, '29 days', '31 days'].entries())
        await addReject(source, run, position, resolved)
      await prune(db, source)
      const left = await db.query('select position from carsync.rejects where source = $1 order by 1', [source])
      assert.deepEqual(left, [{ position: 0 }, { position: 1 }])
    })

    it('drops alerts that were settled more than 90 days ago, and no open one', async () => {
      const source = newSource()
      for (const [kind, resolved] of [
        ['open', null],
        ['young', '89 days'],
        ['old', '91 days'],
      ] as const)
        await db.query(
          `insert into carsync.alerts (id, source, kind, weight, message, body, opened_at, resolved_at)
           values (gen_random_uuid(), $1, $2, 'fault', '', '', now() - interval '200 days', now() - $3::text::interval)`,
          [source, kind, resolved],
        )
      await prune(db, source)
      const left = await db.query('select kind from carsync.alerts where source = $1 order by 1', [source])
      assert.deepEqual(left, [{ kind: 'open' }, { kind: 'young' }])
    })

    it('goes on until all that is old is gone, in statements of at most 500 rows', async () => {
      const source = newSource()
      const run = await addRun(source, 'failed', '1 day', { pages: 1203 })
      const counts: number[] = []
      const watched: typeof db = {
        ...db,
        query: async (statement, params) => {
          const rows = await db.query(statement, params)
          if (statement.includes('delete from carsync.pages')) counts.push(rows[0]!.n)
          return rows
        },
      }
      await prune(watched, source)
      assert.equal(await pagesOf(run), 0)
      assert.deepEqual(counts, [500, 500, 203])
    })

    it('leaves other sources alone', async () => {
      const [source, other] = [newSource(), newSource()]
      const theirs = await addRun(other, 'failed', '100 days')
      await prune(db, source)
      assert.equal(await pagesOf(theirs), 1)
    })
  })
}
