/** What a source's mirror is like, as Prometheus reads it. Everything comes from the database, so any process can tell. */
import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import { BOUNDS_MS, type Concern, type Durations, durationsOf, type Live } from '../src/node.ts'
import { knownLimit } from './known-limit.ts'

/** `coveredUntil`: up to when the source's changes are known, ms since 1970 by the source's clock; null: not at all. */
export type MetricFacts = {
  source: string
  now: number
  live: Live | null
  health: readonly Concern[]
  coveredUntil: number | null
}

const STATUSES = ['running', 'complete', 'incomplete', 'failed', 'abandoned', 'busy'] as const
const CONCERNS: readonly Concern['kind'][] = [
  'never',
  'failed',
  'stuck',
  'incomplete',
  'incomplete-twice',
  'feed',
  'stale',
  'hole',
  'held',
  'rejects',
  'drift',
]
const MS = 1000

/**
 * The metrics in the text format of Prometheus, version 0.0.4. Counts are those of the current or last run: they begin anew
 * with each, which Prometheus takes for a restart.
 */
export const metricsText = async (facts: MetricFacts): Promise<string> => {
  const { live, now, health, coveredUntil } = facts
  const registry = new Registry()
  registry.setDefaultLabels({ source: facts.source })
  const registers = [registry]
  const gauge = (name: string, help: string, value: number | null): void => {
    // Without a value there is no sample: a zero would be one.
    if (value !== null) new Gauge({ name: `carsync_${name}`, help, registers }).set(value)
  }
  const byLabel = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    label: string,
    values: Readonly<Record<string, number>>,
  ): void => {
    const settings = { name: `carsync_${name}`, help, labelNames: [label], registers }
    const made = kind === 'counter' ? new Counter(settings) : new Gauge(settings)
    for (const [value, count] of Object.entries(values)) made.inc({ [label]: value }, count)
  }

  gauge(
    'healthy',
    '1 where nothing wants somebody to act, else 0',
    health.some(({ weight }) => weight === 'fault') ? 0 : 1,
  )
  byLabel(
    'gauge',
    'concern',
    '1 for what is wrong or worth knowing, else 0',
    'kind',
    Object.fromEntries(CONCERNS.map((kind) => [kind, Number(health.some((concern) => concern.kind === kind))])),
  )
  gauge(
    'coverage_age_seconds',
    'Since when changes of the source are not known',
    coveredUntil === null ? null : Math.max(0, (now - coveredUntil) / MS),
  )
  if (live === null) return registry.metrics()

  const { cars, requests, pages, learned } = live
  byLabel(
    'gauge',
    'run_status',
    '1 for the status of the current or last run, else 0',
    'status',
    Object.fromEntries(STATUSES.map((status) => [status, Number(live.status === status)])),
  )
  gauge('run_started_timestamp_seconds', 'When the current or last run began', Date.parse(live.startedAt) / MS)
  gauge(
    'run_finished_timestamp_seconds',
    'When the last run ended',
    live.finishedAt === null ? null : Date.parse(live.finishedAt) / MS,
  )
  gauge('run_active_seconds', 'How long the run was worked on', live.activeMs / MS)
  gauge('run_proven', '1 where the run has shown that it saw every car, else 0', Number(live.proof === 'exact'))
  gauge('run_pages_planned', 'Pages that the run has to read', pages.total)
  gauge(
    'run_eta_seconds',
    'How long the run may still take, at most',
    live.etaMs === null ? null : live.etaMs.high / MS,
  )
  byLabel('counter', 'run_pages_total', 'Pages that were committed', 'state', { committed: pages.done })
  const { seen: _, ...outcomes } = cars
  byLabel('counter', 'run_cars_total', 'Cars by what came of them', 'outcome', outcomes)
  byLabel('counter', 'run_requests_total', 'Requests by what came of them', 'outcome', {
    ok: requests.ok,
    limited: requests.limited,
    failed: requests.failed,
  })
  byLabel('counter', 'run_retries_total', 'Requests that were made again', 'kind', { retry: requests.retried })
  gauge('cars_per_second', 'Cars read a second, lately', live.carsPerSecond)
  gauge('requests_per_second', 'Requests a second, lately', live.requestsPerSecond)
  gauge(
    'limit_requests_per_second',
    'What the source is found to allow; lacking where nothing pushes back, and while it is being found out',
    knownLimit(live),
  )
  gauge('concurrency', 'Requests at the same time that the source is found to bear', learned?.concurrency ?? null)
  gauge('held_removals', 'Removals that wait for a decision', live.heldRemovals)
  gauge(
    'heartbeat_overdue_seconds',
    'How long the holder of the lease is overdue; 0 where it lives or nobody holds it',
    live.lease === null ? 0 : Math.max(0, (now - Date.parse(live.lease.expiresAt)) / MS),
  )
  const histogram = (name: string, help: string, durations: Durations | undefined): void =>
    registry.registerMetric(durationsMetric(`carsync_${name}`, help, durationsOf(durations)))
  histogram('run_answer_seconds', 'How long whole answers of the source took', requests.answerTimes)
  histogram(
    'run_commit_seconds',
    'How long the database took to commit pages, a transaction of one or several',
    requests.commitTimes,
  )
  return registry.metrics()
}

/** A histogram whose counts were made elsewhere, as a metric that the registry can read. */
const durationsMetric = (name: string, help: string, { counts, sumMs }: Durations): Metric => {
  let below = 0
  const buckets = counts.map((count, i) => {
    below += count
    const bound = BOUNDS_MS[i]
    return { metricName: `${name}_bucket`, labels: { le: bound === undefined ? '+Inf' : bound / MS }, value: below }
  })
  const values = [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: sumMs / MS },
    { metricName: `${name}_count`, labels: {}, value: below },
  ]
  const read = { name, help, type: 'histogram', values, aggregator: 'sum' }
  // The package reads metrics by this one method; its types know only the classes that it makes itself.
  return { name, get: async () => read } as unknown as Metric
}
