/** Health as the database tells it, which is asked for again and again while a run is on. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readHealth, realWorld, storeOver } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { writeProgress } from '../../src/store/progress.ts'
import { batchOf, begin, PROGRESS, writeOf } from '../store/fixture.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'

for (const kind of databaseKinds)
  it(`tells of the drift and the rejects of a run that is on without reading the ids of its ledger, on ${kind}`, async () => {
    const db = await newDatabase(kind)
    const { context, names, lease, runId, source } = await begin(db)
    const rejects = [{ position: 2, sourceId: null, reason: 'id_missing', path: 'id', payload: '{}' }]
    const batch = batchOf(1, [writeOf('1'), writeOf('2')], { rejects })
    await commitPages(db, context, { ...batch, drift: new Map([['unknown field a.b', 2]]) })
    await writeProgress(db, names, lease, runId, 'running', PROGRESS)
    const asked: string[] = []
    const listening: Database = {
      ...db,
      query: (statement, parameters) => {
        asked.push(statement)
        return db.query(statement, parameters)
      },
    }
    const store = storeOver({ ...listening, close: async () => {} }, { schema: 'public', source }, realWorld)
    const concerns = await readHealth(store, 26, Date.now())
    assert.deepEqual(
      concerns.map((each) => [each.kind, each.findings ?? null]),
      [
        ['rejects', null],
        ['drift', ['unknown field a.b']],
      ],
    )
    assert.ok(asked.length > 0)
    assert.deepEqual(
      asked.filter((statement) => /unnest|\bids\b/.test(statement)),
      [],
    )
  })
