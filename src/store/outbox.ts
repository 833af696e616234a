/**
 * The alerts that are still to be sent. Whoever sends one claims it first; a claim runs out by itself, so what a process
 * had in hand when it was killed is sent by another, under the same id.
 */
import { LONGEST_WAIT_MS } from '../run/alerts.ts'
import type { Database, Names } from './database.ts'

/** `attempt` counts from 1. `at` is the database's clock, ms since 1970. */
export type Claim = { id: string; body: string; attempt: number; at: number }

/** Those that are open and were not to be sent, for there was no webhook, are to be sent now. */
export const queueAlerts = async (db: Database, { source }: Names): Promise<void> => {
  await db.query(
    `update carsync.alerts set next_try_at = clock_timestamp()
     where source = $1 and resolved_at is null and delivered_at is null and next_try_at is null`,
    [source],
  )
}

/** When it is due. Nothing is put off for longer than `LONGEST_WAIT_MS`: what is was dated by a clock that has been set back since. */
const DUE_AT = `case when next_try_at > clock_timestamp() + ${LONGEST_WAIT_MS} * interval '1 ms' then clock_timestamp() else next_try_at end`

/**
 * Nothing that was to be told earlier of the same kind of trouble is still to be sent. Of what was told in one tick of the
 * clock (it may be a coarse one), the trouble comes before its end, as it does by name.
 */
const IS_FIRST = `not exists (
    select from carsync.alerts b
    where b.source = a.source and b.delivered_at is null and b.next_try_at is not null
      and split_part(b.kind, '.', 1) = split_part(a.kind, '.', 1) and (b.opened_at, b.kind) < (a.opened_at, a.kind))`

/**
 * Claims the alert that is due first, for so long; null: none is. What is told of one kind of trouble is told in its order:
 * who hears that it is over has heard of it before.
 */
export const claimAlert = async (db: Database, { source }: Names, claimMs: number): Promise<Claim | null> => {
  const [row] = await db.query(
    `with due as (
       select id from carsync.alerts a
       where source = $1 and delivered_at is null and ${DUE_AT} <= clock_timestamp()
         and ${IS_FIRST}
       order by next_try_at limit 1 for update skip locked
     )
     update carsync.alerts a
     set attempts = a.attempts + 1, next_try_at = clock_timestamp() + $2::int * interval '1 ms'
     from due where a.id = due.id
     returning a.id::text, a.body, a.attempts, (extract(epoch from clock_timestamp()) * 1000)::float8 as at`,
    [source, claimMs],
  )
  return row ? { id: row.id, body: row.body, attempt: row.attempts, at: row.at } : null
}

/** It was taken: nobody sends it again. */
export const keepDelivered = async (db: Database, { id }: Claim): Promise<void> => {
  await db.query(
    `update carsync.alerts set delivered_at = coalesce(delivered_at, clock_timestamp()), fault = null
     where id = $1::text::uuid`,
    [id],
  )
}

/** It was not taken: it is due again after this time. A claim that ran out has no say any more. */
export const keepUndelivered = async (
  db: Database,
  { id, attempt }: Claim,
  fault: string,
  waitMs: number,
): Promise<void> => {
  await db.query(
    `update carsync.alerts set fault = $3, next_try_at = clock_timestamp() + $4::int * interval '1 ms'
     where id = $1::text::uuid and attempts = $2::int and delivered_at is null`,
    [id, attempt, fault, Math.round(waitMs)],
  )
}

/** How long until the next one is due, ms, at least 0; null: all are delivered. */
export const nextAlertInMs = async (db: Database, { source }: Names): Promise<number | null> => {
  const [row] = await db.query(
    `select case when count(*) > 0 then
              greatest(0, extract(epoch from min(${DUE_AT}) - clock_timestamp()) * 1000)::float8 end as wait
     from carsync.alerts a where source = $1 and delivered_at is null and next_try_at is not null and ${IS_FIRST}`,
    [source],
  )
  return row!.wait
}
