/** The page in a real browser, over the real commands, from an empty database to a decision on removals. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openDatabase } from '../../src/node.ts'
import { silence } from '../store/fixture.ts'
import { newPostgresUrl } from '../support/databases.ts'
import { spawnSync } from '../support/spawn-sync.ts'
import { transactionsOver } from '../support/transactions-over.ts'
import { watchedSource } from '../support/watched-source.ts'
import { assertAccessible, assertFits, BROWSER, hasBrowser, launch, picture, watch } from './browser.ts'

/** For pictures a sync must last longer. */
const CARS = process.env.CARSYNC_SCREENSHOTS ? 3000 : 2000
const GONE = 300
const ALL = CARS.toLocaleString('en')
/** So many of the 40 pages and more are asked for until the source falls silent, for as long as the page is looked at and until the sync is taken up. */
const ASKED = 30
/** No machine is so busy that a sync that lives would seem dead. */
const LEASE_SECONDS = 60

const skip = hasBrowser
  ? false
  : `There is no browser at ${BROWSER}: install Debian's chromium, or name one in CARSYNC_BROWSER`

/** `carsync dashboard --json` in a process of its own. */
const startDashboard = async (t: TestContext, env: Record<string, string>, cwd: string) => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../cli/main.ts'), 'dashboard', '--json', '--port', '0'],
    {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  t.after(() => child.kill('SIGKILL'))
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', resolve)
    child.once('close', (code) => reject(new Error(`carsync dashboard ended with ${code}`)))
  })
  return { ...(JSON.parse(line) as { url: string; token: string }), child, ended }
}

const text = async (page: Page, id: string): Promise<string> => (await page.locator(`#${id}`).textContent()) ?? ''
const state = (page: Page, said: string): Promise<void> => page.locator('#state', { hasText: said }).waitFor()
const figure = (page: Page, name: string): Promise<string | null> =>
  page
    .locator('#figures div', { has: page.getByText(name, { exact: true }) })
    .locator('dd')
    .textContent()

/** Starts a full sync from the page, whose token is known by now, and waits for its end. */
const syncAgain = async (page: Page): Promise<void> => {
  const complete = page.locator('#runs tr', { hasText: 'complete' })
  const before = await complete.count()
  await page.locator('#start-full').click()
  // Not by what is said meanwhile: a sync may be over before the page has been painted.
  await complete.nth(before).waitFor()
  await state(page, 'complete')
}

test('a sync is watched from start to end in a browser', { skip }, async (t) => {
  const source = await watchedSource({
    cars: CARS,
    seed: 5,
    maxPageSize: 50,
    // So slow that a busy machine meets it too.
    limit: { kind: 'token-bucket', rate: 8, burst: 4 },
    limitHeaders: 'retry-after',
  })
  t.after(() => source.close())
  const databaseUrl = await newPostgresUrl()
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-dashboard-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  t.after(() => db.close())
  const env = {
    API_BASE_URL: source.url,
    API_KEY: 'canary-key',
    DATABASE_URL: databaseUrl,
    CARSYNC_LEASE_SECONDS: String(LEASE_SECONDS),
  }
  const dashboard = await startDashboard(t, env, cwd)
  const browser = await launch()
  t.after(() => browser.close())
  const { page, complaints, shift } = await watch(browser, dashboard.url)

  await t.test('before the first sync it says so', async () => {
    await state(page, 'no run yet')
    assert.match(await text(page, 'health'), /there has been no sync yet/)
    assert.match(await text(page, 'covered'), /No sweep was completed yet/)
    assert.match(await page.title(), /^\(1\) no run yet – /)
    assert.equal(await figure(page, 'New'), '–')
    assert.equal(await page.locator('.plot.empty').count(), 4, 'words in place of empty axes')
    await assertAccessible(page)
    await assertFits(page)
    await picture(page, 'empty', true)
  })

  await t.test('a sync that runs elsewhere is followed, with what the source refused', async () => {
    let asked = 0
    const paused = Promise.withResolvers<void>()
    source.watch({
      asked: ({ kind }) => {
        if (kind !== 'page' || ++asked !== ASKED) return
        source.pause()
        paused.resolve()
      },
      answered: () => {},
    })
    const { child, ended } = spawnSync(env, cwd)
    t.after(() => child.kill('SIGKILL'))
    await state(page, 'running')
    await page.locator('#segments li', { hasText: 'Volkswagen' }).waitFor()
    await page.locator('#start-full:disabled').waitFor()
    // It is stopped where it runs.
    await page.locator('#stop:disabled').waitFor()
    await page.locator('#figures', { hasText: /Refused requests\s*[1-9]\d* of/ }).waitFor()
    // So soon it may still be being sought, or be taken for another kind.
    await page.locator('#figures', { hasText: /Learned limit\s*(seeking|[\d.,]+\/s|at most \d+ at once)/ }).waitFor()
    await page.locator('#plot-requests[aria-label*="learned limit"]').waitFor()
    await page.locator('#segments li', { hasText: /Volkswagen\s*([1-9]\d*) of/ }).waitFor()
    assert.match(await page.title(), /^[\d.]+% – Smart Cars Sync$/)
    assert.ok((await shift()) < 0.1, `it jumped by ${await shift()}`)
    await picture(page, 'running', false)
    // Or it would be the process after this one that is held up.
    await paused.promise
    child.kill('SIGKILL')
    await ended
    // A last heartbeat may still be under way.
    await transactionsOver(db)
    await silence(db, 'auctionsapi', LEASE_SECONDS * 1000 + 1)
    await state(page, 'interrupted')
    assert.match(await text(page, 'state-more'), /no sign of life/)
  })

  await t.test('it is taken up from the page, by keyboard, when the right token is given', async () => {
    await page.locator('#start-full:enabled').focus()
    await page.keyboard.press('Enter')
    const dialog = page.locator('#ask')
    await dialog.waitFor()
    await page.keyboard.type('not the token')
    await page.keyboard.press('Enter')
    await page.locator('#ask-error', { hasText: 'Wanted the token' }).waitFor()
    await assertAccessible(page)
    await page.keyboard.type(dashboard.token)
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    await state(page, 'running')
    await page.locator('#state-more', { hasText: 'resumed' }).waitFor()
    source.resume()
    await state(page, 'complete')
    assert.match(await text(page, 'state-more'), /every car of the source was seen/)
    await page.locator('#covered', { hasText: /^Everything is known up to .*, [0-5] min ago$/ }).waitFor()
    assert.deepEqual([await figure(page, 'New'), await figure(page, 'Rejected')], [ALL, '0'])
    assert.match((await figure(page, 'Commit (95%)'))!, /^[\d.,]+ \([\d.,]+\) ms$/)
    const efficiency = page.locator('#runs tr', { hasText: 'complete' }).first().locator('td').last()
    assert.match((await efficiency.textContent())!, /^[\d.]+%$/)
    assert.match((await efficiency.getAttribute('title'))!, /^At least .*, by /)
    await page.locator('#inventory-sum', { hasText: `${ALL} cars` }).waitFor()
  })

  await t.test('cars are searched, filtered and paged; text of the source is text', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>alert(1)</script>'
    await db.query(`update cars set title = $1 where source_id = (select min(source_id) from cars)`, [evil])
    const rows = page.locator('#cars tr')
    await page.locator('[name=search]').fill('<img')
    await page.keyboard.press('Enter')
    await page.locator('#cars td', { hasText: evil }).waitFor()
    assert.equal(await page.locator('#cars img, #cars script').count(), 0)
    await page.locator('[name=search]').fill('')
    await page.locator('[name=make]').selectOption('Kia')
    await page.locator('#cars-next:enabled').waitFor()
    await page.locator('#cars td', { hasText: evil }).waitFor({ state: 'detached' })
    const first = await rows.first().textContent()
    await page.locator('#cars-next').click()
    await page.locator('#cars-where', { hasText: 'Page 2' }).waitFor()
    assert.notEqual(await rows.first().textContent(), first)
    await page.locator('#cars-before').click()
    await page.locator('#cars-where', { hasText: 'Page 1' }).waitFor()
    assert.equal(await rows.first().textContent(), first)
  })

  await t.test('a make of one long word leaves room for the figures beside it', async () => {
    const word = 'Donaudampfschiff'.repeat(8)
    await db.query(`update cars set make = $1 where source_id = (select max(source_id) from cars)`, [word])
    await page.locator('#brands td', { hasText: word }).waitFor()
    const hidden = await page.locator('#brands').evaluate((body) => {
      const place = body.closest('.scroll')!
      return place.scrollWidth - place.clientWidth
    })
    assert.equal(hidden, 0)
  })

  await t.test('removals that are held back are shown, and approved after a second thought', async () => {
    source.control.change({ share: 0.05 })
    source.control.remove(GONE)
    source.control.add(20)
    await syncAgain(page)
    await syncAgain(page)
    await page.locator('.held', { hasText: `${GONE} cars, proven gone` }).waitFor()
    await db.query(
      `insert into carsync.rejects (run_id, source, segment, page_size, page, position, reason, path, payload)
       select run_id, source, 'Audi', 50, 1, 7, 'id_missing', 'id', $1 from carsync.runs order by started_at desc limit 1`,
      ['{"title":"</pre><b>bold</b>"}'],
    )
    await page.reload()
    await page.locator('#rejects details').waitFor()
    await page.locator('#runs tr').nth(2).waitFor()
    await page.locator('#changes tr').nth(5).waitFor()
    await page.locator('#cars tr').nth(5).waitFor()
    assert.match(await text(page, 'health'), /removals are held back/)
    assert.match(await text(page, 'changes-sum'), /price changes/)
    await assertAccessible(page)
    await assertFits(page)
    await picture(page, 'trouble', true)
    await page.locator('.held button', { hasText: 'Approve' }).click()
    await page.locator('#ask-cancel').click()
    assert.equal(await page.locator('.held').count(), 1, 'nothing was done')
    await page.locator('.held button', { hasText: 'Approve' }).click()
    await page.locator('#ask-go').click()
    await page.locator('#decided', { hasText: `Marked ${GONE} cars removed.` }).waitFor()
    await page.locator('.held').waitFor({ state: 'detached' })
    await page.locator('#changes-sum', { hasText: `${GONE} removed` }).waitFor()
  })

  await t.test('what could not be stored is shown with its payload', async () => {
    const first = page.locator('#rejects details').first()
    await first.locator('summary').click()
    assert.equal(await first.locator('pre').textContent(), '{\n  "title": "</pre><b>bold</b>"\n}')
  })

  await t.test('when the program ends, the page says so', async () => {
    dashboard.child.kill('SIGINT')
    assert.equal(await dashboard.ended, 0)
    await page.locator('#link', { hasText: 'has ended' }).waitFor()
    assert.match(await text(page, 'health'), /^Not known: the program that served this page has ended\. Before that: /)
  })

  // The wrong token is answered with 401, which the browser writes into its console.
  assert.deepEqual(
    complaints.filter((each) => !/status of 401/.test(each)),
    [],
  )
})
