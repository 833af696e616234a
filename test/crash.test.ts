import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { startDemoApi } from '../demo/demo-api.ts'
import type { Summary } from '../src/mod.ts'
import { newPostgresUrl } from './support/databases.ts'

const SYNC = fileURLToPath(new URL('../scripts/sync-cars.ts', import.meta.url))
const CARS = 3000

type Ended = { code: number | null; out: string }

/** Runs the command; `until` decides, every few milliseconds, when the signal is sent. */
const run = (
  env: Record<string, string>,
  cwd: string,
  signal?: NodeJS.Signals,
  until?: () => Promise<boolean>,
): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [SYNC, '--json', '--quiet'], {
      cwd,
      env: { ...process.env, CARSYNC_LEASE_SECONDS: '1', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    const watch = setInterval(async () => {
      if (signal && (await until?.())) {
        clearInterval(watch)
        child.kill(signal)
      }
    }, 3)
    child.once('exit', (code) => {
      clearInterval(watch)
      resolve({ code, out })
    })
  })

const summaryOf = ({ out }: Ended): Summary => JSON.parse(out.trim().split('\n').at(-1)!) as Summary

/** All that readers see of the cars, but for when it was written. */
const stateOf = async (url: string): Promise<string> => {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const [row] = await sql`
    select md5(string_agg((to_jsonb(c) - '{first_seen_at,changed_at,read_at}'::text[])::text, '' order by source_id)) as digest,
           count(*)::int as n from cars c`
  await sql.end()
  return `${row!.n} ${row!.digest}`
}

describe('a sync that is killed', { concurrency: true }, () => {
  it('ends, taken up again and again, in the state of an undisturbed run', async () => {
    const api = await startDemoApi({ cars: CARS, dirty: 0.05, maxPageSize: 50, latencyMs: 8 })
    const [undisturbed, killed] = await Promise.all([newPostgresUrl(), newPostgresUrl()])
    const env = { API_BASE_URL: api.url, API_KEY: 'key' }
    const whole = summaryOf(await run({ ...env, DATABASE_URL: undisturbed }, tmpdir()))
    assert.equal(whole.status, 'complete')

    // Instants by what the source has answered: planning, the first pages, the middle, the end.
    const started = (await api.stats()).requests
    let kills = 0
    for (const requests of [3, 14, 30, 55]) {
      const from = (await api.stats()).requests
      const ended = await run(
        { ...env, DATABASE_URL: killed },
        tmpdir(),
        'SIGKILL',
        async () => (await api.stats()).requests >= from + requests,
      )
      if (ended.code === null) kills++
    }
    const last = await run({ ...env, DATABASE_URL: killed }, tmpdir())
    assert.equal(last.code, 0)
    assert.ok(kills >= 3, `only ${kills} processes were killed in time`)
    assert.equal(summaryOf(last).cars.seen, whole.cars.seen)
    assert.equal(await stateOf(killed), await stateOf(undisturbed))
    const again = (await api.stats()).requests - started - whole.requests.total
    assert.ok(again < 4 * 60, `${again} requests more than undisturbed: more than what was in flight at four kills`)
    await api.close()
  })

  it('stops cleanly on an interrupt, says so with 3, and goes on', async () => {
    const api = await startDemoApi({ cars: CARS, maxPageSize: 50, latencyMs: 20 })
    const url = await newPostgresUrl()
    const env = { API_BASE_URL: api.url, API_KEY: 'key', DATABASE_URL: url }
    const first = await run(env, tmpdir(), 'SIGINT', async () => (await api.stats()).requests >= 30)
    assert.equal(first.code, 3)
    const half = summaryOf(first)
    assert.equal(half.status, 'incomplete')
    const second = summaryOf(await run(env, tmpdir()))
    assert.equal(second.status, 'complete')
    assert.equal(second.resumed, true)
    assert.equal(second.runId, half.runId)
    assert.equal(second.cars.seen, CARS)
    await api.close()
  })

  it('is taken up in the embedded database too', async () => {
    const api = await startDemoApi({ cars: 2000, maxPageSize: 50, latencyMs: 20 })
    const folder = mkdtempSync(join(tmpdir(), 'carsync-crash-'))
    const env = { API_BASE_URL: api.url, API_KEY: 'key', DATABASE_URL: '', SUPABASE_DB_URL: '' }
    const killed = await run(env, folder, 'SIGKILL', async () => (await api.stats()).requests >= 30)
    assert.equal(killed.code, null)
    const summary = summaryOf(await run(env, folder))
    assert.equal(summary.status, 'complete')
    assert.equal(summary.proof, 'exact')
    assert.equal(summary.resumed, true)
    assert.equal(summary.cars.seen, 2000)
    rmSync(folder, { recursive: true, force: true })
    await api.close()
  })
})
