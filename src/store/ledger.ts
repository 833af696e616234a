/** The ledger of pages: written in the same transaction as their cars, read when a run is taken up again. */
import { CHANGES } from '../run/plan.ts'
import type { Database } from './database.ts'

export type LedgerPage = {
  sweep: number
  segment: string
  pageSize: number
  page: number
  /** When it was asked for, by the database's clock, ms. */
  readAt: number
  last: boolean
  records: number
  inserted: number
  updated: number
  rejected: number
}

/** Which pages count as pages of the run: beside a full sweep the feed of changes is no part of the listing. */
export const listed = (mode: string): string => `segment <> '${CHANGES}' or ${mode} = 'incremental'`

export const readLedger = async (db: Database, runId: string): Promise<LedgerPage[]> => {
  const rows = await db.query(
    `select sweep::int, segment, page_size, page, (extract(epoch from read_at) * 1000)::float8 as read_at, is_last, records, inserted, updated, rejected
     from carsync.pages where run_id = $1::text::uuid`,
    [runId],
  )
  return rows.map((row) => ({
    sweep: row.sweep,
    segment: row.segment,
    pageSize: row.page_size,
    page: row.page,
    readAt: row.read_at,
    last: row.is_last,
    records: row.records,
    inserted: row.inserted,
    updated: row.updated,
    rejected: row.rejected,
  }))
}

/**
 * Distinct ids of rejected records of a run, and rejected records without an id. These cannot be told apart by id, only by their row: a row read again at another page size counts once, and where the
 * whole listing is read after the priority brands (segment `all`), only its rows count. Counted twice, they would make
 * up for as many cars that were missed.
 */
export const countRejected = async (
  db: Database,
  runId: string,
): Promise<{ rejectedIds: number; rejectedWithoutId: number }> => {
  const [rejected] = await db.query(
    `select count(distinct source_id)::int as ids,
            (count(distinct (segment, (page - 1)::bigint * page_size + position)) filter (
              where source_id is null and segment <> '${CHANGES}' and (segment = 'all' or not exists (
                select from carsync.pages where run_id = $1::text::uuid and segment = 'all'))))::int as without
     from carsync.rejects where run_id = $1::text::uuid`,
    [runId],
  )
  return { rejectedIds: rejected!.ids, rejectedWithoutId: rejected!.without }
}

/** Distinct ids on all pages of a run (`met`, where they have been counted already), rejected records among them, and what was rejected. */
export const countSeen = async (
  db: Database,
  runId: string,
  met: number | null = null,
): Promise<{ ids: number; rejectedIds: number; rejectedWithoutId: number }> => {
  const count = async (): Promise<number> => {
    const [seen] = await db.query(
      'select count(distinct id)::int as ids from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid',
      [runId],
    )
    return seen!.ids
  }
  return { ids: met ?? (await count()), ...(await countRejected(db, runId)) }
}

/** How many ids the pages of a sweep have brought that no earlier sweep of the run had. */
export const countNew = async (db: Database, runId: string, sweep: number): Promise<number> => {
  const [row] = await db.query(
    `select count(*)::int as ids from (
       select id from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid and sweep = $2::int
       except
       select id from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid and sweep < $2::int) as fresh`,
    [runId, sweep],
  )
  return row!.ids
}
