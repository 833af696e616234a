/** What somebody is told of: the alerts of a source, open and settled. */
import { type OpenAlert, toldIn } from '../run/alerts.ts'
import type { Database, Names, Session } from './database.ts'
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
  /** The one that tells more of the same trouble and took its place; null: it is open, or over. */
  replacedBy: string | null
  deliveredAt: string | null
  attempts: number
  /** When it is sent again; null: it is delivered, or there was no webhook. */
  nextTryAt: string | null
  /** Why the last attempt came to nothing. */
  fault: string | null
}

/** One row in place of another. */
export type Successor = { of: string; by: NewAlert }

export type AlertRecord = {
  open: readonly NewAlert[]
  /** Alerts that stay open, with more to tell. */
  renew: readonly Successor[]
  /** Alerts that are over, and what is told of that. */
  settle: readonly Successor[]
  /** Whether those that are open are to be sent: there is a webhook. */
  send: boolean
}

export const readOpenAlerts = async (db: Database, { source }: Names): Promise<OpenAlert[]> => {
  const rows = await db.query(
    `select id::text, kind, weight, message, ${ISO('opened_at')} as opened, body from carsync.alerts
     where source = $1 and resolved_at is null order by opened_at`,
    [source],
  )
  return rows.map(({ id, kind, weight, message, opened, body }) => ({
    id,
    kind,
    weight,
    message,
    openedAt: opened,
    ...toldIn(id, body),
  }))
}

/** Null: another process was first. `wasTold`: it was sent, or will be. */
const close = async (session: Session, id: string): Promise<{ wasTold: boolean } | null> => {
  const [row] = await session.query(
    `update carsync.alerts set resolved_at = now() where id = $1::text::uuid and resolved_at is null
     returning delivered_at is not null or next_try_at is not null as told`,
    [id],
  )
  return row ? { wasTold: row.told } : null
}

/**
 * Opens, renews and settles alerts in one transaction. One of a kind is open at a time: where another process was first,
 * nothing is added. That one is over is a row of its own, which is never open; nobody is told of the end of what nobody was
 * told of. Whether they are to be sent is decided when they are opened.
 */
export const recordAlerts = (db: Database, { source }: Names, alerts: AlertRecord): Promise<void> =>
  db.transaction(async (session) => {
    const add = ({ id, kind, weight, message, body }: NewAlert, isOpen: boolean, send: boolean) =>
      session.query(
        `insert into carsync.alerts (id, source, kind, weight, message, body, resolved_at, next_try_at)
         values ($1::text::uuid, $2, $3, $4, $5, $6, case when not $7::bool then now() end, case when $8::bool then now() end)
         on conflict (source, kind) where resolved_at is null do nothing`,
        [id, source, kind, weight, message, body, isOpen, send],
      )
    for (const { of, by } of alerts.settle) if ((await close(session, of))?.wasTold) await add(by, false, true)
    for (const { of, by } of alerts.renew) if ((await close(session, of)) !== null) await add(by, true, alerts.send)
    for (const alert of alerts.open) await add(alert, true, alerts.send)
  })

/** Those that are open, and then the latest that are settled. */
export const readAlerts = async (db: Database, { source }: Names, limit: number): Promise<AlertRow[]> => {
  const rows = await db.query(
    `select id::text, kind, weight, message, ${ISO('opened_at')} as opened, ${ISO('resolved_at')} as resolved,
            ${ISO('delivered_at')} as delivered, attempts, ${ISO('case when delivered_at is null then next_try_at end')} as next,
            fault,
            -- Closed and replaced in one transaction: both carry its instant.
            (select n.id::text from carsync.alerts n
             where n.source = a.source and n.kind = a.kind and n.opened_at = a.resolved_at and n.id <> a.id limit 1) as replaced_by
     from carsync.alerts a where source = $1 order by resolved_at is not null, opened_at desc, kind limit $2::int`,
    [source, limit],
  )
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    weight: row.weight,
    message: row.message,
    openedAt: row.opened,
    resolvedAt: row.resolved,
    replacedBy: row.replaced_by,
    deliveredAt: row.delivered,
    attempts: row.attempts,
    nextTryAt: row.next,
    fault: row.fault,
  }))
}
