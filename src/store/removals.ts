/** Marking cars removed, holding that back, and a person's word on what is held. Cars are never deleted. */
import { type Database, type Names, type Session, textArray } from './database.ts'
import { assertFence, type Lease } from './lease.ts'
import { PROVEN } from './missing.ts'

/** Cars a transaction. */
const BATCH = 500

/** What a guard holds back of one run. */
export type HeldRun = { runId: string; at: string; cars: number; segments: { name: string; cars: number }[] }

/** How many cars are proven gone, by make (null: cars without one). */
export const provenGone = async (
  db: Database,
  names: Names,
  runId: string,
): Promise<{ make: string | null; cars: number }[]> => {
  const rows = await db.query(
    `select c.make, count(*)::int as cars from carsync.missing m join ${names.cars} c using (source, source_id)
     where ${PROVEN} and c.removed_at is null group by c.make`,
    [names.source, runId],
  )
  return rows.map((row) => ({ make: row.make, cars: row.cars }))
}

/** Marks these cars removed and says so in the change log. Answers how many were not marked before. */
const mark = async (session: Session, names: Names, runId: string, ids: readonly string[]): Promise<number> => {
  const [marked] = await session.query(
    `with marked as (
       update ${names.cars} set removed_at = now(), changed_at = now()
       where source = $1 and source_id = any($3::text::text[]) and removed_at is null returning source_id, removed_at
     ), logged as (
       insert into ${names.changes} (source, source_id, run_id, kind, changes)
       select $1, source_id, $2::text::uuid, 'removed',
              jsonb_build_object('removed_at', jsonb_build_object('from', null, 'to', removed_at))
       from marked order by source_id
     ), counted as (
       update carsync.runs set removed = removed + (select count(*) from marked) where run_id = $2::text::uuid
     )
     select count(*)::int as n from marked`,
    [names.source, runId, textArray(ids)],
  )
  await session.query('delete from carsync.missing where source = $1 and source_id = any($2::text::text[])', [
    names.source,
    textArray(ids),
  ])
  return marked!.n
}

/** Marks one batch of what is proven gone; 0 when nothing is left. What was held of the source is void then. */
export const removeProven = (db: Database, names: Names, lease: Lease, runId: string): Promise<number> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const rows = await session.query(
      `select m.source_id from carsync.missing m where ${PROVEN} order by m.source_id limit ${BATCH}`,
      [names.source, runId],
    )
    const ids = rows.map((row) => row.source_id as string)
    if (ids.length > 0) await mark(session, names, runId, ids)
    await session.query('delete from carsync.held_removals where source = $1 and source_id = any($2::text::text[])', [
      names.source,
      textArray(ids),
    ])
    return ids.length
  })

/** Holds back what is proven gone, in place of what was held before. `segmentOf` a make names its part of the inventory. */
export const holdProven = (
  db: Database,
  names: Names,
  lease: Lease,
  runId: string,
  segmentOf: ReadonlyMap<string | null, string>,
): Promise<number> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const segments = [...segmentOf].map(([make, segment]) => ({ make, segment }))
    await session.query('delete from carsync.held_removals where source = $1', [names.source])
    const rows = await session.query(
      `insert into carsync.held_removals (run_id, source, source_id, segment)
       select $2::text::uuid, $1, m.source_id, s.segment
       from carsync.missing m join ${names.cars} c using (source, source_id)
       join jsonb_to_recordset($3::text::jsonb) as s(make text, segment text) on s.make is not distinct from c.make
       where ${PROVEN} and c.removed_at is null
       returning 1 as held`,
      [names.source, runId, JSON.stringify(segments)],
    )
    return rows.length
  })

/** What is held back, newest first. */
export const readHeld = async (db: Database, names: Names): Promise<HeldRun[]> => {
  const rows = await db.query(
    `select run_id::text, segment, count(*)::int as cars,
            to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
     from carsync.held_removals where source = $1 group by run_id, segment order by max(at) desc, segment`,
    [names.source],
  )
  const byRun = Map.groupBy(rows, (row) => row.run_id as string)
  return [...byRun].map(([runId, parts]) => ({
    runId,
    at: parts[0]!.at,
    cars: parts.reduce((sum, row) => sum + row.cars, 0),
    segments: parts.map((row) => ({ name: row.segment, cars: row.cars })),
  }))
}

/** Marks one batch of what is held of this run, which nobody has seen since; 0 when nothing is left. */
export const approveHeld = (
  db: Database,
  names: Names,
  lease: Lease,
  runId: string,
): Promise<{ looked: number; removed: number }> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const rows = await session.query(
      `delete from carsync.held_removals where ctid = any(array(
         select ctid from carsync.held_removals where source = $1 and run_id = $2::text::uuid order by source_id limit ${BATCH}))
       returning source_id, (extract(epoch from at) * 1000)::float8 as at`,
      [names.source, runId],
    )
    const seenSince = await session.query(
      `select distinct h.id from unnest($3::text::text[]) as h(id)
       join carsync.pages p on h.id = any(p.ids) join carsync.runs r using (run_id)
       where r.source = $1 and r.run_id <> $2::text::uuid
         and r.started_at > (select started_at from carsync.runs where run_id = $2::text::uuid)`,
      [names.source, runId, textArray(rows.map((row) => row.source_id))],
    )
    const seen = new Set(seenSince.map((row) => row.id as string))
    const ids = rows.map((row) => row.source_id as string).filter((id) => !seen.has(id))
    return { looked: rows.length, removed: ids.length === 0 ? 0 : await mark(session, names, runId, ids) }
  })

/** Forgets what is held of this run: these cars have to be proven gone anew. Answers how many there were. */
export const discardHeld = (db: Database, names: Names, lease: Lease, runId: string): Promise<number> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const rows = await session.query(
      `with dropped as (
         delete from carsync.held_removals where source = $1 and run_id = $2::text::uuid returning source_id
       ), forgotten as (
         delete from carsync.missing where source = $1 and source_id in (select source_id from dropped)
       )
       select source_id from dropped`,
      [names.source, runId],
    )
    return rows.length
  })

/**
 * Brings one batch of cars back that this run marked removed and that are so still; 0 when nothing is left. They are exempt
 * from removal until the source has shown them again.
 */
export const undoRemovals = (db: Database, names: Names, lease: Lease, runId: string): Promise<number> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const [back] = await session.query(
      `with chosen as materialized (
         select c.source_id, c.removed_at from ${names.cars} c
         where c.source = $1 and c.removed_at is not null and exists (
           select from ${names.changes} h where h.source = $1 and h.source_id = c.source_id
             and h.run_id = $2::text::uuid and h.kind = 'removed'
             and (h.changes -> 'removed_at' ->> 'to')::timestamptz = c.removed_at)
         order by c.source_id limit ${BATCH} for update of c
       ), back as (
         update ${names.cars} c set removed_at = null, changed_at = now()
         from chosen where c.source = $1 and c.source_id = chosen.source_id returning c.source_id
       ), logged as (
         insert into ${names.changes} (source, source_id, run_id, kind, changes)
         select $1, source_id, $2::text::uuid, 'relisted',
                jsonb_build_object('removed_at', jsonb_build_object('from', removed_at, 'to', null))
         from chosen order by source_id
       ), exempted as (
         insert into carsync.missing (source, source_id, exempt) select $1, source_id, true from chosen
         on conflict (source, source_id) do update set exempt = true
       ), counted as (
         update carsync.runs set removed = greatest(0, removed - (select count(*) from chosen)) where run_id = $2::text::uuid
       )
       select count(*)::int as n from back`,
      [names.source, runId],
    )
    return back!.n
  })

/** Cars held back of the source. */
export const countHeld = async (db: Database, names: Names): Promise<number> => {
  const [held] = await db.query('select count(*)::int as n from carsync.held_removals where source = $1', [
    names.source,
  ])
  return held!.n
}
