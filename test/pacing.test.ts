/** Whole syncs at the pace that the source sets: what it asks for is obeyed, kept, and told. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import type { DemoOptions } from '../demo/settings.ts'
import type { SyncEvent } from '../src/events.ts'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { watchRefusals } from './support/limiters/watch-refusals.ts'
import { ownTime } from './support/own-time.ts'
import { ascending, storedIds } from './support/stored.ts'
import { type OnceSettings, syncOnce } from './support/sync-once.ts'

const refuse = (response: ServerResponse, status: number, headers: Record<string, string> = {}): true => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"message":"no"}')
  return true
}

/** Syncs in a time of its own with a source that answers after 60 ms of it. */
const limited = async (t: TestContext, options: DemoOptions) => {
  const { world, db } = ownTime(await newDatabase('postgres'), 60)
  const api = await startDemoApi(options, world.now)
  t.after(() => api.close())
  const once = (more: Partial<OnceSettings> = {}) =>
    syncOnce({ db, url: api.url, world, options: { leaseSeconds: 600 }, ...more })
  return { db, once }
}

const slowings = (events: readonly SyncEvent[]): number => events.filter(({ kind }) => kind === 'slowed').length

for (const limitHeaders of ['retry-after', 'retry-after-date'] as const)
  test(`a wait that the source asks for (${limitHeaders}) holds for every request`, async (t) => {
    const limit = { kind: 'token-bucket', rate: 30, burst: 5 } as const
    const { url, control } = await bentSource(t, { cars: 1500, maxPageSize: 20, latencyMs: 60, limit, limitHeaders })
    const db = await newDatabase('postgres')
    const { world, named, early } = watchRefusals()
    const { summary } = await syncOnce({ db, url, world })
    assert.equal(summary.status, 'complete')
    assert.ok(summary.requests.limited > 0)
    if (limitHeaders === 'retry-after') assert.ok(named() > 0)
    assert.equal(early(), 0)
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
  })

test('what was learned is kept: the next run is hardly refused, and says where it began', async (t) => {
  const limit = { kind: 'token-bucket', rate: 40, burst: 10 } as const
  const { once } = await limited(t, { cars: 4000, maxPageSize: 20, limit })
  const first = await once()
  assert.ok(first.summary.requests.limited > 0)
  assert.match(first.summary.learned.why, /^429 at [\d.]+\/s; (holding|finding out the limit, trying) [\d.]+\/s$/)
  const second = await once()
  const begun = second.events.find((event) => event.kind === 'progress')
  assert.match(begun?.kind === 'progress' ? begun.progress.pace.why : '', /learned last time$/)
  assert.ok(second.summary.requests.limited <= 3, `${second.summary.requests.limited} refused`)
  assert.equal(second.summary.proof, 'exact')
})

test('a run that was stopped leaves its pace behind for the one that takes over', async (t) => {
  const limit = { kind: 'token-bucket', rate: 30, burst: 10 } as const
  const { db, once } = await limited(t, { cars: 4500, maxPageSize: 20, limit })
  const stopping = new AbortController()
  const stopped = await once({
    control: { stop: stopping.signal },
    onEvent: (event) => {
      // Not before the limit was met.
      if (event.kind === 'progress' && event.progress.pages.done > 100) stopping.abort()
    },
  })
  assert.equal(stopped.summary.status, 'incomplete')
  const [kept] = await db.query(`select learned->'pace'->'limit'->>'kind' as kind from carsync.limits`)
  assert.notEqual(kept!.kind, 'none')
  const before = stopped.summary.requests.limited
  const { summary, events } = await once()
  const begun = events.find((event) => event.kind === 'progress')
  assert.match(begun?.kind === 'progress' ? begun.progress.pace.why : '', /learned last time$/)
  assert.equal(summary.resumed, true)
  assert.equal(summary.status, 'complete')
  assert.ok(summary.requests.limited - before <= 5, `${summary.requests.limited - before} refused`)
})

test('a daily quota that is used up ends the run with the time of its renewal, and the run is resumable', async (t) => {
  let asked = 0
  const { url } = await bentSource(t, { cars: 1000, maxPageSize: 20 }, (_request, response) => {
    asked++
    response.setHeader('ratelimit-policy', '"daily";q=30;w=86400')
    response.setHeader('ratelimit', `"daily";r=${Math.max(0, 30 - asked)};t=40000`)
    return asked > 30 && refuse(response, 429)
  })
  const db = await newDatabase('postgres')
  const { summary } = await syncOnce({ db, url })
  assert.equal(summary.status, 'incomplete')
  assert.match(summary.reason ?? '', /The quota is renewed at \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
  assert.ok(asked <= 31 + summary.requests.limited, `${asked} requests: it does not loop`)
  const [stored] = await db.query('select count(*)::int as n from cars')
  assert.ok(stored!.n > 0, 'what was read is stored')
})

test('a source that dies in mid-run is asked now and then, said so, and given up after the time that is set', async (t) => {
  let isDead = false
  let probes = 0
  const { url } = await bentSource(t, { cars: 2000, maxPageSize: 20 }, (_request, response) => {
    if (!isDead) return false
    probes++
    return refuse(response, 500)
  })
  const db = await newDatabase('postgres')
  const said = new Set<string>()
  const { summary } = await syncOnce({
    db,
    url,
    world: fastWorld(200),
    options: { leaseSeconds: 6000, giveUpSeconds: 300 },
    onEvent: (event) => {
      if (event.kind !== 'progress') return
      if (event.progress.pages.done > 10) isDead = true
      said.add(event.progress.pace.why)
    },
  })
  assert.equal(summary.status, 'incomplete')
  assert.match(
    summary.reason ?? '',
    /has not answered properly for \d+ min: given up \(CARSYNC_GIVE_UP_SECONDS\)\. What came last: .*500\b/,
  )
  assert.ok(
    [...said].some((why) => /^the source has not answered properly for .*; asking again/.test(why)),
    [...said].join(),
  )
  assert.ok(probes < 100, `${probes} requests at a dead source`)
  isDead = false
  const healed = await syncOnce({ db, url })
  assert.equal(healed.summary.resumed, true)
  assert.equal(healed.summary.proof, 'exact')
})

test('a limiter that says 503 without a time is found out like one that says 429', async (t) => {
  let tokens = 6
  const refill = setInterval(() => {
    tokens = Math.min(6, tokens + 1)
  }, 20)
  t.after(() => clearInterval(refill))
  const { url, control } = await bentSource(t, { cars: 3000, maxPageSize: 20, latencyMs: 10 }, (_request, response) => {
    if (tokens < 1) return refuse(response, 503)
    tokens--
    return false
  })
  const db = await newDatabase('postgres')
  const { summary, events } = await syncOnce({ db, url })
  assert.equal(summary.proof, 'exact')
  assert.ok(slowings(events) > 0)
  assert.equal(events.filter(({ kind }) => kind === 'page-dead').length, 0)
  assert.ok(summary.requests.failed < 0.2 * summary.requests.total, JSON.stringify(summary.requests))
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
})

test('a rate and a width that were asked for are kept', async (t) => {
  const sentAt: number[] = []
  let atOnce = 0
  let most = 0
  const { url } = await bentSource(t, { cars: 400, maxPageSize: 20, latencyMs: 30 }, (_request, response) => {
    sentAt.push(performance.now())
    most = Math.max(most, ++atOnce)
    response.once('close', () => atOnce--)
    return false
  })
  const db = await newDatabase('postgres')
  const { summary } = await syncOnce({ db, url, options: { maxRate: 40, maxConcurrency: 2 } })
  assert.equal(summary.status, 'complete')
  assert.ok(most <= 2, `${most} at once`)
  const seconds = (sentAt.at(-1)! - sentAt[0]!) / 1000
  assert.ok((sentAt.length - 1) / seconds <= 41, `${sentAt.length} requests in ${seconds} s`)
  assert.match(summary.learned.why, /^40\/s, as asked for$/)
})

test('a page size that was asked for once is not kept for the next run', async (t) => {
  const { url } = await bentSource(t, { cars: 2000 })
  const db = await newDatabase('postgres')
  const small = await syncOnce({ db, url, options: { pageSize: 100 } })
  assert.equal(small.summary.learned.pageSize, 100)
  const { summary } = await syncOnce({ db, url })
  assert.equal(summary.learned.pageSize, 1000)
})
