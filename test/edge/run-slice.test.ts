/** One slice: what it does when others were quicker, and when it cannot go on. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startDemoThread } from '../../demo/demo-thread.ts'
import { realWorld, type Store, sourceNamed, storeOver } from '../../src/mod.ts'
import { openDatabase } from '../../src/node.ts'
import { openMeter } from '../../supabase/functions/cars-sync/meter.ts'
import { startSlice } from '../../supabase/functions/cars-sync/run-slice.ts'
import { readSettings } from '../../supabase/functions/cars-sync/settings.ts'
import { newMigratedUrl } from '../support/databases.ts'

const demo = await startDemoThread({ cars: 200, maxPageSize: 100 })
after(() => demo.close())

const scene = async () => {
  const databaseUrl = await newMigratedUrl()
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  after(() => db.close())
  const settings = readSettings({
    DATABASE_URL: databaseUrl,
    API_BASE_URL: demo.url,
    API_KEY: 'canary-key-canary-key',
    CARS_SYNC_SECRET: 'open-sesame',
  })
  const limits = { cpuMs: 1000, askUntil: Number.POSITIVE_INFINITY, memoryBytes: 1, firstPageMs: 1 }
  const store = storeOver(db, { schema: 'public', source: settings.options.source }, realWorld)
  const begin = async (over: Store) =>
    startSlice({
      settings,
      store: over,
      source: sourceNamed(settings.options.source),
      due: (await store.due())!,
      // A clock that stands still: the slice ends for no reason of its own.
      meter: openMeter(
        limits,
        () => 0,
        () => 0,
      ),
      over: new AbortController().signal,
    })
  const holder = async (): Promise<string> => (await db.query('select holder from carsync.lease'))[0]!.holder
  return { db, store, begin, holder }
}

describe('a slice', () => {
  it('begins nothing where somebody else has done what was due while it waited for the lease', async () => {
    const { db, store, begin, holder } = await scene()
    const first = await begin(store)
    assert.ok(first.kind === 'started')
    await first.done
    await db.query(`update carsync.runs set status = 'running'`)
    const late: Store = {
      ...store,
      takeLease: async (...args) => {
        await db.query(`update carsync.runs set status = 'complete', finished_at = clock_timestamp()`)
        return store.takeLease(...args)
      },
    }
    assert.deepEqual(await begin(late), { kind: 'idle' })
    assert.equal((await db.query('select from carsync.runs')).length, 1)
    assert.equal(await holder(), '')
  })

  it('gives the lease back where its order cannot be settled', async () => {
    const { store, begin, holder } = await scene()
    await store.placeOrder({ mode: 'full', fresh: true, priority: null })
    const broken: Store = { ...store, settleOrder: () => Promise.reject(new Error('the database is away')) }
    const slice = await begin(broken)
    assert.ok(slice.kind === 'started')
    await assert.rejects(slice.done, /the database is away/)
    assert.equal(await holder(), '')
  })
})
