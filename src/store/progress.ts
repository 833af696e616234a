/** The row that a live page shows, and what is needed to take a run up again; written about once a second. */
import type { Progress, RequestCounts, RunStatus } from '../events.ts'
import type { Database, Names } from './database.ts'
import type { Lease } from './lease.ts'

/** What is said of a run that has ended: whoever takes it up again waits for the source anew. */
export const countsOf = ({ silence: _, ...counts }: RequestCounts): RequestCounts => counts

/**
 * Upserts the row of this source in `sync_progress`. It is guarded by the heartbeat's fence, not by the lease row: a
 * progress row must never wait for a commit.
 */
export const writeProgress = async (
  db: Database,
  names: Names,
  lease: Lease,
  runId: string,
  status: RunStatus,
  progress: Progress,
): Promise<void> => {
  const row = {
    status,
    phase: progress.phase,
    pages_done: progress.pages.done,
    pages_total: progress.pages.total,
    cars_seen: progress.cars.seen,
    cars_inserted: progress.cars.inserted,
    cars_updated: progress.cars.updated,
    cars_unchanged: progress.cars.unchanged,
    cars_rejected: progress.cars.rejected,
    cars_per_second: progress.carsPerSecond,
    cars_per_minute: progress.carsPerSecond === null ? null : progress.carsPerSecond * 60,
    requests_per_second: progress.requestsPerSecond,
    eta_low_ms: progress.etaMs?.low ?? null,
    eta_high_ms: progress.etaMs?.high ?? null,
    segments: progress.segments,
    ...(progress.heldRemovals === null ? {} : { held_removals: progress.heldRemovals }),
  }
  const columns = Object.keys(row)
  await db.query(
    `insert into ${names.progress} (source, run_id, heartbeat_at, updated_at, ${columns.join(', ')})
     select $1, $2::text::uuid, now(), now(), ${columns.map((column) => `r.${column}`).join(', ')}
     from jsonb_populate_record(null::${names.progress}, $3::text::jsonb) r
     where exists (select from carsync.heartbeat where source = $1 and fence = $4::bigint)
     on conflict (source) do update set run_id = excluded.run_id, heartbeat_at = excluded.heartbeat_at,
       updated_at = excluded.updated_at, ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [names.source, runId, JSON.stringify(row), lease.fence],
  )
  await db.query(
    `update carsync.runs set requests = $2::text::jsonb, active_ms = $3::bigint,
            pages_total = $4::int, phase = $5
     where run_id = $1::text::uuid and exists (select from carsync.heartbeat where source = $6 and fence = $7::bigint)`,
    [
      runId,
      JSON.stringify(status === 'running' ? progress.requests : countsOf(progress.requests)),
      Math.round(progress.activeMs),
      progress.pages.total,
      progress.phase,
      names.source,
      lease.fence,
    ],
  )
}

/** What the run has asked so far, while there is no progress to show yet; guarded likewise. */
export const writeRequests = async (
  db: Database,
  { source, fence }: Lease,
  runId: string,
  requests: RequestCounts,
): Promise<void> => {
  await db.query(
    `update carsync.runs set requests = $2::text::jsonb
     where run_id = $1::text::uuid and status = 'running'
       and exists (select from carsync.heartbeat where source = $3 and fence = $4::bigint)`,
    [runId, JSON.stringify(requests), source, fence],
  )
}
