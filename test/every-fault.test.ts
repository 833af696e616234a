/** All that can go wrong with a source, at once: the end is that of an undisturbed run. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DemoCar } from '../demo/demo-api.ts'
import type { Database } from '../src/store/database.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { startStorm, strikesIn, struckKinds, syncThrough } from './support/fault-storm.ts'
import { ascending, digestOfCars, storedIds } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

/** With this one every kind strikes three times within 185 requests. */
const SEED = 60

/** Some sixty pages, so that two hundred requests are made. Rows cost the embedded database much and change nothing here. */
const SIZE = { postgres: { cars: 1560, pageSize: 25 }, embedded: { cars: 650, pageSize: 12 } } as const

/** Distinct ids of the records that have one. */
const idsIn = (served: readonly { json: string }[]): number[] => {
  const ids = served.map(({ json }) => (JSON.parse(json) as { id?: number } | null)?.id)
  return ascending([...new Set(ids.filter((id) => id !== undefined))])
}

const rejectsOf = async (db: Database): Promise<string[]> => {
  const rows = await db.query(
    'select segment, page, position, source_id, reason, path, payload from carsync.rejects order by 1, 2, 3, 5',
  )
  return rows.map((row) => JSON.stringify(row))
}

// Side by side: most of the time is spent on answers that hang.
describe('every fault there is, 2.5% each, in a dirty inventory, loses nothing', { concurrency: true }, () => {
  for (const kind of databaseKinds)
    it(`on ${kind}`, async (t) => {
      const [db, calm, api] = await Promise.all([
        newDatabase(kind),
        newDatabase('postgres'),
        startStorm(SEED, 0.03, SIZE[kind]),
      ])
      t.after(() => api.close())
      const { summary, runs } = await syncThrough(db, api)
      assert.equal(summary.status, 'complete', summary.reason)

      const { faults: struck, requests } = await api.stats()
      t.diagnostic(
        `${requests} requests in ${runs} runs; ${JSON.stringify(struck)}; ${JSON.stringify(summary.requests)}`,
      )
      for (const fault of struckKinds) assert.ok(struck[fault]! > 0, `${fault} never struck`)
      // An end in the middle of the listing is a good answer by itself: only the run can tell.
      const strikes = strikesIn(struck) - struck.emptyEnd!
      const { ok } = summary.requests
      assert.ok(ok <= requests - strikes, `${ok} good answers of ${requests} requests, of which ${strikes} were struck`)

      await api.setFaults({})
      const undisturbed = await syncOnce({ db: calm, url: api.url })
      assert.equal(undisturbed.summary.status, 'complete')
      const served: DemoCar[] = []
      for await (const car of api.truth()) served.push(car)
      assert.deepEqual(await storedIds(db), idsIn(served))
      assert.deepEqual(await digestOfCars(db), await digestOfCars(calm))
      assert.deepEqual(await rejectsOf(db), await rejectsOf(calm))
      assert.deepEqual(summary.cars, undisturbed.summary.cars)
      assert.equal(summary.proof, undisturbed.summary.proof)
      // A false end that was said so often that it was believed is read again.
      const again = summary.pages.done - undisturbed.summary.pages.done
      assert.ok(again >= 0 && again <= 5, `${again} pages were read again`)
    })
})
