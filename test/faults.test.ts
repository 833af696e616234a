/** Whole syncs against a source that misbehaves: nothing is lost, nothing is invented, and it ends. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import type { DemoOptions } from '../demo/settings.ts'
import type { SyncEvent } from '../src/events.ts'
import type { Plan } from '../src/run/plan.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { ownTime } from './support/own-time.ts'
import { ascending, digestOfCars, storedIds } from './support/stored.ts'
import { type OnceSettings, syncOnce } from './support/sync-once.ts'

/** The lease must outlast what a loaded machine makes of a fast clock. */
const SAFE_LEASE = { leaseSeconds: 600 }

/** A demo source that ends with the test. */
const source = async (t: TestContext, options: DemoOptions) => {
  const api = await startDemoApi({ seed: 3, clockAt: Date.UTC(2026, 9, 1), ...options })
  t.after(() => api.close())
  return api
}

/** Requests for pages of the listing, by address; those for totals and of the feed of changes left out. */
const pagesOf = (stats: { pages: Record<string, number> }): Record<string, number> =>
  Object.fromEntries(
    Object.entries(stats.pages).filter(([key]) => key.startsWith('/api/cars?') && !/simple_paginate|minutes/.test(key)),
  )

test('faults of ten kinds, 3% each, lose nothing, and each is counted once', async (t) => {
  const faults = {
    status500: 0.03,
    status503: 0.03,
    reset: 0.03,
    resetMid: 0.03,
    truncated: 0.03,
    html: 0.03,
    errorBody: 0.03,
    emptyPage: 0.03,
    wrongLength: 0.03,
    badGzip: 0.03,
  }
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 1500, maxPageSize: 25, faults })])
  const once = () => syncOnce({ db, url: api.url, options: SAFE_LEASE, world: fastWorld(10) })
  let { summary } = await once()
  // One page in 15,000 fails eight times in a row: then the run says so, and the next one goes on.
  for (let again = 0; again < 3 && summary.status === 'incomplete'; again++) ({ summary } = await once())
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  assert.deepEqual([summary.cars.seen, summary.cars.inserted, summary.cars.rejected], [1500, 1500, 0])
  const struck = (await api.stats()).faults
  for (const fault of ['truncated', 'emptyPage', 'errorBody', 'html']) assert.ok(struck[fault]! > 0, fault)
  const strikes = Object.values(struck).reduce((sum, count) => sum + count, 0)
  assert.equal(summary.requests.failed, strikes, 'every fault was noticed, and nothing else taken for one')
})

test('a limit without Retry-After is found out and obeyed', async (t) => {
  // In a time of its own: a busy machine would not come up to the limit, or in fits, and learn another one.
  const { world, db } = ownTime(await newDatabase('postgres'), 100)
  const limit = { kind: 'token-bucket', rate: 5, burst: 5 } as const
  const api = await startDemoApi({ cars: 3000, maxPageSize: 50, limit, limitHeaders: 'none' }, world.now)
  t.after(() => api.close())
  const { summary } = await syncOnce({ db, url: api.url, options: SAFE_LEASE, world })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  const stats = await api.stats()
  assert.ok(stats.byStatus['429']! > 0, 'the limit was met')
  assert.equal(summary.requests.limited, stats.byStatus['429'])
  assert.ok(summary.requests.limited < summary.requests.ok / 2, `${summary.requests.limited} refusals`)
  const learned = summary.learned.requestsPerSecond!
  assert.ok(learned > 3 && learned <= 6, `learned ${learned}/s`)
})

test('a page that stays dead leaves the run incomplete, named, with all else stored, and the next run heals it', async (t) => {
  const options = { cars: 5000, maxPageSize: 200 }
  const [db, sick] = await Promise.all([newDatabase('postgres'), source(t, { ...options, faults: { deadPages: '3' } })])
  const world = fastWorld(20)
  const beganAt = world.now()
  const { summary, events } = await syncOnce({ db, url: sick.url, options: SAFE_LEASE, world })
  assert.equal(summary.status, 'incomplete')
  assert.match(summary.reason!, /page 3 of .*could not be read/)
  const waits = events.reduce((sum, event) => sum + (event.kind === 'page-failed' ? event.retryInMs : 0), 0)
  const [run] = await db.query('select plan::text from carsync.runs')
  const plan = JSON.parse(run!.plan) as Plan
  const long = plan.segments.filter((segment) => segment.total! > 400)
  assert.ok(long.length > 0)
  for (const segment of long) assert.match(summary.reason!, new RegExp(`page 3 of ${segment.name}`))
  assert.ok(waits / long.length < 40_000, `${waits} ms of waiting for ${long.length} pages`)
  assert.ok(world.now() - beganAt < 200_000, 'and it did not hang beside that')

  // The same rows by another page size, which is alive.
  const dead = new Set<number>()
  for (const { filter } of long)
    for (const page of ['5', '6']) {
      const query = new URLSearchParams({ ...filter, per_page: '100', page })
      const body = (await (await fetch(`${sick.url}/cars?${query}`)).json()) as { data: { id: number }[] }
      for (const car of body.data) dead.add(car.id)
    }
  const all = ascending(await sick.ids())
  assert.ok(dead.size > 0 && dead.size <= 200 * long.length)
  assert.deepEqual(
    await storedIds(db),
    all.filter((id) => !dead.has(id)),
  )

  const { port } = new URL(sick.url)
  await sick.close()
  const well = await source(t, { ...options, port: Number(port), trackPages: true })
  const healed = await syncOnce({ db, url: well.url })
  assert.equal(healed.summary.status, 'complete')
  assert.equal(healed.summary.proof, 'exact')
  assert.equal(healed.summary.resumed, true)
  assert.equal(healed.summary.runId, summary.runId)
  assert.deepEqual(await storedIds(db), all)
  const fetched = Object.keys(pagesOf(await well.stats()))
  assert.deepEqual(
    fetched.map((key) => new URLSearchParams(key.split('?')[1]).get('page')),
    long.map(() => '3'),
    'only the dead pages are asked for',
  )
})

test('with a page that stays dead nothing is taken for removed, and a source that heals is complete again', async (t) => {
  const [db, api] = await Promise.all([newDatabase('postgres'), source(t, { cars: 2000, maxPageSize: 100 })])
  const first = await syncOnce({ db, url: api.url })
  assert.equal(first.summary.proof, 'exact')
  const all = await storedIds(db)
  await api.remove(7)
  const added = await api.add(3)
  await api.setFaults({ deadPages: '4', archiveLies: 0.01 })
  // Without brands that go first the listing is one segment, and so one page is dead.
  const options = { ...SAFE_LEASE, priority: '' }
  const sick = await syncOnce({ db, url: api.url, options, world: fastWorld(20) })
  assert.equal(sick.summary.status, 'incomplete')
  assert.match(sick.summary.reason!, /page 4 of .*could not be read/)
  assert.deepEqual([sick.summary.cars.removed, sick.summary.heldRemovals], [0, 0])
  const [removed] = await db.query('select count(*)::int as n from cars where removed_at is not null')
  assert.equal(removed!.n, 0)
  assert.deepEqual(
    await storedIds(db),
    ascending([...all, ...added]),
    'the new ones are at the end, behind the dead page',
  )

  await api.setFaults({})
  const well = await syncOnce({ db, url: api.url, options })
  assert.equal(well.summary.status, 'complete', well.summary.reason)
  assert.equal(well.summary.runId, sick.summary.runId)
  const held = await db.query('select source_id from cars where removed_at is null')
  for (const id of await api.ids())
    assert.ok(
      held.some((row) => Number(row.source_id) === id),
      `car ${id}`,
    )
})

test('a source that rejects large pages is asked for smaller ones, and next time at once', async (t) => {
  const [db, api] = await Promise.all([
    newDatabase('postgres'),
    source(t, { cars: 2000, maxPageSize: 100, rejectLargePages: true }),
  ])
  const { summary } = await syncOnce({ db, url: api.url })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.ok(summary.learned.pageSize <= 100 && summary.learned.pageSize > 50, `${summary.learned.pageSize}`)
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  const refused = (await api.stats()).byStatus['422']!
  assert.ok(refused <= 4, `${refused} pages were too large`)
  const second = await syncOnce({ db, url: api.url })
  assert.equal(second.summary.cars.unchanged, 2000)
  assert.equal((await api.stats()).byStatus['422'], refused)
})

test('a source that serves fewer rows than were asked for is believed', async (t) => {
  const [db, api] = await Promise.all([
    newDatabase('postgres'),
    source(t, { cars: 2000, maxPageSize: 50, trackPages: true }),
  ])
  const { summary } = await syncOnce({ db, url: api.url })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.equal(summary.learned.pageSize, 50)
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  const pages = pagesOf(await api.stats())
  for (const [page, count] of Object.entries(pages)) assert.equal(count, 1, page)
  assert.equal(Object.keys(pages).length, summary.pages.done, 'no page was fetched in vain')
})

test('a source without totals is read to its end, priority brands first', async (t) => {
  const [db, api] = await Promise.all([
    newDatabase('postgres'),
    source(t, { cars: 3000, maxPageSize: 100, totals: false, brandless: 10 }),
  ])
  const { summary } = await syncOnce({ db, url: api.url })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'none', 'without a total there is no proof')
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  assert.equal(summary.cars.seen, 3000)
  const [first] = await db.query('select segment from carsync.pages order by read_at limit 1')
  assert.equal(first!.segment, 'Audi')
})

const slow = { cars: 3000, maxPageSize: 50, trackPages: true, latencyMs: 20 }
const gently = { maxConcurrency: 2 }

/** Syncs until it is stopped, then to the end; the end state is that of an undisturbed run, and no page is read twice. */
const interrupted = async (t: TestContext, first: Partial<OnceSettings>, reason: RegExp): Promise<void> => {
  const [db, undisturbed, api] = await Promise.all([newDatabase('postgres'), newDatabase('postgres'), source(t, slow)])
  const { summary } = await syncOnce({ db, url: api.url, options: gently, ...first })
  assert.equal(summary.status, 'incomplete')
  assert.match(summary.reason!, reason)
  assert.ok(summary.pages.done > 0 && summary.pages.done < 60, `${summary.pages.done} pages`)
  const before = pagesOf(await api.stats())
  const committed = await db.query('select segment, page from carsync.pages')
  assert.equal(committed.length, summary.pages.done, 'the summary counts what was committed')
  assert.ok(Object.keys(before).length <= committed.length + 2, 'what had arrived was committed')

  const resumed = await syncOnce({ db, url: api.url })
  assert.equal(resumed.summary.status, 'complete')
  assert.equal(resumed.summary.proof, 'exact')
  assert.equal(resumed.summary.resumed, true)
  assert.equal(resumed.summary.runId, summary.runId)
  assert.equal(resumed.summary.cars.inserted, 3000, 'counts are those of the run over all its processes')
  const after = pagesOf(await api.stats())
  const twice = Object.entries(after).filter(([, count]) => count > 1)
  const inFlight = Object.keys(before).length - committed.length
  assert.ok(twice.length <= Math.max(0, inFlight), `fetched again: ${twice.map(([page]) => page).join(' ')}`)

  await syncOnce({ db: undisturbed, url: api.url })
  assert.deepEqual(await digestOfCars(db), await digestOfCars(undisturbed))
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
}

const atTenPages = (stop: AbortController) => (event: SyncEvent) => {
  if (event.kind === 'progress' && event.progress.pages.done >= 10) stop.abort()
}

test('a run that is stopped goes on where it was', async (t) => {
  const stop = new AbortController()
  await interrupted(t, { control: { stop: stop.signal }, onEvent: atTenPages(stop) }, /^interrupted$/)
})

test('a run whose time budget is used up goes on where it was', async (t) => {
  // Its clock is ours: what is too short for a page on a busy machine is enough for all on another.
  const over = new AbortController()
  const inTime = AbortSignal.timeout
  t.mock.method(AbortSignal, 'timeout', (ms: number) => (ms === 7 * 3_600_000 ? over.signal : inTime(ms)))
  const options = { ...gently, timeBudget: '7h' }
  await interrupted(t, { options, onEvent: atTenPages(over) }, /time budget/)
})
