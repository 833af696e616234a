/** What the database says of a source's runs: the current or last one, the history, and what was rejected. */
import type { RequestCounts, Summary } from '../events.ts'
import { durationsOf, meanMs } from '../run/durations.ts'
import { leastTime } from '../run/least-time.ts'
import { rateOf } from '../run/rate.ts'
import type { Receipt } from '../run/receipt.ts'
import type { Database, Names, Row } from './database.ts'
import { ISO } from './iso.ts'
import { KEPT_UNTIL } from './lease.ts'
import { countSeen, listed } from './ledger.ts'
import { countHeld } from './removals.ts'
import type { RejectRow, RunRow, StatusReport } from './store.ts'

const RUN = `r.run_id::text, r.mode, r.status, r.proof, r.reason, r.phase, r.resumed, r.active_ms::float8,
  ${ISO('r.started_at')} as started, ${ISO('r.last_commit_at')} as last_commit, ${ISO('r.finished_at')} as finished, r.requests::text, r.learned::text, r.receipt::text, r.unread_feed,
  r.pages_total, r.removed::float8, r.seen::float8, r.drift::text,
  coalesce(r.pages_done, p.pages)::int as pages_done, coalesce(r.inserted, p.inserted)::float8 as inserted,
  coalesce(r.updated, p.updated)::float8 as updated, coalesce(r.rejected, p.rejected)::float8 as rejected,
  least(p.met, (r.plan->>'total')::float8)::float8 as met`

/** Sums of the ledger; while a run is on, they are its counts. `met`: cars, those that were met twice counted twice. */
const LEDGER = `left join lateral (
    select count(*) filter (where ${listed('r.mode')}) as pages, coalesce(sum(inserted), 0) as inserted, coalesce(sum(updated), 0) as updated,
           coalesce(sum(records - rejected), 0) as met,
           (select count(*) from carsync.rejects where run_id = r.run_id) as rejected
    from carsync.pages where run_id = r.run_id) p on true`

const carsOf = (row: Row, seen: number): Summary['cars'] => ({
  seen,
  inserted: row.inserted,
  updated: row.updated,
  unchanged: Math.max(0, seen - row.inserted - row.updated),
  removed: row.removed,
  rejected: row.rejected,
})

/** The findings of a run, the most frequent first; undefined where there is none. */
const driftOf = (row: Row): Summary['drift'] => {
  const findings = Object.entries(JSON.parse(row.drift) as Record<string, number>)
  if (findings.length === 0) return undefined
  return Object.fromEntries(findings.sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)))
}

/**
 * The summary of a run as committed, or of the latest run of the source when `runId` is null; null when there is none.
 * `durationMs` is this process's part, which the database does not know: it is given as `activeMs`.
 */
export const readReport = async (db: Database, names: Names, runId: string | null): Promise<StatusReport | null> => {
  const [row] = await db.query(
    `select ${RUN} from carsync.runs r ${LEDGER}
     where r.source = $1 and ($2::text is null or r.run_id = $2::text::uuid) order by r.started_at desc limit 1`,
    [names.source, runId],
  )
  if (!row) return null
  const [progress] = await db.query(
    `select segments::text, eta_low_ms::float8 as low, eta_high_ms::float8 as high from ${names.progress}
     where source = $1 and run_id = $2::text::uuid`,
    [names.source, row.run_id],
  )
  const [lease] = await db.query(
    `select l.holder, ${ISO('l.taken_at')} as since, ${ISO(KEPT_UNTIL)} as expires
     from carsync.lease l join carsync.heartbeat h using (source) where l.source = $1 and l.holder <> ''`,
    [names.source],
  )
  let seen = row.seen as number | null
  if (seen === null) {
    const counted = await countSeen(db, row.run_id)
    seen = counted.ids - counted.rejectedIds
  }
  const cars = carsOf(row, seen)
  const drift = driftOf(row)
  return {
    runId: row.run_id,
    source: names.source,
    mode: row.mode,
    status: row.status,
    proof: row.proof,
    resumed: row.resumed,
    startedAt: row.started,
    finishedAt: row.finished,
    durationMs: row.active_ms,
    activeMs: row.active_ms,
    pages: { done: row.pages_done, total: row.pages_total },
    requests: JSON.parse(row.requests) as RequestCounts,
    cars,
    rate: rateOf(cars.seen, row.pages_done, row.active_ms),
    heldRemovals: await countHeld(db, names),
    learned: row.learned ? JSON.parse(row.learned) : { pageSize: 0, requestsPerSecond: null, concurrency: 0, why: '' },
    ...(row.receipt === '{}' ? {} : { receipt: JSON.parse(row.receipt) as Receipt }),
    ...(drift ? { drift } : {}),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(lease ? { lease: { holder: lease.holder, since: lease.since, expiresAt: lease.expires } } : {}),
    phase: row.phase ?? 'planning',
    etaMs: row.status === 'running' && progress?.low != null ? { low: progress.low, high: progress.high } : null,
    segments: progress?.segments ? JSON.parse(progress.segments) : [],
  }
}

/** The latest runs of the source, newest first. */
export const readRuns = async (db: Database, names: Names, limit: number): Promise<RunRow[]> => {
  const rows = await db.query(
    `select ${RUN} from carsync.runs r ${LEDGER} where r.source = $1 order by r.started_at desc limit $2::int`,
    [names.source, limit],
  )
  return rows.map((row) => {
    const pages = { done: row.pages_done, total: row.pages_total }
    const requests = JSON.parse(row.requests) as RequestCounts
    const learned = row.learned ? (JSON.parse(row.learned) as Summary['learned']) : null
    const drift = driftOf(row)
    return {
      runId: row.run_id,
      mode: row.mode,
      status: row.status,
      proof: row.proof,
      startedAt: row.started,
      lastCommitAt: row.last_commit,
      finishedAt: row.finished,
      activeMs: row.active_ms,
      pages,
      requests,
      cars: carsOf(row, row.seen ?? row.met),
      reason: row.reason,
      unreadFeed: row.unread_feed,
      ...(drift ? { drift } : {}),
      least: leastTime({ pages, learned, answerMs: meanMs(durationsOf(requests.answerTimes)) }),
    }
  })
}

/** Records that could not be stored and are not settled, newest first. */
export const readRejects = async (db: Database, names: Names, limit: number): Promise<RejectRow[]> => {
  const rows = await db.query(
    `select id::text, run_id::text, segment, page, position, source_id, reason, path, payload, ${ISO('at')} as at
     from carsync.rejects where source = $1 and resolved_at is null order by rejects.id desc limit $2::int`,
    [names.source, limit],
  )
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    segment: row.segment,
    page: row.page,
    position: row.position,
    sourceId: row.source_id,
    reason: row.reason,
    path: row.path,
    payload: row.payload,
    at: row.at,
  }))
}
