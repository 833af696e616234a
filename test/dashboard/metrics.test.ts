import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type MetricFacts, metricsText } from '../../dashboard/metrics.ts'
import { BOUNDS_MS, type Live } from '../../src/node.ts'
import { newDatabase } from '../support/databases.ts'
import { dashboardScene } from './scene.ts'

const PROMTOOL = '/usr/bin/promtool'
const NOW = Date.UTC(2026, 9, 1, 12)

const live: Live = {
  source: 'auctionsapi',
  runId: 'run',
  mode: 'full',
  status: 'running',
  phase: 'sweeping',
  proof: 'none',
  reason: null,
  resumed: false,
  startedAt: '2026-10-01T11:59:00.000Z',
  finishedAt: null,
  activeMs: 61_500,
  pages: { done: 12, total: 190 },
  cars: { seen: 12_000, inserted: 40, updated: 300, unchanged: 11_660, removed: 2, rejected: 1 },
  carsTotal: 190_000,
  requests: {
    total: 20,
    ok: 14,
    limited: 4,
    failed: 2,
    retried: 5,
    answerTimes: { counts: BOUNDS_MS.map((_, i) => i).concat(3), sumMs: 12_345 },
    commitTimes: { counts: BOUNDS_MS.map((bound) => Number(bound === 12)).concat(2), sumMs: 60_010 },
  },
  learned: { pageSize: 1000, requestsPerSecond: 11.9, concurrency: 4, why: '429 at 12.4/s; holding 11.9/s' },
  carsPerSecond: 5000,
  requestsPerSecond: 5,
  etaMs: { low: 30_000, high: 45_000 },
  segments: [],
  heldRemovals: 80,
  lease: { holder: 'host, process 1', since: '2026-10-01T11:59:00.000Z', expiresAt: '2026-10-01T12:00:30.000Z' },
  isAlive: true,
}
const facts: MetricFacts = { source: 'auctionsapi', now: NOW, live, health: [], coveredUntil: NOW - 90_000 }

/** The samples, by name and labels other than the source. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`no sample: ${line}`)
        const rest = (labels ?? '').split(',').filter((label) => label !== '' && !label.startsWith('source='))
        return [rest.length === 0 ? name! : `${name}{${rest.join()}}`, Number(value)]
      }),
  )

describe('the metrics', () => {
  it('tell of the run, the requests, the limit, the age of the data and what is wrong', async () => {
    const health = [{ kind: 'held', weight: 'fault', message: 'made up' }] as const
    const samples = samplesOf(await metricsText({ ...facts, health }))
    const wanted = {
      carsync_healthy: 0,
      'carsync_concern{kind="held"}': 1,
      'carsync_concern{kind="stale"}': 0,
      carsync_coverage_age_seconds: 90,
      'carsync_run_status{status="running"}': 1,
      'carsync_run_status{status="failed"}': 0,
      carsync_run_active_seconds: 61.5,
      carsync_run_pages_planned: 190,
      'carsync_run_pages_total{state="committed"}': 12,
      'carsync_run_cars_total{outcome="updated"}': 300,
      'carsync_run_cars_total{outcome="unchanged"}': 11_660,
      'carsync_run_requests_total{outcome="limited"}': 4,
      carsync_limit_requests_per_second: 11.9,
      carsync_held_removals: 80,
      carsync_heartbeat_overdue_seconds: 0,
      carsync_run_eta_seconds: 45,
      'carsync_run_answer_seconds_bucket{le="0.1"}': 15,
      'carsync_run_answer_seconds_bucket{le="+Inf"}': 94,
      carsync_run_answer_seconds_sum: 12.345,
      carsync_run_answer_seconds_count: 94,
      'carsync_run_commit_seconds_bucket{le="0.006"}': 0,
      'carsync_run_commit_seconds_bucket{le="0.012"}': 1,
      'carsync_run_commit_seconds_bucket{le="25.6"}': 1,
      'carsync_run_commit_seconds_bucket{le="+Inf"}': 3,
      carsync_run_commit_seconds_sum: 60.01,
    }
    for (const [name, value] of Object.entries(wanted)) assert.equal(samples.get(name), value, name)
  })

  it('have no sample for what is not known', async () => {
    const samples = samplesOf(await metricsText({ ...facts, live: null, coveredUntil: null }))
    assert.equal(samples.get('carsync_healthy'), 1)
    for (const name of samples.keys()) assert.ok(!name.includes('coverage_age') && !name.includes('_run_'), name)
    for (const unknown of [{ requestsPerSecond: null }, { seeking: true as const }]) {
      const unlimited = { ...live, learned: { ...live.learned!, ...unknown } }
      assert.equal(
        samplesOf(await metricsText({ ...facts, live: unlimited })).has('carsync_limit_requests_per_second'),
        false,
      )
    }
    const beginning = samplesOf(await metricsText({ ...facts, live: { ...live, carsPerSecond: null } }))
    assert.equal(beginning.has('carsync_cars_per_second'), false)
  })

  it('say that the holder of the lease is overdue', async () => {
    const samples = samplesOf(await metricsText({ ...facts, now: NOW + 45_000 }))
    assert.equal(samples.get('carsync_heartbeat_overdue_seconds'), 15)
  })

  it('keep to the rules of Prometheus', {
    skip: existsSync(PROMTOOL) ? false : 'promtool is not installed: apt-get install prometheus',
  }, async () => {
    for (const each of [facts, { ...facts, live: null }, { ...facts, source: 'a "strange"\\\nname' }]) {
      const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], {
        input: await metricsText(each),
        encoding: 'utf8',
      })
      assert.deepEqual([status, stdout, stderr], [0, '', ''])
    }
  })
})

it('the dashboard for Grafana asks for nothing that is not there', async () => {
  const board = readFileSync(new URL('../../examples/grafana/smart-cars-sync.json', import.meta.url), 'utf8')
  const names = new Set([...(await metricsText(facts)).matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!))
  const finished = await metricsText({ ...facts, live: { ...live, finishedAt: live.startedAt } })
  for (const [, name] of finished.matchAll(/^# TYPE (\S+) /gm)) names.add(name!)
  const asked = [...board.matchAll(/carsync_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
  assert.ok(asked.length > 15)
  for (const name of asked) assert.ok(names.has(name), name)
})

it('/metrics is there for whoever asks from this machine', async () => {
  const db = await newDatabase('postgres')
  const { get } = await dashboardScene(db)
  const answer = await get('/metrics')
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  assert.equal(samplesOf(await answer.text()).get('carsync_run_status{status="running"}'), 1)
  assert.equal((await get('/metrics', { host: 'evil.example' })).status, 403)
})
