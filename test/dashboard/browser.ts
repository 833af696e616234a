/** A real browser on the page: what it complains about, what jumps, what axe finds, and pictures. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

/** Debian's; another may be named. */
export const BROWSER = process.env.CARSYNC_BROWSER ?? '/usr/bin/chromium'
export const hasBrowser = existsSync(BROWSER)

export const launch = (): Promise<Browser> =>
  // Chromium has no sandbox for root, and a container little shared memory.
  chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** How long something is waited for: on a busy machine a page is painted late. */
const PATIENCE_MS = 90_000

type Watched = { shift: number }

export type Watching = {
  page: Page
  /** What the browser complained about: errors of scripts, what the policy forbade. */
  complaints: string[]
  /** How much has jumped that nobody's hand moved, as the browser scores it: below 0.1 is good. */
  shift(): Promise<number>
}

export const watch = async (browser: Browser, url: string): Promise<Watching> => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  page.setDefaultTimeout(PATIENCE_MS)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.addInitScript(() => {
    const watched = { shift: 0 }
    Object.assign(globalThis, { watched })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { hadRecentInput: boolean; value: number })[])
        if (!entry.hadRecentInput) watched.shift += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(url)
  return {
    page,
    complaints,
    shift: () => page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched.shift),
  }
}

const SCHEMES = ['light', 'dark'] as const
const WIDTHS = [1280, 768, 390] as const

type Finding = { id: string; help: string; nodes: { html: string; failureSummary: string }[] }

/** Fails with what axe finds wrong, in light and in dark, on a wide window and on a phone. */
export const assertAccessible = async (page: Page): Promise<void> => {
  await page.evaluate(axe)
  for (const width of [WIDTHS[0], WIDTHS[2]])
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      const found = await page.evaluate(async () => {
        const runner = (globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe
        const { violations } = await runner.run()
        return violations.map(({ id, help, nodes }) => ({
          id,
          help,
          nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => ({ html, failureSummary })),
        }))
      })
      assert.deepEqual(found, [], `at ${width} in ${colorScheme}`)
    }
}

/** On no width does the page itself scroll sideways. */
export const assertFits = async (page: Page): Promise<void> => {
  for (const width of [...WIDTHS, 320]) {
    await page.setViewportSize({ width, height: 900 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(wide <= width, `${wide} wide at ${width}`)
  }
}

/** Pictures at three widths, light and dark, into the folder that CARSYNC_SCREENSHOTS names; none without it. */
export const picture = async (page: Page, name: string, fullPage: boolean, what = 'dashboard'): Promise<void> => {
  const folder = process.env.CARSYNC_SCREENSHOTS
  if (folder) {
    mkdirSync(folder, { recursive: true })
    for (const width of WIDTHS)
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize({ width, height: 900 })
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: join(folder, `${what}-${name}-${width}-${colorScheme}.png`), fullPage })
      }
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
}
