/** The books of a sweep: how many cars were seen, and which of them are known to have gone since. */
import type { Departure, PageRead } from '../run/seams.ts'
import { SLACK_MS } from '../run/too-soon-to-tell.ts'
import { type Database, textArray } from './database.ts'
import { countRejected } from './ledger.ts'

/** Cars that the source says have gone: when, by id, in the database's time (ms). */
export type GoneAt = ReadonlyMap<string, number>

export type Balance = {
  distinct: number
  gone: number
  /** Of those gone, how many were met after the instant at which they went by the source's word, but within the slack. */
  doubtful: number
  repeats: number
  withoutId: number
}

/** A car may be read and go within the same second. */
const SLACK = `interval '${SLACK_MS} ms'`

const GONE = `unnest($2::text::text[], $3::text::float8[]) as g(id, at_ms)`

const goneParams = (gone: GoneAt): [string, string] => [
  textArray([...gone.keys()]),
  `{${[...gone.values()].join(',')}}`,
]

const SEEN_GONE = `
  (count(*) filter (where seen.at <= to_timestamp(g.at_ms / 1000) + ${SLACK}))::int as gone,
  (count(*) filter (where seen.at > to_timestamp(g.at_ms / 1000)
                      and seen.at <= to_timestamp(g.at_ms / 1000) + ${SLACK}))::int as doubtful`

/**
 * Tells of every id where each is met once; else only that it is not so: `times` is more than `distinct`. Sorted byte by byte,
 * which takes half as long as by the rules of a language.
 */
const MET_ONCE = `
  select count(*)::int as times, count(distinct seen.id collate "C")::int as "distinct", 0 as repeats, ${SEEN_GONE}
  from (select id, read_at as at from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid) as seen
       left join ${GONE} on g.id = seen.id`

const MET_OFTEN = `
  select count(*)::int as "distinct", ${SEEN_GONE}
  from (select id, max(read_at) as at
        from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid group by id) as seen
       left join ${GONE} on g.id = seen.id`

const COUNT_REPEATS = `
  with listed as (
    select id, max(read_at) as at, count(*) filter (where sweep = 0) as met
    from carsync.pages, unnest(ids) as id where run_id = $1::text::uuid group by id, segment),
  seen as (select id, max(at) as at, max(met) as met from listed group by id)
  select count(*)::int as "distinct",
         coalesce(sum(greatest(met - 1, 0)), 0)::int as repeats, ${SEEN_GONE}
  from seen left join ${GONE} on g.id = seen.id`

/**
 * Distinct ids on all pages of the run, those of them that went after they were last seen, how often ids were met again
 * in one listing of the first pass (that listings overlap is no repeat), and rejected records without an id. Who may
 * have gone and come back within the slack counts as gone: too few are taken for met rather than too many. `repeats`: how
 * often that was, where it is known already; to find it out takes several times as long as all the rest.
 */
export const weighSeen = async (
  db: Database,
  runId: string,
  gone: GoneAt,
  repeats: number | null = null,
): Promise<Balance> => {
  const { rejectedWithoutId: withoutId } = await countRejected(db, runId)
  const ask = async (sql: string) => (await db.query(sql, [runId, ...goneParams(gone)]))[0]!
  const met = async () => {
    if (repeats !== null) return { ...(await ask(MET_OFTEN)), repeats }
    const once = await ask(MET_ONCE)
    // Most sweeps meet every car once, and then this is all.
    return once.times === once.distinct ? once : await ask(COUNT_REPEATS)
  }
  const { distinct, gone: went, doubtful, repeats: again } = (await met()) as Balance
  return { distinct, gone: went, doubtful, repeats: again, withoutId }
}

/** The pages of one pass, and where and when cars went that had been seen on them. */
export const readMovement = async (
  db: Database,
  runId: string,
  sweep: number,
  gone: GoneAt,
): Promise<{ pages: PageRead[]; departures: Departure[] }> => {
  const pages = await db.query(
    `select segment, page_size, page, records, (extract(epoch from read_at) * 1000)::float8 as at from carsync.pages
     where run_id = $1::text::uuid and sweep = $2::int`,
    [runId, sweep],
  )
  const departures = await db.query(
    `select p.segment, p.page, g.at_ms as at from carsync.pages p cross join unnest(p.ids) as met(id) join ${GONE} on g.id = met.id
     where p.run_id = $1::text::uuid and p.sweep = $4::int`,
    [runId, ...goneParams(gone), sweep],
  )
  return {
    pages: pages.map(({ segment, page_size: pageSize, page, records, at }) => ({
      segment,
      pageSize,
      page,
      records,
      readAt: at,
    })),
    departures: departures.map((row) => ({ segment: row.segment, page: row.page, at: row.at })),
  }
}
