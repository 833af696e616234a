/** The real command, killed at any instant: the next one goes on, and the end is that of an undisturbed run. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DemoApi, startDemoApi } from '../demo/demo-api.ts'
import { randomStream } from '../demo/random.ts'
import type { Summary } from '../src/mod.ts'
import { openDatabase } from '../src/node.ts'
import type { Plan } from '../src/run/plan.ts'
import type { Database } from '../src/store/database.ts'
import { newDatabase, newPostgresUrl } from './support/databases.ts'
import { type Ended, spawnSync, summaryOf } from './support/spawn-sync.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const CARS = 3000
const PAGE = 50
const PAGES_AT_LEAST = CARS / PAGE
const SEED = 7

const begin = async (t: TestContext, dirty = 0): Promise<{ api: DemoApi; cwd: string }> => {
  const api = await startDemoApi({
    cars: CARS,
    maxPageSize: PAGE,
    dirty,
    latencyMs: 30,
    latencyJitterMs: 30,
    trackPages: true,
    clockAt: Date.UTC(2026, 8, 1),
  })
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-crash-'))
  t.after(async () => {
    await api.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  return { api, cwd }
}

/** Runs the command until the source has had `more` requests from it, then sends the signal. */
const disturbed = async (
  api: DemoApi,
  env: Record<string, string>,
  cwd: string,
  more: number,
  signal: 'SIGKILL' | 'SIGINT',
): Promise<Ended> => {
  const { requests } = await api.stats()
  const { child, ended } = spawnSync(env, cwd, ['--max-concurrency', '2'])
  while (child.exitCode === null && (await api.stats()).requests < requests + more) await sleep(1)
  child.kill(signal)
  return ended
}

/** The addresses of the pages that are committed, as the source counts them. */
const committedPages = async (db: Database): Promise<string[]> => {
  const [run] = await db.query('select plan::text from carsync.runs')
  if (!run?.plan) return []
  const plan = JSON.parse(run.plan) as Plan
  const pages = await db.query('select segment, page_size, page from carsync.pages')
  return pages.map((row) => {
    const { filter } = plan.segments.find((segment) => segment.name === row.segment)!
    const query = new URLSearchParams({ ...filter, page: row.page, per_page: row.page_size })
    query.sort()
    return `/api/cars?${query}`
  })
}

/** The rejects as a set: what was refused, where and why. */
const rejectsOf = (db: Database) =>
  db.query(
    `select segment, page_size, page, position, source_id, reason, path, payload from carsync.rejects
     order by segment, page_size, page, position`,
  )

/** The same cars, counts and rejects as a run of the same inventory from beginning to end. */
const assertUndisturbed = async (api: DemoApi, db: Database, { cars }: Summary): Promise<void> => {
  const other = await newDatabase('postgres')
  const { summary } = await syncOnce({ db: other, url: api.url })
  assert.equal(summary.status, 'complete')
  assert.deepEqual(cars, summary.cars)
  const found = await digestOfCars(db)
  assert.equal(found.cars, cars.seen)
  assert.deepEqual(found, await digestOfCars(other))
  assert.deepEqual(await rejectsOf(db), await rejectsOf(other))
  const [logged] = await db.query('select count(*)::int as n from car_changes')
  assert.equal(logged!.n, 0)
}

describe('a sync in a process of its own', { concurrency: true }, () => {
  it('ends, killed six times, as if nothing had been (Postgres)', async (t) => {
    const { api, cwd } = await begin(t, 0.05)
    const databaseUrl = await newPostgresUrl()
    const env = { API_BASE_URL: api.url, API_KEY: 'canary-key', DATABASE_URL: databaseUrl }
    const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
    t.after(() => db.close())
    const random = randomStream(SEED)
    /** How often a page had been fetched when it was first found committed. */
    const fetched = new Map<string, number>()
    const kills = 6
    const committed: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      const more = 4 + Math.floor(random() * 15)
      const { signal, stderr } = await disturbed(api, env, cwd, more, 'SIGKILL')
      assert.equal(signal, 'SIGKILL', `kill ${kill} (seed ${SEED}) came too late:\n${stderr}`)
      const { pages } = await api.stats()
      for (const page of await committedPages(db)) if (!fetched.has(page)) fetched.set(page, pages[page] ?? 0)
      committed.push(fetched.size)
    }
    assert.ok(new Set(committed).size >= 3, `kills at different stages, after ${committed} pages`)
    assert.ok(fetched.size < PAGES_AT_LEAST, `${fetched.size} pages committed before the last kill`)
    t.diagnostic(`killed after ${committed} committed pages`)

    const ended = await spawnSync(env, cwd).ended
    assert.equal(ended.code, 0, ended.stderr)
    const summary = summaryOf(ended)
    assert.equal(summary.status, 'complete')
    assert.equal(summary.resumed, true)
    assert.ok(summary.cars.seen > CARS * 0.98 && summary.cars.rejected > 0)
    const runs = await db.query('select status from carsync.runs')
    assert.deepEqual(runs, [{ status: 'complete' }], 'all of it was one run')

    const { pages } = await api.stats()
    for (const [page, before] of fetched)
      assert.equal(pages[page] ?? 0, before, `${page} was committed, yet asked again`)
    // A process that does not know the page size yet asks for one large page, and is given a small one.
    const large = Object.entries(pages).filter(([page]) => page.includes('per_page=1000'))
    const asked = large.reduce((sum, [, count]) => sum + count, 0)
    assert.ok(asked <= kills + 1, `${asked} large pages`)
    await assertUndisturbed(api, db, summary)
  })

  it('commits what it has when it is interrupted, exits with 3, and goes on (Postgres)', async (t) => {
    const { api, cwd } = await begin(t)
    const databaseUrl = await newPostgresUrl()
    const env = { API_BASE_URL: api.url, API_KEY: 'canary-key', DATABASE_URL: databaseUrl }
    const stopped = await disturbed(api, env, cwd, 25, 'SIGINT')
    assert.equal(stopped.code, 3, stopped.stderr)
    const summary = summaryOf(stopped)
    assert.equal(summary.status, 'incomplete')
    assert.equal(summary.reason, 'interrupted')
    assert.ok(summary.pages.done > 0 && summary.pages.done < PAGES_AT_LEAST)
    const ended = await spawnSync(env, cwd).ended
    assert.equal(ended.code, 0, ended.stderr)
    const resumed = summaryOf(ended)
    assert.equal(resumed.runId, summary.runId)
    assert.equal(resumed.proof, 'exact')
    assert.equal(resumed.cars.inserted, CARS)
    assert.equal(stopped.stderr.includes('canary-key') || ended.stderr.includes('canary-key'), false)
  })

  it('ends, killed once, as if nothing had been (embedded)', async (t) => {
    const { api, cwd } = await begin(t)
    const env = { API_BASE_URL: api.url, API_KEY: 'canary-key' }
    const { signal, stderr } = await disturbed(api, env, cwd, 30, 'SIGKILL')
    assert.equal(signal, 'SIGKILL', stderr)
    const ended = await spawnSync(env, cwd).ended
    assert.equal(ended.code, 0, ended.stderr)
    const summary = summaryOf(ended)
    assert.equal(summary.status, 'complete')
    assert.equal(summary.proof, 'exact')
    assert.equal(summary.resumed, true)
    assert.equal(summary.cars.inserted, CARS)
    const db = await openDatabase({ databaseUrl: null }, { embeddedFolder: join(cwd, '.carsync', 'db') })
    t.after(() => db.close())
    await assertUndisturbed(api, db, summary)
  })
})
