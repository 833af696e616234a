/** The example page for a front end on Supabase, in a real browser with the real supabase-js, on a stand-in for Supabase. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { startDemoApi } from '../../demo/demo-api.ts'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { migrate } from '../../src/store/migrate.ts'
import { assertAccessible, assertFits, BROWSER, hasBrowser, launch, picture } from '../dashboard/browser.ts'
import { startPostgres } from '../support/postgres.ts'
import { spawnSync } from '../support/spawn-sync.ts'
import { standInForSupabase } from './supabase-stand-in.ts'

const FOLDER = join(import.meta.dirname, '../../examples/live-progress')
const PAGE = 'https://front-end.example'
const SUPABASE = 'https://project.supabase.example'
const CDN = 'https://cdn.jsdelivr.net/npm/@supabase/supabase-js@2/+esm'
const CARS = 1000

const skip = hasBrowser
  ? false
  : `There is no browser at ${BROWSER}: install Debian's chromium, or name one in CARSYNC_BROWSER`

/** The package as it was published, in place of the CDN's copy of it. */
const supabaseJs = (): string => {
  const packed = createRequire(import.meta.url).resolve('@supabase/supabase-js/dist/umd/supabase.js')
  return `${readFileSync(packed, 'utf8')}\nexport const { createClient } = supabase`
}

/** The folder as a web server would serve it, with the settings of a project. Whatever else is asked for is a complaint. */
const serveExample = async (page: Page, complaints: string[]): Promise<void> => {
  await page.route('**', async (route) => {
    complaints.push(`asked for ${route.request().url()}`)
    await route.abort()
  })
  await page.route(`${PAGE}/favicon.ico`, (route) => route.fulfill({ status: 204 }))
  await page.route(`${PAGE}/*`, async (route) => {
    const file = new URL(route.request().url()).pathname.slice(1) || 'index.html'
    if (file === 'favicon.ico') return route.fulfill({ status: 204 })
    if (file !== 'settings.js') return route.fulfill({ path: join(FOLDER, file) })
    const settings = readFileSync(join(FOLDER, file), 'utf8').replace('https://your-project.supabase.co', SUPABASE)
    return route.fulfill({ body: settings, contentType: 'text/javascript' })
  })
  await page.route(CDN, (route) =>
    route.fulfill({
      body: supabaseJs(),
      contentType: 'text/javascript',
      headers: { 'access-control-allow-origin': '*' },
    }),
  )
}

/** What its README has the owner run. */
const grants = (): string => /```sql\n([^`]*)```/.exec(readFileSync(join(FOLDER, 'README.md'), 'utf8'))![1]!

test('the example page follows a sync from start to end', { skip, timeout: 120_000 }, async (t) => {
  const api = await startDemoApi({
    cars: CARS,
    seed: 5,
    maxPageSize: 50,
    limit: { kind: 'token-bucket', rate: 5, burst: 4 },
    limitHeaders: 'retry-after',
  })
  t.after(() => api.close())
  // One after the other, the last first: who is connected leaves before the server does.
  await using ends = new AsyncDisposableStack()
  const postgres = await startPostgres()
  ends.defer(() => postgres.close())
  const db = await openDatabase({ databaseUrl: postgres.url }, { embeddedFolder: null })
  ends.defer(() => db.close())
  await db.query('create role anon nologin')
  await migrate(db, 'public', readMigrations())
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-example-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const env = { API_BASE_URL: api.url, API_KEY: 'k', DATABASE_URL: postgres.url, CARSYNC_PUBLIC_READ: 'yes' }

  const browser = await launch()
  ends.defer(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  await serveExample(page, complaints)
  const supabase = await standInForSupabase(page, SUPABASE, db)
  ends.defer(() => supabase.close())

  const state = (said: string | RegExp): Promise<void> =>
    page.locator('#state', { hasText: said }).waitFor({ timeout: 60_000 })
  const figure = async (id: string): Promise<string> => (await page.locator(`#${id}`).textContent()) ?? ''

  await t.test('without a grant it says what it may not read', async () => {
    await page.goto(PAGE)
    await state('The progress cannot be read: permission denied for table sync_progress')
    await page.locator('#prices-state', { hasText: 'permission denied' }).waitFor()
  })

  await t.test('with those of its README it says that there has been none yet', async () => {
    for (const statement of grants().split(';\n')) if (statement.trim() !== '') await db.query(statement)
    await page.reload()
    await state('There has been no sync yet.')
    await page.locator('#prices-state', { hasText: 'None yet.' }).waitFor()
  })

  await t.test(
    'a sync that begins is followed by Realtime, and one that was killed is not called on for ever',
    async () => {
      const { child, ended } = spawnSync(env, cwd)
      await state('A sync is on: reading pages.')
      await page.locator('#seen', { hasText: /^[1-9]/ }).waitFor()
      await page.locator('#speed', { hasText: /^[1-9]/ }).waitFor()
      assert.match(await figure('left'), /^(–|\d+ (s|min)( to \d+ (s|min))?)$/)
      assert.ok(Number(await page.locator('#bar').getAttribute('value')) > 0)
      await picture(page, 'running', true, 'live-progress')
      child.kill('SIGKILL')
      await ended
      await db.query(`update sync_progress set heartbeat_at = heartbeat_at - interval '2 min', updated_at = now()`)
      await state('has stopped without an end')
      assert.equal(await figure('speed'), '–')
    },
  )

  await t.test('what changed while the connection was lost is seen when it is there again', async () => {
    const joined = supabase.joins()
    supabase.cut()
    await db.query(`update sync_progress set cars_seen = 4321, updated_at = now()`)
    await page.locator('#seen', { hasText: /^4.?321$/ }).waitFor({ timeout: 30_000 })
    assert.ok(supabase.joins() > joined)
  })

  await t.test('the next sync goes on, and its end is seen, with the prices that it changed', async () => {
    const first = await spawnSync(env, cwd).ended
    assert.equal(first.code, 0, first.stderr)
    await state('No sync is on. The last one: complete.')
    assert.equal((await figure('seen')).replace(/\D/g, ''), String(CARS))
    await api.change({ share: 0.2 })
    const second = await spawnSync(env, cwd, ['--full']).ended
    assert.equal(second.code, 0, second.stderr)
    await page.locator('#prices tr').nth(5).waitFor()
    assert.match((await page.locator('#prices tr').first().textContent())!, /\d/)
    assert.equal(await figure('prices-state'), '')
    await assertAccessible(page)
    await assertFits(page)
    await picture(page, 'ended', true, 'live-progress')
  })

  assert.deepEqual(complaints, [])
})
