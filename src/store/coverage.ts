/** Which stretches of the source's time are covered, and what that leaves to do. Instants are the source's, ms since 1970. */
import type { Covered } from '../run/choose-mode.ts'
import { RESUMABLE_MS } from '../run/health.ts'
import type { Database, Names, Session } from './database.ts'

export const RESUMABLE = `interval '${RESUMABLE_MS} ms'`

/**
 * `expected`: how many cars the source should have by what it counted then and what came since; null: not known. `fullTookMs`: how
 * long the last complete sweep was worked on; 0 where that is not known any more. `unreadFeed`: what the latest run did not complete
 * for want of a feed, in a sentence.
 */
export type ModeState = {
  unfinishedFull: boolean
  coverage: Covered[]
  expected: number | null
  fullTookMs: number
  unreadFeed: string | null
}

/** Whether a full sweep is there to be taken up, and what was covered since the last complete one began. */
export const readModeState = async (db: Database, names: Names): Promise<ModeState> => {
  const found = await db.query(
    `select (select status in ('running', 'incomplete', 'failed') and last_commit_at > clock_timestamp() - ${RESUMABLE}
             from carsync.runs where source = $1 and mode = 'full' order by started_at desc limit 1) as unfinished,
            (select case when status in ('incomplete', 'failed') then unread_feed end
             from carsync.runs where source = $1 order by started_at desc limit 1) as unread,
            c.kind, (extract(epoch from from_at) * 1000)::float8 as since, (extract(epoch from to_at) * 1000)::float8 as until,
            r.total_after::float8 as total, r.active_ms::float8 as took, r.inserted::float8 as inserted
     -- One row where nothing is covered yet.
     from (select) as always left join carsync.coverage c on c.source = $1 left join carsync.runs r using (run_id)
     order by r.started_at nulls first`,
    [names.source],
  )
  const { unfinished, unread } = found[0]!
  const rows = found.filter(({ kind }) => kind !== null)
  const full = rows.filter(({ kind }) => kind === 'full').at(-1)
  const counted = full?.total ?? null
  const came = rows.reduce((sum, { kind, inserted }) => sum + (kind === 'incremental' ? (inserted ?? 0) : 0), 0)
  return {
    unfinishedFull: unfinished ?? false,
    coverage: rows.map((row) => ({ kind: row.kind, from: row.since, to: row.until })),
    expected: counted === null ? null : counted + came,
    fullTookMs: full?.took ?? 0,
    unreadFeed: unread,
  }
}

/**
 * Adds a stretch, within the transaction that ends its run. What a new full sweep makes void goes: what was covered before
 * its instant, and by every run that began before it, for a source's clock may go back.
 */
export const addCoverage = async (session: Session, names: Names, runId: string, covered: Covered): Promise<void> => {
  if (covered.kind === 'full')
    await session.query(
      `delete from carsync.coverage c where source = $1 and (to_at < to_timestamp($2::float8 / 1000)
         or (select started_at from carsync.runs r where r.run_id = c.run_id)
          < (select started_at from carsync.runs r where r.run_id = $3::text::uuid))`,
      [names.source, covered.to, runId],
    )
  await session.query(
    `insert into carsync.coverage (source, kind, from_at, to_at, run_id)
     values ($1, $2, to_timestamp($3::float8 / 1000), to_timestamp($4::float8 / 1000), $5::text::uuid)
     on conflict do nothing`,
    [names.source, covered.kind, covered.from, covered.to, runId],
  )
}
