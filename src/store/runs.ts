/** The rows of `carsync.runs`: beginning, resuming, planning and ending a run. */
import type { Mode, RequestCounts } from '../events.ts'
import type { Plan } from '../run/plan.ts'
import type { Receipt } from '../run/receipt.ts'
import { addCoverage, RESUMABLE } from './coverage.ts'
import type { Database, Names, Row } from './database.ts'
import { assertFence, type Lease } from './lease.ts'
import { countSeen, listed } from './ledger.ts'
import { countsOf } from './progress.ts'
import type { Finish, StoredRun } from './store.ts'

const COLUMNS = `run_id::text, mode, status, active_ms::float8, plan::text, receipt::text, requests::text, log_listed, unread_feed,
  (extract(epoch from started_at) * 1000)::float8 as started,
  (extract(epoch from last_commit_at) * 1000)::float8 as last_commit`

const storedRun = (row: Row, beganEmpty: boolean): StoredRun => ({
  runId: row.run_id,
  mode: row.mode,
  status: row.status,
  startedAt: row.started,
  lastCommitAt: row.last_commit,
  activeMs: row.active_ms,
  plan: row.plan === null ? null : (JSON.parse(row.plan) as Plan),
  receipt: row.receipt === '{}' ? null : (JSON.parse(row.receipt) as Receipt),
  unreadFeed: row.unread_feed,
  requests: JSON.parse(row.requests) as RequestCounts,
  logListed: row.log_listed,
  beganEmpty,
})

/**
 * Runs that began in a time to come were dated by a clock that has been set back since. They are moved to just before now, in their order:
 * else they would pass for the latest until then, and what really was the latest would neither be shown nor taken up.
 */
const DATE_BACK = `
  update carsync.runs r set started_at = r.started_at - ahead.by, last_commit_at = r.last_commit_at - ahead.by,
    finished_at = r.finished_at - ahead.by
  from (select max(started_at) - now() + interval '1 ms' as by from carsync.runs where source = $1) as ahead
  where r.source = $1 and r.started_at > now() + interval '1 minute'`

/**
 * The unfinished run of this source and mode whose last commit is under six hours old, unless a fresh one is asked for;
 * else a new one. What is left behind unfinished is marked `abandoned`; to a full sweep, changes that were to be read are so, and to
 * any run what a process left `running` so long ago.
 */
export const openRun = (
  db: Database,
  names: Names,
  lease: Lease,
  request: { runId: string; mode: Mode; fresh: boolean },
): Promise<{ run: StoredRun; resumed: boolean }> =>
  db.transaction(async (session) => {
    // They go out together, and are done one after the other: without the fence nothing of it is committed.
    const [, , [left]] = await Promise.all([
      assertFence(session, lease),
      session.query(DATE_BACK, [names.source]),
      request.fresh
        ? []
        : session.query(
            `update carsync.runs set status = 'running', resumed = true, finished_at = null, reason = null,
               pages_done = null, seen = null, inserted = null, updated = null, rejected = null
             where run_id = (select run_id from carsync.runs
                             where source = $1 and mode = $2 and status in ('running', 'incomplete', 'failed')
                               and last_commit_at > clock_timestamp() - ${RESUMABLE}
                             order by started_at desc limit 1)
               and not exists (select from carsync.runs later where later.source = $1 and later.mode = $2
                               and later.started_at > runs.started_at)
             returning ${COLUMNS}`,
            [names.source, request.mode],
          ),
    ])
    session.lastly(
      `update carsync.runs set status = 'abandoned', finished_at = coalesce(finished_at, clock_timestamp())
       where source = $1 and run_id <> $3::text::uuid
         and ((mode = $2 or $2 = 'full') and status in ('running', 'incomplete', 'failed')
              or status = 'running' and last_commit_at <= clock_timestamp() - ${RESUMABLE})`,
      [names.source, request.mode, left?.run_id ?? request.runId],
    )
    if (left) return { run: storedRun(left, false), resumed: true }
    const [begun] = await session.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed)
       values ($1::text::uuid, $2, $3, 'running',
               exists (select from carsync.runs where source = $2 and mode = 'full' and status = 'complete'))
       -- Begun by a try whose answer was lost, and whose commit came later.
       on conflict (run_id) do update set status = 'running'
       returning ${COLUMNS}, not exists (select from ${names.cars} where source = $2) as began_empty`,
      [request.runId, names.source, request.mode],
    )
    return { run: storedRun(begun!, begun!.began_empty), resumed: false }
  })

/** An incremental run that has not read anything becomes a full one, which is still to be planned. */
export const becomeFull = (db: Database, lease: Lease, runId: string): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query(
      `update carsync.runs set mode = 'full', plan = null, total_before = null where run_id = $1::text::uuid`,
      [runId],
    )
  })

/** Keeps what the run cannot have of the source's feeds; null: it has read them after all. */
export const noteUnread = (db: Database, lease: Lease, runId: string, unread: string | null): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query('update carsync.runs set unread_feed = $2 where run_id = $1::text::uuid', [runId, unread])
  })

/** The plan is frozen here; nothing changes it afterwards. */
export const savePlan = (db: Database, lease: Lease, runId: string, plan: Plan): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query(
      'update carsync.runs set plan = $2::text::jsonb, total_before = $3::bigint where run_id = $1::text::uuid',
      [runId, JSON.stringify(plan), plan.total],
    )
  })

/** What the sweep has shown so far: with it a later process goes on at the right pass. */
export const saveReceipt = (db: Database, lease: Lease, runId: string, receipt: Receipt): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query('update carsync.runs set receipt = $2::text::jsonb where run_id = $1::text::uuid', [
      runId,
      JSON.stringify(receipt),
    ])
  })

/**
 * Freezes the counts of the run and says how it ended and what it covers. Rejects of earlier sweeps are settled by a
 * complete one.
 */
export const finishRun = async (
  db: Database,
  names: Names,
  lease: Lease,
  runId: string,
  finish: Finish,
): Promise<void> => {
  const seen = await countSeen(db, runId, finish.met)
  await db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query(
      `update carsync.runs r
       set status = $2, proof = $3, reason = $4, finished_at = clock_timestamp(), active_ms = $5::bigint,
           requests = $6::text::jsonb, total_before = $7::bigint, total_after = $8::bigint, learned = $9::text::jsonb,
           pages_total = $10::int, seen = $11::bigint, pages_done = p.pages, inserted = p.inserted, updated = p.updated,
           rejected = p.rejected
       from (select count(*) filter (where ${listed('(select mode from carsync.runs where run_id = $1::text::uuid)')}) as pages,
                    coalesce(sum(inserted), 0) as inserted, coalesce(sum(updated), 0) as updated,
                    (select count(*) from carsync.rejects where run_id = $1::text::uuid) as rejected
             from carsync.pages where run_id = $1::text::uuid) p
       where r.run_id = $1::text::uuid`,
      [
        runId,
        finish.status,
        finish.proof,
        finish.reason,
        Math.round(finish.activeMs),
        JSON.stringify(countsOf(finish.requests)),
        finish.totalBefore,
        finish.totalAfter,
        JSON.stringify(finish.learned),
        finish.pagesTotal,
        seen.ids - seen.rejectedIds,
      ],
    )
    if (finish.covered) await addCoverage(session, names, runId, finish.covered)
    if (finish.status === 'complete' && finish.covered?.kind === 'full')
      await session.query(
        `update carsync.rejects set resolved_at = now()
         where source = $1 and resolved_at is null and run_id <> $2::text::uuid`,
        [names.source, runId],
      )
  })
}
