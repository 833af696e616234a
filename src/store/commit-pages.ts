/**
 * One transaction: the cars of some pages, what changed, what was rejected, and the ledger rows that say these pages are
 * done. Either all of it is there or nothing.
 */
import type { RequestCounts } from '../events.ts'
import { type CarWrite, logListed } from './cars-sql.ts'
import { type Database, type Names, type Session, storable, type Transaction, textArray } from './database.ts'
import { assertFence, type Lease } from './lease.ts'
import { mergedDrift } from './merge-drift.ts'
import { type Approach, byBestApproach, type IsSameRecord, type Written, writeCars } from './write-cars.ts'

export type Reject = { position: number; sourceId: string | null; reason: string; path: string; payload: string }

/** A page that was read. `ids` are all ids on it, stored or rejected. `readAt` is the database's clock, ms. */
export type PageEntry = {
  sweep: number
  segment: string
  pageSize: number
  page: number
  readAt: number
  last: boolean
  records: number
  ids: readonly string[]
  rejects: readonly Reject[]
  /** Where each car to be written stands on the page, for the record of what could not be stored. */
  positions: ReadonlyMap<string, number>
}

/**
 * Pages to commit together. A car stands once in `cars`; `pageOf` says which page it is counted on. `drift`: what was not
 * as known in the records that were parsed, and in how many of them.
 */
export type PageCommit = {
  pages: readonly PageEntry[]
  cars: readonly CarWrite[]
  pageOf: ReadonlyMap<string, number>
  drift: ReadonlyMap<string, number>
}

export type PageCounts = { inserted: number; updated: number; rejected: number }

/** `repeated`: a car that was taken for new was stored already. */
export type CommitResult = { pages: PageCounts[]; repeated: boolean }

export type CommitContext = {
  lease: Lease
  names: Names
  runId: string
  logListed: boolean
  reader: number
  isSameRecord: IsSameRecord
  /** What the run has cost so far; written with every commit, so that a killed process has not worked unseen. */
  spent: () => { requests: RequestCounts; activeMs: number }
}

const writeRejects = async (session: Session, context: CommitContext, batch: PageCommit): Promise<void> => {
  const rows = batch.pages.flatMap((page) => page.rejects.map((reject) => ({ ...reject, page })))
  if (rows.length === 0) return
  const json = rows.map(({ page, ...reject }) => ({
    segment: page.segment,
    page_size: page.pageSize,
    page: page.page,
    position: reject.position,
    source_id: reject.sourceId,
    reason: storable(reject.reason),
    path: storable(reject.path),
    payload: storable(reject.payload),
  }))
  await session.query(
    `insert into carsync.rejects (run_id, source, segment, page_size, page, position, source_id, reason, path, payload)
     select $1::text::uuid, $2, segment, page_size, page, position, source_id, reason, path, payload
     from jsonb_to_recordset($3::text::jsonb) as r(segment text, page_size int, page int, position int, source_id text,
          reason text, path text, payload text)
     on conflict (run_id, segment, page_size, page, position) do update
       set source_id = excluded.source_id, reason = excluded.reason, path = excluded.path, payload = excluded.payload`,
    [context.runId, context.names.source, JSON.stringify(json)],
  )
}

const writeLedger = (
  session: Transaction,
  context: CommitContext,
  batch: PageCommit,
  counts: readonly PageCounts[],
): void => {
  const json = batch.pages.map((page, i) => ({
    sweep: page.sweep,
    segment: page.segment,
    page_size: page.pageSize,
    page: page.page,
    read_at: new Date(page.readAt).toISOString(),
    is_last: page.last,
    records: page.records,
    ...counts[i]!,
    ids: textArray(page.ids),
  }))
  const { requests, activeMs } = context.spent()
  session.lastly(
    `with ledger as (
       insert into carsync.pages (run_id, sweep, segment, page_size, page, read_at, is_last, records, inserted, updated, rejected, ids)
       select $1::text::uuid, sweep, segment, page_size, page, read_at, is_last, records, inserted, updated, rejected, ids::text[]
       from jsonb_to_recordset($2::text::jsonb) as p(sweep int, segment text, page_size int, page int, read_at timestamptz,
            is_last boolean, records int, inserted int, updated int, rejected int, ids text))
     update carsync.runs set requests = $3::text::jsonb, active_ms = $4::bigint, last_commit_at = clock_timestamp(),
       drift = ${mergedDrift('$5')}
     where run_id = $1::text::uuid`,
    [
      context.runId,
      JSON.stringify(json),
      JSON.stringify(requests),
      Math.round(activeMs),
      JSON.stringify(Object.fromEntries(batch.drift)),
    ],
  )
}

/** What a car that the database refused looks like among the rejects. */
const rejectOf = (page: PageEntry, { write, why }: Written['unstorable'][number]): Reject => ({
  position: page.positions.get(write.sourceId) ?? 0,
  sourceId: write.sourceId,
  reason: `database: ${why}`,
  path: '',
  payload: new TextDecoder().decode(write.record),
})

const commitOnce = (
  db: Database,
  context: CommitContext,
  batch: PageCommit,
  approach: Approach,
): Promise<CommitResult> =>
  db.transaction(async (session) => {
    // On the way together. Whatever the fence says is said before anything is committed.
    const [, written] = await Promise.all([
      assertFence(session, context.lease, 'soon'),
      writeCars(session, context, batch.cars, approach),
    ])
    if (context.logListed && written.inserted.length > 0)
      await session.query(logListed(context.names), [context.names.source, context.runId, textArray(written.inserted)])
    const unstorable = batch.pages.map((page, i) =>
      written.unstorable
        .filter(({ write }) => batch.pageOf.get(write.sourceId) === i)
        .map((each) => rejectOf(page, each)),
    )
    const pages = batch.pages.map((page, i) => ({ ...page, rejects: [...page.rejects, ...unstorable[i]!] }))
    const counts = pages.map((page): PageCounts => ({ inserted: 0, updated: 0, rejected: page.rejects.length }))
    for (const id of written.inserted) counts[batch.pageOf.get(id) ?? 0]!.inserted++
    for (const id of written.updated) counts[batch.pageOf.get(id) ?? 0]!.updated++
    await writeRejects(session, context, { ...batch, pages })
    writeLedger(session, context, batch, counts)
    return { pages: counts, repeated: !approach.direct }
  })

/**
 * Commits the pages, by the fastest way that the data and the database allow. A car that the database refuses becomes a
 * reject. Throws LeaseLostError when the lease went to another process, else the driver's error.
 */
export const commitPages = (db: Database, context: CommitContext, batch: PageCommit): Promise<CommitResult> =>
  byBestApproach(batch.cars.length, (approach) => commitOnce(db, context, batch, approach))

/** Whether these pages are in the ledger: how a commit whose answer was lost is told from one that failed. */
export const isCommitted = async (db: Database, runId: string, page: PageEntry): Promise<PageCounts | null> => {
  const [row] = await db.query(
    `select inserted, updated, rejected from carsync.pages
     where run_id = $1::text::uuid and sweep = $2::int and segment = $3 and page_size = $4::int and page = $5::int`,
    [runId, page.sweep, page.segment, page.pageSize, page.page],
  )
  return row ? { inserted: row.inserted, updated: row.updated, rejected: row.rejected } : null
}
