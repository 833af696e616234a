/** What somebody is told of: the alerts of a source, open and settled. */
import type { OpenAlert } from '../run/alerts.ts'
import type { Database, Names } from './database.ts'
import { ISO } from './iso.ts'

export type NewAlert = { id: string; kind: string; weight: string; message: string; body: string }

/** Instants are ISO 8601 in UTC. */
export type AlertRow = {
  id: string
  kind: string
  weight: 'fault' | 'notice'
  message: string
  openedAt: string
  resolvedAt: string | null
  deliveredAt: string | null
  attempts: number
  /** When it is sent again; null: it is delivered, or there was no webhook. */
  nextTryAt: string | null
  /** Why the last attempt came to nothing. */
  fault: string | null
}

export const readOpenAlerts = async (db: Database, { source }: Names): Promise<OpenAlert[]> => {
  const rows = await db.query(
    'select id::text, kind from carsync.alerts where source = $1 and resolved_at is null order by opened_at',
    [source],
  )
  return rows.map(({ id, kind }) => ({ id, kind }))
}

/**
 * Opens and settles alerts. One of a kind is open at a time: where another process was first, nothing is added. Whether
 * they are to be sent is decided when they are opened.
 */
export const recordAlerts = (
  db: Database,
  { source }: Names,
  alerts: { open: readonly NewAlert[]; settle: readonly OpenAlert[]; send: boolean },
): Promise<void> =>
  db.transaction(async (session) => {
    for (const { id } of alerts.settle)
      await session.query(
        'update carsync.alerts set resolved_at = now() where id = $1::text::uuid and resolved_at is null',
        [id],
      )
    for (const { id, kind, weight, message, body } of alerts.open)
      await session.query(
        `insert into carsync.alerts (id, source, kind, weight, message, body, next_try_at)
         values ($1::text::uuid, $2, $3, $4, $5, $6, case when $7::bool then now() end)
         on conflict (source, kind) where resolved_at is null do nothing`,
        [id, source, kind, weight, message, body, alerts.send],
      )
  })

/** Those that are open, and then the latest that are settled. */
export const readAlerts = async (db: Database, { source }: Names, limit: number): Promise<AlertRow[]> => {
  const rows = await db.query(
    `select id::text, kind, weight, message, ${ISO('opened_at')} as opened, ${ISO('resolved_at')} as resolved,
            ${ISO('delivered_at')} as delivered, attempts, ${ISO('case when delivered_at is null then next_try_at end')} as next,
            fault
     from carsync.alerts where source = $1 order by resolved_at is not null, opened_at desc, kind limit $2::int`,
    [source, limit],
  )
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    weight: row.weight,
    message: row.message,
    openedAt: row.opened,
    resolvedAt: row.resolved,
    deliveredAt: row.delivered,
    attempts: row.attempts,
    nextTryAt: row.next,
    fault: row.fault,
  }))
}
