/**
 * One writer a source. Whoever holds the lease has a fencing number; every commit asserts it, so that a process that
 * slept through its expiry cannot write. Expiry is judged by the database's clock and by the length the holder stored.
 */
import { LeaseLostError } from '../errors.ts'
import { codeOf, type Database, type Row, type Session } from './database.ts'

export type Lease = { source: string; fence: number; holder: string; lengthMs: number }

/** Instants are the database's, ms since 1970. */
export type LeaseAnswer =
  | { kind: 'taken'; lease: Lease; databaseNow: number }
  | { kind: 'held'; holder: string; since: number; heartbeatAt: number; expiresAt: number }

const MS = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`

/** Of our advisory locks; the second key is made of the source. */
const ADVISORY = 1_129_338_707
/** How long a take-over waits at a time for a commit that is under way. */
const COMMIT_WAIT = '1s'

/**
 * Until when a heartbeat keeps the lease. One that lies further ahead than the lease is long was dated by a clock which has been set
 * back since: a holder that lives gives the next one within a second, and a dead one would keep the lease until then.
 */
export const KEPT_UNTIL = `case when h.at <= clock_timestamp() + h.length_ms * interval '1 ms'
       then h.at + h.length_ms * interval '1 ms' else clock_timestamp() - interval '1 ms' end`

/**
 * Cuts off commits whose holder is silent for longer than its lease while the server waits for it: a process that was
 * stopped in the middle of a COPY, which the server counts as active and would wait for for ever, or for a lease length
 * between two statements, where the server should have cut it off itself (`assertFence`), but may not have seen to it.
 */
const cutOff = async (db: Database, source: string): Promise<void> => {
  await db.query(
    `select pg_terminate_backend(a.pid) from pg_locks l join pg_stat_activity a using (pid), carsync.heartbeat h
     where h.source = $1 and ${KEPT_UNTIL} < clock_timestamp()
       and l.locktype = 'advisory' and l.objsubid = 2 and l.classid = ${ADVISORY} and a.datname = current_database()
       and l.objid::bigint = hashtext($1)::bigint & 4294967295
       and a.pid <> pg_backend_pid() and a.wait_event = 'ClientRead'
       and (a.state = 'active' or a.state_change + h.length_ms * interval '1 ms' < clock_timestamp())`,
    [source],
  )
}

const BEAT = `${MS('at')} as at, ${MS(KEPT_UNTIL)} as expires, ${MS('clock_timestamp()')} as now`

const heldAnswer = (held: Row, beat: Row): LeaseAnswer => ({
  kind: 'held',
  holder: held.holder,
  since: held.since,
  heartbeatAt: beat.at,
  expiresAt: beat.expires,
})

/** How it is with the lease at a glance; undefined: nobody ever had it. */
const readLease = async (db: Database, source: string): Promise<Row | undefined> => {
  const [row] = await db.query(
    `select holder, ${MS('taken_at')} as since, ${BEAT} from carsync.lease join carsync.heartbeat h using (source)
     where source = $1`,
    [source],
  )
  return row
}

/**
 * Takes the lease if it is free or its holder has given no sign of life for the length it stored. Waits for commits of
 * the former holder that are under way, a second at a time: then it answers that the lease is held. The heartbeat is read
 * after the row is locked, in a statement of its own.
 */
export const takeLease = async (
  db: Database,
  source: string,
  holder: string,
  lengthMs: number,
): Promise<LeaseAnswer> => {
  const seen = await readLease(db, source)
  // A holder that lives is told without waiting for its commits.
  if (seen && seen.holder !== '' && seen.expires > seen.now) return heldAnswer(seen, seen)
  if (db.kind === 'postgres') await cutOff(db, source)
  try {
    return await db.transaction(async (session): Promise<LeaseAnswer> => {
      // All go out together, and are done one after the other.
      const [, , , [held], [beat]] = await Promise.all([
        session.query('insert into carsync.lease (source) values ($1) on conflict do nothing', [source]),
        session.query('insert into carsync.heartbeat (source) values ($1) on conflict do nothing', [source]),
        session.query(`select set_config('lock_timeout', $1, true)`, [COMMIT_WAIT]),
        session.query(
          `select fence::text, holder, ${MS('taken_at')} as since from carsync.lease where source = $1 for update`,
          [source],
        ),
        session.query(`select ${BEAT} from carsync.heartbeat h where source = $1`, [source]),
      ])
      if (held!.holder !== '' && beat!.expires > beat!.now) return heldAnswer(held!, beat!)
      const fence = Number(held!.fence) + 1
      session.lastly(
        'update carsync.lease set fence = $2, holder = $3, taken_at = clock_timestamp() where source = $1',
        [source, fence, holder],
      )
      session.lastly(
        'update carsync.heartbeat set fence = $2, at = clock_timestamp(), length_ms = $3 where source = $1',
        [source, fence, lengthMs],
      )
      return { kind: 'taken', lease: { source, fence, holder, lengthMs }, databaseNow: beat!.now }
    })
  } catch (error) {
    if (codeOf(error) !== '55P03') throw error
    const other = await readLease(db, source)
    return heldAnswer(other!, other!)
  }
}

/** A sign of life. False: the lease is somebody else's now. */
export const beat = async (db: Database, lease: Lease): Promise<boolean> => {
  const rows = await db.query(
    'update carsync.heartbeat set at = clock_timestamp() where source = $1 and fence = $2 returning 1 as alive',
    [lease.source, lease.fence],
  )
  return rows.length === 1
}

/** The names of all sources that ever had a lease here. */
export const sourcesSynced = async (db: Database): Promise<string[]> =>
  (await db.query('select source from carsync.lease order by source')).map(({ source }) => source as string)

/** Gives the lease back, if it is still ours. */
export const releaseLease = async (db: Database, lease: Lease): Promise<void> => {
  await db.query(`update carsync.lease set holder = '' where source = $1 and fence = $2`, [lease.source, lease.fence])
}

/**
 * Has the server itself find out within half a minute that the machine of its client has vanished, for this transaction: by
 * default it takes hours, and a COPY that waits for data which will never come holds its keys all the while.
 */
const NOTICE_GONE = `set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
            set_config('tcp_keepalives_count', '3', true), set_config('tcp_user_timeout', '25000', true)`

/**
 * To be called first in every transaction that writes: locks the lease row against a take-over until the commit, and
 * throws LeaseLostError if there has been one. A process stopped in mid-transaction is cut off by the server after one
 * lease length, so that it cannot block its successor for ever; by the advisory lock its successor finds it (`cutOff`).
 *
 * Nothing is compiled: the stage has no statistics, and for what the planner takes some thousand rows in it for, Postgres would
 * compile a statement of forty columns, which took five seconds for one that runs in half a second.
 *
 * `flush: 'soon'` does not wait for the disk at the commit. It is for pages: should the database server itself crash, the
 * last moment's pages are gone together with their ledger rows, and are read again.
 */
export const assertFence = async (
  session: Session,
  lease: Lease,
  flush: 'at-commit' | 'soon' = 'at-commit',
): Promise<void> => {
  const [row] = await session.query(
    `select fence::text, holder, set_config('idle_in_transaction_session_timeout', $2::text, true),
            set_config('timezone', 'UTC', true), set_config('jit', 'off', true), ${NOTICE_GONE},
            pg_advisory_xact_lock_shared(${ADVISORY}, hashtext(source)),
            set_config('synchronous_commit', case when $3 = 'soon' then 'off' else current_setting('synchronous_commit') end, true)
     from carsync.lease where source = $1 for share`,
    [lease.source, String(lease.lengthMs), flush],
  )
  if (Number(row?.fence) !== lease.fence || row?.holder !== lease.holder)
    throw new LeaseLostError(
      `The lease on "${lease.source}" went to ${row?.holder || 'nobody'} while this process was silent; nothing more is written here. The other one goes on from the last committed page.`,
    )
}
