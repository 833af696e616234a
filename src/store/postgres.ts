/**
 * Postgres through the `postgres` package. No prepared statements and no session settings: both break behind a
 * transaction-mode pooler, and for batches of a thousand rows they would gain nothing.
 */
import { connect, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'
import type { Database, Param, Row, Session } from './database.ts'

/** Connections: three for commits, so that one waits for the disk while another is fed, and one for heartbeats and look-ups. */
const WRITERS = 3

// biome-ignore lint/suspicious/noExplicitAny: the package's own generic parameters
type Sql = postgres.Sql<any> | postgres.TransactionSql<any>

const query = async (sql: Sql, statement: string, params: readonly Param[] = []): Promise<Row[]> =>
  [...(await sql.unsafe(statement, [...params], { prepare: false }))] as Row[]

/**
 * An error that the server reports after the end of the data (a duplicate key, say) never reaches the stream that the
 * package gives out: it rejects the query, which has resolved long before. So the query's own `reject` is listened to.
 * The package copies each part before `write` returns, and asks for the next only then: parts may share a buffer.
 */
const copyIn = async (sql: Sql, target: string, parts: Iterable<Uint8Array>): Promise<void> => {
  const query = sql.unsafe(`copy ${target} from stdin (format binary)`) as unknown as {
    writable(): Promise<Writable>
    reject(error: unknown): void
  }
  const failed = new Promise<never>((_, reject) => {
    const rejectQuery = query.reject
    query.reject = (error) => {
      rejectQuery(error)
      reject(error)
    }
  })
  failed.catch(() => {})
  const stream = await query.writable()
  await Promise.race([pipeline(parts, stream), failed])
}

/** The work of a transaction may still be at it when its connection is lost: `assertOpen` throws then. */
// biome-ignore lint/suspicious/noExplicitAny: the package's own generic parameters
const sessionOf = (sql: postgres.TransactionSql<any>, assertOpen: () => void): Session => ({
  query: async (statement, params) => {
    assertOpen()
    return query(sql, statement, params)
  },
  script: async (statements) => {
    assertOpen()
    await sql.unsafe(statements)
  },
  copyIn: async (target, parts) => {
    assertOpen()
    await copyIn(sql, target, parts)
  },
  // The package's own savepoint: without it, an error that was caught would fail the whole transaction at its end.
  attempt: async (work) => {
    assertOpen()
    return sql.savepoint((inner) => work(sessionOf(inner, assertOpen))) as Promise<never>
  },
})

/** The server has closed, or is about to close, the connection on which this was thrown. */
const isLoss = (error: unknown): boolean => {
  const { severity, code, syscall } = (error ?? {}) as { severity?: string; code?: string; syscall?: string }
  return severity === 'FATAL' || severity === 'PANIC' || code === 'CONNECTION_CLOSED' || syscall !== undefined
}

/**
 * The package ends a transaction when its connection is lost, but lets its work go on, and sends a rollback when the work
 * fails. Whatever is sent then is written to no socket at all, which ends the process: so nothing more is sent, and the
 * package does not hear of the failure.
 */
// biome-ignore lint/suspicious/noExplicitAny: the package's own generic parameters
const transact = async <T>(sql: postgres.Sql<any>, work: (session: Session) => Promise<T>): Promise<T> => {
  let isOver = false
  const assertOpen = (): void => {
    if (isOver) throw Object.assign(new Error('the connection was lost'), { code: 'CONNECTION_CLOSED' })
  }
  try {
    return (await sql.begin((transaction) =>
      work(sessionOf(transaction, assertOpen)).catch((error: unknown) => {
        if (isOver || isLoss(error)) return new Promise<never>(() => {})
        throw error
      }),
    )) as T
  } finally {
    isOver = true
  }
}

type Target = { path?: string | false; host: readonly string[]; port: readonly number[] }

/**
 * Opens the package's sockets with Nagle's algorithm off, as libpq does: with it, the end of every COPY waits some 40 ms
 * for the acknowledgement of what came before. Of several hosts the next one is tried each time.
 */
const socketOpener = (): ((target: Target) => Socket) => {
  let next = 0
  return ({ path, host, port }) => {
    if (path) return connect({ path })
    const i = next++ % host.length
    const socket = connect({ host: host[i]!, port: port[i]! })
    socket.setNoDelay(true)
    // The package takes the name that a certificate must have from here.
    return Object.assign(socket, { host: host[i] })
  }
}

/** Opens a pool. Connects on first use; throws the driver's errors, which carry a SQLSTATE or system code. */
export const openPostgres = (url: string): Database => {
  const sql = postgres(url, {
    max: WRITERS + 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: 15,
    idle_timeout: 0,
    max_lifetime: null,
    onnotice: () => {},
    connection: { application_name: 'smart-cars-sync' },
    // Not in the package's types, but in its manual ("Custom socket").
    ...{ socket: socketOpener() },
  })
  return {
    kind: 'postgres',
    writers: WRITERS,
    query: (statement, params) => query(sql, statement, params),
    transaction: (work) => transact(sql, work),
    close: () => sql.end({ timeout: 5 }),
  }
}
