/** Incremental runs: what changed since the last covered instant, and when a full sweep is due instead. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type DemoApi, startDemoApi } from '../demo/demo-api.ts'
import type { DemoOptions } from '../demo/settings.ts'
import { readHealth } from '../src/alert/read-health.ts'
import type { RequestCounts } from '../src/events.ts'
import { realWorld, type Source, sources, storeOver } from '../src/node.ts'
import { howMany } from '../src/run/durations.ts'
import type { Database } from '../src/store/database.ts'
import { bentSource } from './support/bent-source.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { ascending, digestOfCars, storedIds } from './support/stored.ts'
import { type OnceSettings, syncOnce } from './support/sync-once.ts'

const HOUR_MS = 3_600_000

const begin = async (t: TestContext, kind: 'postgres' | 'embedded', options: DemoOptions = {}) => {
  const [db, api] = await Promise.all([
    newDatabase(kind),
    startDemoApi({ seed: 9, cars: 1000, maxPageSize: 100, ...options }),
  ])
  t.after(() => api.close())
  const once = (mode: 'auto' | 'incremental' | 'full' = 'auto', more: Partial<OnceSettings> = {}) =>
    syncOnce({ db, url: api.url, ...more, control: { mode, ...more.control } })
  return { db, api, once }
}

/** The clock of a source that has to catch up so many hours with ours. */
const hoursAgo = (hours: number): DemoOptions => ({ clockAt: Date.now() - hours * HOUR_MS })

/** How often a single car was asked for. */
const lookUps = async (api: DemoApi): Promise<number> =>
  Object.keys((await api.stats()).pages).filter((key) => /^\/api\/cars\/\d+$/.test(key)).length

const storeOf = (db: Database) => storeOver(db, { schema: 'public', source: 'auctionsapi' }, realWorld)
const coverageOf = (db: Database) => storeOf(db).modeState()
/** How the latest run is judged for want of a feed. */
const feedConcern = async (db: Database) =>
  (await readHealth(storeOf(db), 26, Date.now())).find(({ kind }) => kind === 'feed')?.weight

for (const kind of databaseKinds)
  test(`between full sweeps only what changed is read (${kind})`, async (t) => {
    const { db, api, once } = await begin(t, kind)
    assert.equal((await once()).summary.mode, 'full', 'there was none yet')
    const changed = await api.change({ share: 0.03, seed: 4 })
    const added = await api.add(5)
    const before = (await api.stats()).requests
    const { summary } = await once()
    assert.deepEqual([summary.mode, summary.status, summary.proof], ['incremental', 'complete', 'none'])
    assert.equal(summary.cars.seen, changed.length + added.length)
    assert.equal(summary.cars.inserted, 5)
    assert.equal(summary.cars.updated, changed.length)
    assert.ok((await api.stats()).requests - before <= 8, 'a handful of requests')
    assert.deepEqual(await storedIds(db), ascending(await api.ids()))
    const listed = await db.query(`select source_id from car_changes where kind = 'listed' order by source_id::bigint`)
    assert.deepEqual(
      listed.map((row) => Number(row.source_id)),
      ascending(added),
    )

    const nothing = await once()
    assert.deepEqual(
      [nothing.summary.mode, nothing.summary.cars.inserted, nothing.summary.cars.updated],
      ['incremental', 0, 0],
    )

    // The end is that of a mirror that was made in one go.
    const other = await newDatabase('postgres')
    await syncOnce({ db: other, url: api.url })
    assert.deepEqual(await digestOfCars(db), await digestOfCars(other))
  })

test('a car that the source says has gone is marked by the next sweep that proves it, not before', async (t) => {
  const { db, api, once } = await begin(t, 'postgres', { trackPages: true })
  await once()
  const gone = ascending(await api.remove(4))
  const { summary, events } = await once('incremental')
  assert.deepEqual([summary.status, summary.cars.removed], ['complete', 0])
  assert.ok(events.some((event) => event.kind === 'note' && /4 cars have gone/.test(event.message)))
  const removed = () => db.query('select source_id from cars where removed_at is not null order by source_id::bigint')
  assert.equal((await removed()).length, 0)
  const before = await lookUps(api)
  assert.ok(before >= 4)
  assert.equal((await once('full')).summary.cars.removed, 4)
  assert.deepEqual(
    (await removed()).map((row) => Number(row.source_id)),
    gone,
  )
  assert.equal(await lookUps(api), before, 'they were asked for already')
})

test('the feed is asked for as far back as something is not covered, and a little more', async (t) => {
  const { db, api, once } = await begin(t, 'postgres', hoursAgo(8))
  await once()
  await api.advanceClock(3 * HOUR_MS)
  const early = await api.change({ share: 0.02, seed: 1 })
  await api.advanceClock(5 * HOUR_MS)
  const late = await api.change({ share: 0.02, seed: 2 })
  const { summary } = await once()
  assert.equal(summary.mode, 'incremental')
  assert.equal(summary.cars.updated, new Set([...early, ...late]).size, 'also what changed five hours ago')
  const { coverage } = await coverageOf(db)
  const [from, to] = [Math.min(...coverage.map((each) => each.from)), Math.max(...coverage.map((each) => each.to))]
  assert.ok(to - from >= 8 * HOUR_MS - 2000)
})

test('a full sweep is due after a day, and when the feed does not go back far enough', async (t) => {
  const yesterday = await begin(t, 'postgres', hoursAgo(23))
  await yesterday.once()
  assert.equal((await yesterday.once()).summary.mode, 'incremental')
  const older = await begin(t, 'postgres', hoursAgo(25))
  await older.once()
  assert.equal((await older.once()).summary.mode, 'full')

  const { once } = await begin(t, 'postgres', hoursAgo(80))
  await once()
  const { summary, events } = await once('incremental')
  assert.equal(summary.mode, 'full', 'the feed has 72 hours')
  assert.ok(events.some((event) => event.kind === 'note' && /does not go back far enough/.test(event.message)))
})

test('an incremental run asked for before any full sweep becomes one', async (t) => {
  const { once } = await begin(t, 'postgres')
  const { summary, events } = await once('incremental')
  assert.deepEqual([summary.mode, summary.proof], ['full', 'exact'])
  assert.ok(events.some((event) => event.kind === 'note' && /no complete sweep yet/.test(event.message)))
})

test('what an interrupted incremental run has left out is read by the next one', async (t) => {
  const { db, api, once } = await begin(t, 'postgres', { latencyMs: 20 })
  await once()
  await api.change({ share: 0.5, seed: 3 })
  const stop = new AbortController()
  const stopped = await once('auto', {
    control: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind === 'planned') stop.abort()
    },
  })
  assert.equal(stopped.summary.status, 'incomplete')
  const covered = await coverageOf(db)
  assert.equal(covered.coverage.length, 1, 'only the full sweep covers anything')
  const { summary } = await once()
  assert.deepEqual([summary.mode, summary.status], ['incremental', 'complete'])
  const other = await newDatabase('postgres')
  await syncOnce({ db: other, url: api.url })
  assert.deepEqual(await digestOfCars(db), await digestOfCars(other))
})

test('a feed that is longer than a slice is read by several, each going on where the one before ended', async (t) => {
  const { db, api, once } = await begin(t, 'postgres')
  await once()
  await api.change({ share: 0.9, seed: 4 })
  const PAGES_A_SLICE = 3
  const before = (await api.stats()).requests
  let slices = 0
  for (;;) {
    let left = PAGES_A_SLICE
    const mayAsk = (inHand: number): boolean => inHand === 0 && left-- > 0
    const { summary } = await once('auto', { control: { slice: { mayAsk, over: new AbortController().signal } } })
    assert.equal(summary.mode, 'incremental')
    assert.ok(++slices < 60, 'it comes to an end')
    if (summary.status === 'complete') break
  }
  const [ledger] = await db.query(
    `select count(distinct sweep)::int as passes, count(*)::int as pages, count(distinct page)::int as each
     from carsync.pages where run_id = (select run_id from carsync.runs order by started_at desc limit 1)`,
  )
  assert.deepEqual(
    ledger,
    { passes: 2, pages: ledger!.each * 2, each: ledger!.each },
    'two passes, each page once in each',
  )
  assert.ok(slices >= ledger!.pages / PAGES_A_SLICE)
  assert.ok((await api.stats()).requests - before < ledger!.pages + slices * 6)
  const other = await newDatabase('postgres')
  await syncOnce({ db: other, url: api.url })
  assert.deepEqual(await digestOfCars(db), await digestOfCars(other))
})

test('an unfinished full sweep is taken up before anything else is done', async (t) => {
  const { db, api, once } = await begin(t, 'postgres', { latencyMs: 10 })
  await once()
  const stop = new AbortController()
  const half = await once('full', {
    control: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind === 'planned') stop.abort()
    },
  })
  assert.equal(half.summary.status, 'incomplete')
  const { summary } = await once()
  assert.deepEqual([summary.mode, summary.resumed, summary.runId], ['full', true, half.summary.runId])
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
})

test('a source without feeds is read in full each time', async (t) => {
  const { once } = await begin(t, 'postgres')
  const mute: Source = { ...sources.auctionsapi, feeds: null }
  for (let run = 0; run < 2; run++) {
    const { summary } = await once('auto', { control: { source: mute } })
    assert.deepEqual([summary.mode, summary.proof], ['full', 'exact'])
  }
})

test('the incremental run does not settle the rejects of a sweep', async (t) => {
  const { db, api, once } = await begin(t, 'postgres', { dirty: 0.05 })
  await once()
  const open = async () =>
    (await db.query('select count(*)::int as n from carsync.rejects where resolved_at is null'))[0]!.n
  const before = await open()
  assert.ok(before > 0)
  await api.change({ share: 0.01, seed: 8 })
  await once('incremental')
  assert.ok((await open()) >= before)
})

for (const cars of [1200, 800])
  test(`a source that has become another inventory, of ${cars} cars instead of 1000, is read in full`, async (t) => {
    const { db, once } = await begin(t, 'postgres')
    await once()
    const other = await startDemoApi({ seed: 9, cars, maxPageSize: 100 })
    t.after(() => other.close())
    const { summary, events } = await once('incremental', { url: other.url })
    assert.deepEqual([summary.mode, summary.status, summary.proof], ['full', 'complete', 'exact'])
    assert.equal(summary.cars.seen, cars)
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))
    assert.equal(
      notes[0],
      `The source has ${cars} cars, where 1000 were known and 0 came or changed: reading everything.`,
    )
    assert.ok((await storedIds(db)).length >= cars)
    assert.equal((await once('auto', { url: other.url })).summary.mode, 'incremental', 'now it is known')
  })

test('a source whose clock has gone back is read in full, once: its feed would leave out what came since', async (t) => {
  const { db, once } = await begin(t, 'postgres', { clockAt: Date.now() + HOUR_MS })
  await once()
  const right = await startDemoApi({ seed: 9, cars: 1000, maxPageSize: 100 })
  t.after(() => right.close())
  const changed = await right.change({ share: 0.03, seed: 4 })
  await right.advanceClock(15 * 60_000)
  const { summary, events } = await once('incremental', { url: right.url })
  assert.deepEqual([summary.mode, summary.status, summary.cars.updated], ['full', 'complete', changed.length])
  assert.ok(
    events.some((event) => event.kind === 'note' && /clock of the source has gone back/.test(event.message)),
    'it says why',
  )
  assert.equal((await once('auto', { url: right.url })).summary.mode, 'incremental', 'now its clock is known')
  assert.equal((await coverageOf(db)).coverage.filter(({ kind }) => kind === 'full').length, 1)
})

test('where the table of cars was emptied everything is read, once', async (t) => {
  const { db, api, once } = await begin(t, 'postgres')
  await once()
  await db.query('truncate cars')
  const { summary, events } = await once('incremental')
  assert.deepEqual([summary.mode, summary.status, summary.cars.inserted], ['full', 'complete', 1000])
  assert.ok(events.some((event) => event.kind === 'note' && /^No car of auctionsapi is stored any/.test(event.message)))
  assert.deepEqual(await storedIds(db), ascending(await api.ids()))
  assert.equal((await once('incremental')).summary.mode, 'incremental')
})

test('what the feed of changes tells is no other inventory, nor is what earlier incremental runs have found', async (t) => {
  const { api, once } = await begin(t, 'postgres')
  await once()
  for (let run = 0; run < 2; run++) {
    await api.add(100)
    const { summary } = await once('incremental')
    assert.deepEqual([summary.mode, summary.cars.inserted], ['incremental', 100])
  }
  assert.equal((await once('incremental')).summary.mode, 'incremental')
})

/**
 * A mirror of a source whose feed of changes answers with an error from now on; `pages`: but still tells how long it is; `later`:
 * and still shows as many pages.
 */
const feedless = async (
  t: TestContext,
  status = 404,
  refused: 'all' | 'pages' | 'later' = 'all',
  { pages = 0, world = fastWorld(100) } = {},
) => {
  let hasFeed = true
  let shown = 0
  const { url, control } = await bentSource(
    t,
    { cars: 300, maxPageSize: 50, clockAt: undefined as never },
    (request, response) => {
      if (hasFeed || !request.url!.includes('/cars?minutes=')) return false
      if (refused !== 'all' && request.url!.includes('simple_paginate')) return false
      if (refused === 'later' && shown++ < pages) return false
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"Not found"}')
      return true
    },
  )
  const db = await newDatabase('postgres')
  const once = () => syncOnce({ db, url, world, options: { leaseSeconds: 6000 }, control: { mode: 'auto' } })
  await once()
  /** As if the last sweep had taken so long, and was begun so long ago. */
  const sweptFor = (tookMs: number, agoMs: number) =>
    Promise.all([
      db.query('update carsync.runs set active_ms = $1', [tookMs]),
      db.query(
        `update carsync.coverage set from_at = now() - $1 * interval '1 ms', to_at = now() - $1 * interval '1 ms'`,
        [agoMs],
      ),
    ])
  hasFeed = false
  const mend = () => {
    hasFeed = true
  }
  return { db, url, control, once, sweptFor, mend }
}

for (const [status, refused] of [
  [404, 'all'],
  [403, 'all'],
  [404, 'pages'],
  [403, 'pages'],
] as const)
  test(`where the feed of changes is gone everything is read instead, each time (${status}, ${refused})`, async (t) => {
    const { db, control, once, sweptFor } = await feedless(t, status, refused)
    for (let run = 0; run < 2; run++) {
      await sweptFor(1000, 15 * 60_000)
      control.add(3)
      const { summary, events } = await once()
      assert.deepEqual([summary.mode, summary.status, summary.cars.inserted], ['full', 'complete', 3], summary.reason)
      const note = events.find((event) => event.kind === 'note' && /reading everything/.test(event.message))
      assert.ok(note?.kind === 'note')
      assert.equal(await feedConcern(db), 'notice')
      assert.match(note.message, new RegExp(`^The source shows no feed of changes \\(.*HTTP ${status}`))
    }
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
  })

for (const status of [404, 403, 410])
  test(`a feed that is refused after some of its pages were read is followed by a run that reads everything (${status})`, async (t) => {
    const { db, url, control, once, sweptFor } = await feedless(t, status, 'later', { pages: 4, world: realWorld })
    await sweptFor(1000, 15 * 60_000)
    control.add(3)
    control.change({ share: 0.5, seed: 3 })
    const { summary, events } = await once()
    assert.deepEqual([summary.mode, summary.status], ['full', 'complete'], summary.reason)
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))
    assert.match(notes[0]!, new RegExp(`^The source shows no feed of changes .*HTTP ${status}.*: reading everything`))
    assert.equal(events.filter(({ kind }) => kind === 'finished').length, 1)
    assert.equal(await feedConcern(db), 'notice')
    const runs = await db.query(
      'select mode, status, reason, requests from carsync.runs order by started_at desc limit 2',
    )
    assert.deepEqual(
      runs.map((run) => [run.mode, run.status]),
      [
        ['full', 'complete'],
        ['incremental', 'abandoned'],
      ],
    )
    assert.match(runs[1]!.reason, /Everything is read by the run that follows$/)
    const each = runs.map((run) => run.requests as RequestCounts)
    const inAll = (count: 'total' | 'ok' | 'failed') => each.reduce((sum, run) => sum + run[count], 0)
    const { requests } = summary
    assert.ok(each.every((run) => run.total > 0))
    assert.deepEqual([requests.total, requests.ok, requests.failed], [inAll('total'), inAll('ok'), inAll('failed')])
    assert.equal(
      howMany(requests.answerTimes!),
      each.reduce((sum, run) => sum + howMany(run.answerTimes!), 0),
    )
    const other = await newDatabase('postgres')
    await syncOnce({ db: other, url })
    assert.deepEqual(await digestOfCars(db), await digestOfCars(other))
  })

test('reading everything for lack of a feed takes a tenth of the time at most: until then it fails, and says when', async (t) => {
  const { once, sweptFor } = await feedless(t)
  await sweptFor(60_000, 9 * 60_000)
  const { summary } = await once()
  assert.deepEqual([summary.mode, summary.status], ['incremental', 'failed'])
  assert.match(summary.reason!, /no feed of changes .*HTTP 404.* after \d{4}-\d\d-\d\d \d\d:\d\d UTC, or with --full/)
  await sweptFor(60_000, 11 * 60_000)
  assert.deepEqual((await once()).summary.mode, 'full')
})

for (const [status, refused] of [
  [500, 'all'],
  [400, 'all'],
  [500, 'pages'],
  [400, 'pages'],
] as const)
  test(`a feed that fails is asked for a moment, and the next run reads everything instead (${status}, ${refused})`, async (t) => {
    const { db, control, once, sweptFor, mend } = await feedless(t, status, refused)
    for (let run = 0; run < 2; run++) {
      await sweptFor(1000, 15 * 60_000)
      control.add(3)
      const { summary } = await once()
      assert.deepEqual([summary.mode, summary.status], ['incremental', 'incomplete'], summary.reason)
      assert.match(
        summary.reason!,
        new RegExp(`no feed of changes .*HTTP ${status}.* by the next sync, or with --full$`),
      )
      assert.doesNotMatch(summary.reason!, /given up/, 'not for as long as a dead source is waited for')

      assert.equal(await feedConcern(db), 'fault')
      const { summary: instead, events } = await once()
      assert.deepEqual([instead.mode, instead.status, instead.cars.inserted], ['full', 'complete', 3], instead.reason)
      assert.equal(await feedConcern(db), 'notice')
      assert.equal(instead.learned.pageSize, 50, 'a feed that is refused tells nothing of pages')
      assert.ok(events.some((event) => event.kind === 'note' && /no feed.*: reading everything/.test(event.message)))
    }
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
    mend()
    assert.deepEqual([(await once()).summary.mode, (await once()).summary.status], ['incremental', 'complete'])
    assert.equal(await feedConcern(db), undefined)
  })

for (const refused of ['all', 'pages'] as const)
  test(`a feed that alone is refused is given up when the listing was answered each time in between (429, ${refused})`, async (t) => {
    const { db, control, once, sweptFor } = await feedless(t, 429, refused)
    await sweptFor(1000, 15 * 60_000)
    control.add(3)
    const { summary } = await once()
    assert.deepEqual([summary.mode, summary.status], ['incremental', 'incomplete'], summary.reason)
    assert.match(summary.reason!, /no feed of changes .*HTTP 429.* by the next sync, or with --full$/)
    assert.ok(summary.requests.limited <= 12, `refused ${summary.requests.limited} times`)
    const { summary: instead } = await once()
    assert.deepEqual([instead.mode, instead.status, instead.cars.inserted], ['full', 'complete', 3], instead.reason)
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
  })

test('a sweep that finds the feed failing is left to the next one, which does without', async (t) => {
  const { db, once, sweptFor } = await feedless(t, 500)
  await sweptFor(1000, 25 * HOUR_MS)
  const { summary } = await once()
  assert.deepEqual([summary.mode, summary.status], ['full', 'incomplete'])
  await db.query(`update carsync.runs set last_commit_at = last_commit_at - interval '7 hours'`)
  const { summary: next } = await once()
  assert.deepEqual([next.mode, next.status, next.resumed], ['full', 'complete', false])
})
