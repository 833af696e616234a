/** What changed in the last day: how much of each kind, and the latest of each. Reads only. */
import type { Database, Names } from './database.ts'

export type ChangeKind = 'relisted' | 'sold' | 'removed' | 'price_changed' | 'updated' | 'listed'

/** One change with the car it happened to. Prices are exact decimal text, and only there where the price changed. */
export type RecentChange = {
  id: string
  sourceId: string
  kind: ChangeKind
  at: string
  title: string | null
  make: string | null
  model: string | null
  year: number | null
  currency: string | null
  price: { from: string | null; to: string | null } | null
}

export type RecentChanges = {
  counts: Partial<Record<ChangeKind, number>>
  latest: RecentChange[]
  /** There were more than were looked through: the counts are of the latest ones only. */
  partial: boolean
}

/** The log has no index by time, so its newest end is looked through, so far and no farther. */
const LOOKED_THROUGH = 50_000

/** Of each kind the latest `limit` of the last 24 hours, newest first. */
export const readRecentChanges = async (db: Database, names: Names, limit: number): Promise<RecentChanges> => {
  const day = `with newest as (
      select id, source, source_id, kind, changes, at from ${names.changes} order by id desc limit ${LOOKED_THROUGH}
    ), day as (
      select * from newest where source = $1 and at > now() - interval '24 hours'
    )`
  const counted = await db.query(
    `${day} select kind, count(*)::float8 as n,
       (select count(*) = ${LOOKED_THROUGH} and min(at) > now() - interval '24 hours' from newest) as partial
     from day group by kind`,
    [names.source],
  )
  const rows = await db.query(
    `${day}, ranked as (select *, row_number() over (partition by kind order by id desc) as place from day)
     select k.id::text, k.source_id, k.kind, to_char(k.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
            c.title, c.make, c.model, c.year, c.currency,
            k.changes ? 'price' as priced, k.changes->'price'->>'from' as price_from, k.changes->'price'->>'to' as price_to
     from ranked k left join ${names.cars} c using (source, source_id) where place <= $2::int order by k.id desc`,
    [names.source, limit],
  )
  return {
    counts: Object.fromEntries(counted.map((row) => [row.kind, row.n])),
    latest: rows.map((row) => ({
      id: row.id,
      sourceId: row.source_id,
      kind: row.kind,
      at: row.at,
      title: row.title,
      make: row.make,
      model: row.model,
      year: row.year,
      currency: row.currency,
      price: row.priced ? { from: row.price_from, to: row.price_to } : null,
    })),
    partial: counted.some((row) => row.partial),
  }
}
