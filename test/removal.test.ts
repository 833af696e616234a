/** Whole syncs of a source that loses cars: what is proven gone is marked removed, and nothing else ever is. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type DemoApi, startDemoApi } from '../demo/demo-api.ts'
import type { DemoOptions } from '../demo/settings.ts'
import type { Decision } from '../src/decision/decide-removals.ts'
import { decideRemovals, realWorld, type Source, sources, storeOver } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { ascending } from './support/stored.ts'
import { type OnceSettings, syncOnce } from './support/sync-once.ts'

const source = async (t: TestContext, options: DemoOptions): Promise<DemoApi> => {
  const api = await startDemoApi({ seed: 5, maxPageSize: 200, ...options })
  t.after(() => api.close())
  return api
}

const idsWhere = async (db: Database, condition: string): Promise<number[]> => {
  const rows = await db.query(`select source_id from cars where ${condition} order by source_id::bigint`)
  return rows.map((row) => Number(row.source_id))
}

const removedIn = (db: Database) => idsWhere(db, 'removed_at is not null')
const livingIn = (db: Database) => idsWhere(db, 'removed_at is null')

const changesIn = async (db: Database, kind: string): Promise<number[]> => {
  const rows = await db.query('select source_id from car_changes where kind = $1 order by source_id::bigint', [kind])
  return rows.map((row) => Number(row.source_id))
}

/** A source that cannot be asked for a single car. */
const withoutLookup: Source = { ...sources.auctionsapi, lookup: null }

const syncWith = (db: Database, api: DemoApi, more: Partial<OnceSettings> = {}) =>
  syncOnce({ db, url: api.url, ...more })

const decide = async (db: Database, decision: Decision, runId: string) => {
  const store = storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld)
  const who = { holder: 'test', lengthMs: 2000, stop: new AbortController().signal }
  const answer = await decideRemovals(store, realWorld, who, decision, runId)
  if (answer.kind === 'held') throw new Error(`held by ${answer.holder}`)
  return answer.result
}

for (const kind of databaseKinds)
  test(`a few cars that go are asked for, marked, and relisted when they come back (${kind})`, async (t) => {
    const [db, api] = await Promise.all([newDatabase(kind), source(t, { cars: 1000 })])
    assert.equal((await syncWith(db, api)).summary.proof, 'exact')
    const gone = ascending(await api.remove(7))

    const { summary } = await syncWith(db, api)
    assert.deepEqual(
      [summary.status, summary.proof, summary.cars.removed, summary.heldRemovals],
      ['complete', 'exact', 7, 0],
    )
    assert.deepEqual(await removedIn(db), gone)
    assert.deepEqual(await changesIn(db, 'removed'), gone)
    const [row] = await db.query('select count(*)::int as n from carsync.missing')
    assert.equal(row!.n, 0, 'nothing is missing that was marked')

    const again = await syncWith(db, api)
    assert.equal(again.summary.cars.removed, 0, 'once is enough')
    assert.deepEqual(await changesIn(db, 'removed'), gone)

    const back = ascending(await api.restore(3))
    const third = await syncWith(db, api)
    assert.deepEqual([third.summary.cars.inserted, third.summary.cars.updated], [0, 3], 'the same rows')
    assert.deepEqual(await changesIn(db, 'relisted'), back)
    assert.deepEqual(await livingIn(db), ascending(await api.ids()))
  })

test('a source that cannot be asked by id: the second sweep that misses a car proves it gone', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 1000 })])
  const once = () => syncWith(db, api, { control: { source: withoutLookup } })
  await once()
  const gone = ascending(await api.remove(7))
  assert.equal((await once()).summary.cars.removed, 0)
  assert.deepEqual(await removedIn(db), [])
  // One of them is back before the second sweep, and is met there: it was never gone.
  const [back] = await api.restore(1)
  assert.equal((await once()).summary.cars.removed, 6)
  assert.deepEqual(
    await removedIn(db),
    gone.filter((id) => id !== back),
  )
  assert.deepEqual(await changesIn(db, 'relisted'), [])
})

test('a sweep that proves nothing removes nothing', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 1000 })])
  await syncWith(db, api)
  await api.remove(7)
  // A source that gives no totals proves nothing; that cars are gone is plain to see all the same.
  const mute: Source = { ...sources.auctionsapi, readCount: () => ({ kind: 'data', data: null }) }
  for (let sweep = 0; sweep < 3; sweep++) {
    const { summary } = await syncWith(db, api, { control: { source: mute } })
    assert.deepEqual([summary.status, summary.proof, summary.cars.removed], ['complete', 'none', 0])
  }
  const stopped = await syncWith(db, api, { control: { stop: AbortSignal.abort() } })
  assert.equal(stopped.summary.status, 'incomplete')
  assert.deepEqual(await removedIn(db), [])
})

test('cars that the removal feed lists and that are there stay', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 600 })])
  const [first] = await api.ids()
  const { feeds } = sources.auctionsapi
  const lying: Source = {
    ...sources.auctionsapi,
    feeds: {
      ...feeds!,
      readGone: () => ({ kind: 'data', data: { gone: [{ sourceId: String(first), at: Date.now() }], hasNext: false } }),
    },
  }
  const once = (mode: 'full' | 'incremental') => syncWith(db, api, { control: { source: lying, mode } })
  for (const mode of ['full', 'incremental', 'full', 'incremental', 'full'] as const)
    assert.equal((await once(mode)).summary.status, 'complete')
  assert.deepEqual(await removedIn(db), [])
})

test('when the source has no car at all that is asked for by id, that removes nothing', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 600 })])
  const blind: Source = {
    ...sources.auctionsapi,
    lookup: { ...sources.auctionsapi.lookup!, read: () => ({ kind: 'data', data: false }) },
  }
  await syncWith(db, api)
  const gone = await api.remove(5)
  const { summary, events } = await syncWith(db, api, { control: { source: blind } })
  assert.equal(summary.cars.removed, 0)
  assert.ok(events.some((event) => event.kind === 'note' && /no car at all when asked by id/.test(event.message)))
  // The second sweep that misses them is proof enough.
  assert.equal((await syncWith(db, api, { control: { source: blind } })).summary.cars.removed, 5)
  assert.deepEqual(await removedIn(db), ascending(gone))
})

test('a source that fails whenever it is asked by id is asked a few times, not until it counts as dead', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 600 })])
  let asked = 0
  const broken: Source = {
    ...sources.auctionsapi,
    lookup: {
      ...sources.auctionsapi.lookup!,
      read: () => {
        asked++
        return { kind: 'retry', why: 'made up' }
      },
    },
  }
  await syncWith(db, api)
  await api.remove(30)
  const { summary } = await syncWith(db, api, { control: { source: broken }, world: fastWorld(30) })
  assert.deepEqual([summary.status, summary.proof, summary.cars.removed], ['complete', 'exact', 0])
  assert.ok(asked >= 3 && asked <= 9, `asked ${asked} times`)
})

test('many removals at once are held until somebody has looked', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 2000 })])
  await syncWith(db, api)
  const gone = ascending(await api.remove(150))
  await syncWith(db, api)
  const { summary } = await syncWith(db, api)
  assert.deepEqual(
    [summary.status, summary.proof, summary.heldRemovals, summary.cars.removed],
    ['complete', 'exact', 150, 0],
  )
  assert.deepEqual(await removedIn(db), [])

  // Held cars that are met again are not held any more; the rest is held by the latest sweep alone.
  const back = await api.restore(10)
  const { summary: later } = await syncWith(db, api)
  assert.equal(later.heldRemovals, 140)
  const store = storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld)
  const held = await store.heldRemovals()
  assert.deepEqual(
    held.map(({ runId, cars }) => [runId, cars]),
    [[later.runId, 140]],
  )
  const parts = held[0]!.segments.reduce((sum, { cars }) => sum + cars, 0)
  assert.equal(parts, 140)

  const left = gone.filter((id) => !back.includes(id))
  assert.deepEqual(await decide(db, 'approve', later.runId), { cars: 140, seenSince: 0 })
  assert.deepEqual(await removedIn(db), left)
  assert.equal((await store.report(later.runId))!.cars.removed, 140)
  assert.deepEqual(await decide(db, 'approve', later.runId), { cars: 0, seenSince: 0 }, 'again does no harm')

  assert.deepEqual(await decide(db, 'undo', later.runId), { cars: 140, seenSince: 0 })
  assert.deepEqual(await removedIn(db), [])
  assert.deepEqual(await changesIn(db, 'relisted'), left)
  assert.deepEqual(await decide(db, 'undo', later.runId), { cars: 0, seenSince: 0 })

  // Brought back by hand, they are exempt while the source does not show them.
  for (let sweep = 0; sweep < 3; sweep++) await syncWith(db, api)
  assert.deepEqual(await removedIn(db), [])
  assert.equal((await store.heldRemovals()).length, 0)
  // One that was shown again and goes again is judged like any other.
  const [shown] = await api.restore(1)
  await syncWith(db, api)
  await api.remove([shown!])
  await syncWith(db, api)
  assert.deepEqual(await removedIn(db), [shown])
})

test('what is held and discarded has to be proven anew', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 1000 })])
  await syncWith(db, api)
  await api.remove(80)
  await syncWith(db, api)
  const { summary } = await syncWith(db, api)
  assert.equal(summary.heldRemovals, 80)
  assert.deepEqual(await decide(db, 'discard', summary.runId), { cars: 80, seenSince: 0 })
  assert.equal((await syncWith(db, api)).summary.heldRemovals, 0)
  assert.equal((await syncWith(db, api)).summary.heldRemovals, 80)
  assert.deepEqual(await removedIn(db), [])
})

test('a brand that loses much is held although the inventory as a whole loses little', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 4000 })])
  await syncWith(db, api)
  const audis = await idsWhere(db, `make = 'Audi'`)
  const gone = audis.slice(0, 60)
  assert.ok(gone.length / 4000 < 0.05 && gone.length / audis.length > 0.2, `${audis.length} Audis`)
  await api.remove(gone)
  await syncWith(db, api)
  const { summary, events } = await syncWith(db, api)
  assert.deepEqual([summary.heldRemovals, summary.cars.removed], [60, 0])
  assert.ok(events.some((event) => event.kind === 'note' && /cars of Audi are gone/.test(event.message)))
})

test('--max-removals takes the place of the guard, both ways', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 1000 })])
  const once = (maxRemovals?: string) => syncWith(db, api, maxRemovals ? { options: { maxRemovals } } : {})
  await once()
  const first = await api.remove(3)
  assert.equal((await once('2')).summary.heldRemovals, 3)
  assert.equal((await once('0.1%')).summary.heldRemovals, 3)
  const { summary } = await once('1%')
  assert.deepEqual([summary.heldRemovals, summary.cars.removed], [0, 3])
  const second = await api.remove(100)
  await once()
  assert.equal((await once('100')).summary.cars.removed, 100)
  assert.deepEqual(await removedIn(db), ascending([...first, ...second]))
})
