/** The current or last run at a glance: one statement, cheap enough to be asked for every second while a run is on. */
import type { Mode, RequestCounts, RunStatus, SegmentProgress, Summary } from '../events.ts'
import type { Database, Names } from './database.ts'
import { ISO } from './iso.ts'
import { KEPT_UNTIL } from './lease.ts'

/** What a live page shows of a run. Counts are as last published by its process; where it has ended, as committed. */
export type Live = {
  source: string
  runId: string
  mode: Mode
  status: RunStatus
  phase: string
  proof: string
  reason: string | null
  resumed: boolean
  startedAt: string
  finishedAt: string | null
  activeMs: number
  pages: { done: number; total: number | null }
  cars: { seen: number; inserted: number; updated: number; unchanged: number; removed: number; rejected: number }
  /** Cars that the plan promises; null where the source gives no totals. */
  carsTotal: number | null
  requests: RequestCounts
  learned: Summary['learned'] | null
  /** Lately; null: the run is on and has none yet. */
  carsPerSecond: number | null
  requestsPerSecond: number | null
  etaMs: { low: number; high: number } | null
  segments: SegmentProgress[]
  heldRemovals: number
  lease: { holder: string; since: string; expiresAt: string } | null
  /** Whoever holds the lease has given a sign of life in time, by the database's clock. */
  isAlive: boolean
}

/** The latest run of the source; null: there has been none. */
export const readLive = async (db: Database, names: Names): Promise<Live | null> => {
  const [row] = await db.query(
    `select r.run_id::text, r.mode, r.status, coalesce(r.phase, 'planning') as phase, r.proof, r.reason, r.resumed,
       ${ISO('r.started_at')} as started, ${ISO('r.finished_at')} as finished, r.active_ms::float8, r.requests::text,
       r.learned::text, r.pages_total, (r.plan->>'total')::float8 as cars_total, r.removed::float8,
       -- Frozen when the work on the run ends; until then as its process says.
       coalesce(r.pages_done, p.pages_done, 0)::float8 as pages_done, coalesce(r.seen, p.cars_seen, 0)::float8 as seen,
       coalesce(r.inserted, p.cars_inserted, 0)::float8 as inserted, coalesce(r.updated, p.cars_updated, 0)::float8 as updated,
       coalesce(r.rejected, p.cars_rejected, 0)::float8 as rejected,
       p.cars_per_second, p.requests_per_second,
       p.eta_low_ms::float8 as eta_low, p.eta_high_ms::float8 as eta_high, coalesce(p.segments, '[]')::text as segments,
       (select count(*) from carsync.held_removals where source = $1)::float8 as held,
       l.holder, ${ISO('l.taken_at')} as lease_since, ${ISO(KEPT_UNTIL)} as lease_until,
       coalesce(${KEPT_UNTIL} > clock_timestamp(), false) as alive
     from (select * from carsync.runs where source = $1 order by started_at desc limit 1) r
     left join ${names.progress} p on p.source = $1 and p.run_id = r.run_id
     left join carsync.lease l on l.source = $1 and l.holder <> ''
     left join carsync.heartbeat h on h.source = $1`,
    [names.source],
  )
  if (!row) return null
  const isRunning = row.status === 'running'
  return {
    source: names.source,
    runId: row.run_id,
    mode: row.mode,
    status: row.status,
    phase: row.phase,
    proof: row.proof,
    reason: row.reason,
    resumed: row.resumed,
    startedAt: row.started,
    finishedAt: row.finished,
    activeMs: row.active_ms,
    pages: { done: row.pages_done, total: row.pages_total },
    cars: {
      seen: row.seen,
      inserted: row.inserted,
      updated: row.updated,
      unchanged: Math.max(0, row.seen - row.inserted - row.updated),
      removed: row.removed,
      rejected: row.rejected,
    },
    carsTotal: row.cars_total,
    requests: JSON.parse(row.requests),
    learned: row.learned ? JSON.parse(row.learned) : null,
    // The progress row keeps the last speed of a process that has ended.
    carsPerSecond: isRunning ? row.cars_per_second : 0,
    requestsPerSecond: isRunning ? row.requests_per_second : 0,
    etaMs: isRunning && row.eta_low !== null ? { low: row.eta_low, high: row.eta_high } : null,
    segments: JSON.parse(row.segments),
    heldRemovals: row.held,
    lease: row.holder ? { holder: row.holder, since: row.lease_since, expiresAt: row.lease_until } : null,
    isAlive: row.holder !== null && row.alive,
  }
}
