/** Rejected records that are read again: which there are, and what became of them. */

import type { CarWrite } from './cars-sql.ts'
import { logListed } from './cars-sql.ts'
import type { Database, Names, Session } from './database.ts'
import { storable, textArray } from './database.ts'
import { assertFence, type Lease } from './lease.ts'
import { byBestApproach, type IsSameRecord, writeCars } from './write-cars.ts'

/** A record that could not be stored. `readAt`: when it was asked for at the latest, by the database's clock, ms. */
export type KeptReject = {
  id: string
  runId: string
  logListed: boolean
  segment: string
  pageSize: number
  page: number
  reason: string
  payload: string
  readAt: number
}

const BATCH = 200
const BATCH_BYTES = 8 << 20
/** How long before it was written down a record may have been read, where the ledger does not tell any more. */
const UNWRITTEN = `interval '1 hour'`

/**
 * The next open rejects after `after` (an id), oldest first, all of one run: at most 200, and no more than 8 MB unless the
 * first alone is larger. Empty: there are no more.
 */
export const openRejects = async (db: Database, names: Names, after: string): Promise<KeptReject[]> => {
  const rows = await db.query(
    `with next as materialized (
       select id, run_id, octet_length(payload) as bytes from carsync.rejects
       where source = $1 and resolved_at is null and id > $2::bigint order by id limit ${BATCH}
     ), weighed as (
       select id, run_id, sum(bytes) over (order by id) as upto, first_value(run_id) over (order by id) as first_run,
              min(id) over () as first_id
       from next
     ), ends as (
       -- The first of another run, or of too much, ends the batch.
       select min(id) as at from weighed where run_id <> first_run or (upto > ${BATCH_BYTES} and id > first_id)
     )
     select j.id::text, j.run_id::text, r.log_listed, j.segment, j.page_size, j.page, j.reason, j.payload,
       (extract(epoch from coalesce(
         (select min(p.read_at) from carsync.pages p where p.run_id = j.run_id and p.segment = j.segment
            and p.page_size = j.page_size and p.page = j.page),
         j.at - ${UNWRITTEN})) * 1000)::float8 as read_at
     from weighed w join carsync.rejects j using (id) join carsync.runs r on r.run_id = j.run_id
     where w.id < coalesce((select at from ends), 9223372036854775807)
     order by j.id`,
    [names.source, after],
  )
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    logListed: row.log_listed,
    segment: row.segment,
    pageSize: row.page_size,
    page: row.page,
    reason: row.reason,
    payload: row.payload,
    readAt: row.read_at,
  }))
}

/** What reading some rejects of one run again came to. A reject is in one of the lists, or its car is in `cars`. */
export type Reread = {
  runId: string
  logListed: boolean
  reader: number
  isSameRecord: IsSameRecord
  /** Cars to be written, and the reject each was read from. */
  cars: readonly CarWrite[]
  rejectOf: ReadonlyMap<string, string>
  /** Rejects whose car is stored already, just so or by a newer read. */
  settled: readonly string[]
  /** Rejects that still are none of the cars, with the reason as it is now. */
  rejected: readonly { id: string; reason: string; path: string }[]
}

/** Of these cars, those that were marked removed after they had been read: to write them would bring back what is gone. */
const goneSince = async (session: Session, names: Names, cars: readonly CarWrite[]): Promise<Set<string>> => {
  const rows = await session.query(
    `select c.source_id from unnest($2::text::text[], $3::text::float8[]) as k(source_id, read_at)
     join ${names.cars} c on c.source = $1 and c.source_id = k.source_id
     where c.removed_at > to_timestamp(k.read_at / 1000)`,
    [
      names.source,
      textArray(cars.map(({ sourceId }) => sourceId)),
      textArray(cars.map(({ readAt }) => String(readAt))),
    ],
  )
  return new Set(rows.map((row) => row.source_id as string))
}

/**
 * Writes the cars and settles their rejects in one transaction; answers how many cars were written, and how many the
 * database refuses. A car that is stored by a newer read is left alone, and its reject is settled too.
 */
export const settleRejects = (
  db: Database,
  names: Names,
  lease: Lease,
  reread: Reread,
): Promise<{ stored: number; refused: number }> =>
  byBestApproach(reread.cars.length, (approach) =>
    db.transaction(async (session) => {
      await assertFence(session, lease)
      const gone = await goneSince(session, names, reread.cars)
      const cars = reread.cars.filter(({ sourceId }) => !gone.has(sourceId))
      const { runId, reader, isSameRecord } = reread
      const context = { names, runId, reader, isSameRecord }
      const { inserted, updated, unstorable } = await writeCars(session, context, cars, approach)
      if (reread.logListed && inserted.length > 0)
        await session.query(logListed(names), [names.source, reread.runId, textArray(inserted)])
      const refused = unstorable.map(({ write, why }) => ({
        id: reread.rejectOf.get(write.sourceId)!,
        reason: `database: ${why}`,
        path: '',
      }))
      const unsettled = new Set(refused.map(({ id }) => id))
      const settled = [...reread.settled, ...[...reread.rejectOf.values()].filter((id) => !unsettled.has(id))]
      await session.query(
        'update carsync.rejects set resolved_at = clock_timestamp() where id = any($1::text::bigint[])',
        [textArray(settled)],
      )
      const still = [...reread.rejected, ...refused].map(({ id, reason, path }) => ({
        id,
        reason: storable(reason),
        path: storable(path),
      }))
      await session.query(
        `update carsync.rejects j set reason = s.reason, path = s.path
         from jsonb_to_recordset($1::text::jsonb) as s(id bigint, reason text, path text)
         where j.id = s.id and (j.reason, j.path) <> (s.reason, s.path)`,
        [JSON.stringify(still)],
      )
      return { stored: inserted.length + updated.length, refused: refused.length }
    }),
  )
