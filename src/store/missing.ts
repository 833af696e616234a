/**
 * `carsync.missing`: stored cars that the source seems not to have any more. A car gets in by being absent from a proven
 * sweep, or by a removal feed that made the engine ask; it gets out by being seen.
 */
import { type Database, type Names, textArray } from './database.ts'
import { assertFence, type Lease } from './lease.ts'

/** Cars compared with the sweep in one statement. */
const BATCH = 20_000

/**
 * Proven gone: absent from the proven sweep $2, and either the source said so when asked by id, or an earlier proven sweep
 * had not seen it either. $1 source, $2 run id.
 */
export const PROVEN = `m.source = $1 and not m.exempt and m.absent_from is not null
  and (m.asked_at is not null or m.absent_from <> $2::text::uuid)`

/** Absent for the first time in the proven sweep $2, and not asked for by id yet. $1 source, $2 run id. */
const NOT_ASKED_FOR = `m.source = $1 and not m.exempt and m.asked_at is null and m.absent_from = $2::text::uuid`

/** Whoever was seen in this run is neither missing nor held for removal any more. */
export const forgetSeen = (db: Database, names: Names, lease: Lease, runId: string): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    const seen = '(select unnest(ids) from carsync.pages where run_id = $2::text::uuid)'
    for (const table of ['carsync.missing', 'carsync.held_removals']) {
      const [some] = await session.query(`select 1 as some from ${table} where source = $1 limit 1`, [names.source])
      if (some)
        await session.query(`delete from ${table} where source = $1 and source_id in ${seen}`, [names.source, runId])
    }
  })

/**
 * Whether no stored car can be absent from a sweep that has met so many distinct ids: all of them are stored by now, unless one
 * was rejected, and if no more cars than those are stored as being there, they are the same. It takes a tenth of the time of comparing,
 * where it is counted over the connection that has looked up all of them. (`set_config` keeps the server from starting workers, which
 * would have to find all of the table anew.)
 */
const isNoneAbsent = async (db: Database, names: Names, runId: string, met: number): Promise<boolean> => {
  const [row] = await db.lookUp(
    `select not exists (select from carsync.rejects where run_id = $2::text::uuid)
            and (select count(*) from ${names.cars} where source = $1 and removed_at is null) = $3::int as none,
            set_config('max_parallel_workers_per_gather', '0', true)`,
    [names.source, runId, met],
  )
  return row!.none
}

/**
 * Writes down which stored cars the proven sweep `runId` did not see, and answers how many of them are so for the first
 * time and were not asked for yet. Compares in batches by key, so that no statement grows with the inventory. An earlier
 * sweep counts only if it ended as proven: one that was killed after it had marked may have ended without its proof. `met`: how
 * many distinct ids the sweep has met.
 */
export const markAbsent = async (
  db: Database,
  names: Names,
  lease: Lease,
  runId: string,
  met: number,
): Promise<number> => {
  const isNone = await isNoneAbsent(db, names, runId, met)
  return db.transaction(async (session) => {
    await assertFence(session, lease)
    if (isNone) return 0
    await session.query('create temporary table carsync_seen (id text not null) on commit drop')
    await session.query(
      `insert into carsync_seen select distinct id from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid`,
      [runId],
    )
    // Sorted at once, an index costs half of what it does row by row.
    await session.query('create unique index on carsync_seen (id)')
    await session.query('analyze carsync_seen')
    for (let after: string | null = ''; after !== null; ) {
      const [batch] = await session.query(
        `with batch as materialized (
           select source_id from ${names.cars} where source = $1 and source_id > $2 order by source_id limit ${BATCH}
         ), absent as materialized (
           select source_id from batch where not exists (select from carsync_seen where id = source_id)
         ), marked as (
           insert into carsync.missing as m (source, source_id, absent_from)
           select $1, source_id, $3::text::uuid from absent join ${names.cars} c using (source_id)
           where c.source = $1 and c.removed_at is null
           on conflict (source, source_id) do update set absent_from = case when exists (
             select from carsync.runs r where r.run_id = m.absent_from and r.status = 'complete' and r.proof = 'exact'
           ) then m.absent_from else excluded.absent_from end
         )
         select max(source_id) as last from batch`,
        [names.source, after, runId],
      )
      after = batch!.last
    }
    const [fresh] = await session.query(`select count(*)::int as n from carsync.missing m where ${NOT_ASKED_FOR}`, [
      names.source,
      runId,
    ])
    return fresh!.n
  })
}

/** Cars that the proven sweep was the first not to see, and that were not asked for. */
export const notAskedFor = async (db: Database, names: Names, runId: string): Promise<string[]> => {
  const rows = await db.query(`select source_id from carsync.missing m where ${NOT_ASKED_FOR} order by source_id`, [
    names.source,
    runId,
  ])
  return rows.map((row) => row.source_id)
}

/** Of these ids, those stored as being there that this run has not seen: what a hint of the source is about. */
export const unseenAmong = async (
  db: Database,
  names: Names,
  runId: string,
  ids: readonly string[],
): Promise<string[]> => {
  if (ids.length === 0) return []
  const rows = await db.query(
    `select id from unnest($3::text::text[]) as id join ${names.cars} c on c.source = $1 and c.source_id = id
     where c.removed_at is null
       and id not in (select unnest(ids) from carsync.pages where run_id = $2::text::uuid)
       and not exists (select from carsync.missing m where m.source = $1 and m.source_id = id and m.asked_at is not null)
     order by id`,
    [names.source, runId, textArray(ids)],
  )
  return rows.map((row) => row.id)
}

/** Keeps what the source said when it was asked by id. */
export const keepAnswers = (
  db: Database,
  names: Names,
  lease: Lease,
  answers: { gone: readonly string[]; there: readonly string[] },
): Promise<void> =>
  db.transaction(async (session) => {
    await assertFence(session, lease)
    await session.query(
      `insert into carsync.missing as m (source, source_id, asked_at)
       select $1, id, clock_timestamp() from unnest($2::text::text[]) as id
       on conflict (source, source_id) do update set asked_at = excluded.asked_at`,
      [names.source, textArray(answers.gone)],
    )
    for (const table of ['carsync.missing', 'carsync.held_removals'])
      await session.query(`delete from ${table} where source = $1 and source_id = any($2::text::text[])`, [
        names.source,
        textArray(answers.there),
      ])
  })

/**
 * Some ids that were seen last, by this run if it has seen any, and that nobody misses: what to ask for to see whether
 * asking by id works.
 */
export const someSeen = async (db: Database, names: Names, runId: string, limit: number): Promise<string[]> => {
  const rows = await db.query(
    `select id from (
       select p.ids[cardinality(p.ids)] as id, p.run_id, p.read_at
       from carsync.pages p join carsync.runs r using (run_id) where r.source = $1 and cardinality(p.ids) > 0) as last
     where not exists (select from carsync.missing m where m.source = $1 and m.source_id = id)
     order by run_id = $2::text::uuid desc, read_at desc limit $3::int`,
    [names.source, runId, limit],
  )
  return rows.map((row) => row.id)
}
