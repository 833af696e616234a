/** What somebody asked for: the next run, or that there be none. It is kept until it has been carried out. */
import type { Mode } from '../events.ts'
import { type Database, type Names, textArray } from './database.ts'

export type Order = { mode: Mode; fresh: boolean; priority: readonly string[] | null }

const IS_ORDER = 'source = $1 and mode = $2 and fresh = $3 and priority is not distinct from $4::text::text[]'

const orderParams = (source: string, { mode, fresh, priority }: Order) => [
  source,
  mode,
  fresh,
  priority === null ? null : textArray(priority),
]

/** Makes a run due, in place of an earlier order, and ends a stop. */
export const placeOrder = async (db: Database, { source }: Names, order: Order): Promise<void> => {
  await db.query(
    `insert into carsync.orders (source, mode, fresh, priority) values ($1, $2, $3, $4::text::text[])
     on conflict (source) do update set mode = excluded.mode, fresh = excluded.fresh, priority = excluded.priority,
       ordered_at = clock_timestamp(), stopped_at = null`,
    orderParams(source, order),
  )
}

/** Takes back what was ordered, ends the run that is on, and makes nothing due until the next order. */
export const stopOrders = async (db: Database, { source }: Names): Promise<void> => {
  await db.query(
    `insert into carsync.orders (source, stopped_at) values ($1, clock_timestamp())
     on conflict (source) do update set mode = null, fresh = false, priority = null, stopped_at = clock_timestamp()`,
    [source],
  )
}

/** Once the fresh run of an order is begun, it is that run which is wanted: another process is not to begin one more. */
export const beginOrder = async (db: Database, { source }: Names, order: Order): Promise<void> => {
  await db.query(`update carsync.orders set fresh = false where ${IS_ORDER}`, orderParams(source, order))
}

/**
 * An order counts as carried out once its run is begun and planned: a process killed before that leaves it to the next.
 * One that was given meanwhile stays: `order` is the one that the run was begun for.
 */
export const settleOrder = async (db: Database, { source }: Names, order: Order): Promise<void> => {
  await db.query(
    `update carsync.orders set mode = null, fresh = false, priority = null where ${IS_ORDER}`,
    orderParams(source, order),
  )
}

/** Somebody has asked for all runs of the source to be stopped. */
export const isStopped = async (db: Database, { source }: Names): Promise<boolean> => {
  const rows = await db.query(
    'select from carsync.orders where source = $1 and stopped_at is not null and mode is null',
    [source],
  )
  return rows.length > 0
}
