/**
 * One connection through the `postgres` package, on one socket: when that is gone, so is the connection, and everything
 * under way rejects. Left to itself the package connects anew behind a caller's back and hands old errors to new queries.
 *
 * No prepared statements and no session settings: both break behind a transaction-mode pooler, and for batches of a
 * thousand rows they would gain nothing.
 */
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'
import { codeOf, type Param, type Row, type Session, type Transaction } from '../database.ts'
import { KEEP_MEMORY, openCopyMemory } from './keep-memory.ts'
import { hearLastWords } from './last-words.ts'
import { openLoss } from './loss.ts'
import { poolerWords } from './pooler-words.ts'
import type { Address, Host } from './postgres-address.ts'
import { type Certificates, openSocket, tooLate } from './postgres-socket.ts'

export type Connection = {
  session: Session
  /** In a transaction: committed when `work` resolves, rolled back when it rejects. */
  transaction<T>(work: (session: Transaction) => Promise<T>): Promise<T>
  isOpen(): boolean
  close(): Promise<void>
}

/**
 * No statement of a batch takes so long: a server that is silent for longer is as good as gone. It is half of what the heart
 * is waited for, so that a sync goes on elsewhere when the machine of the server vanishes without a word.
 */
export const ANSWER_MS = 60_000
const CLOSE_SECONDS = 5

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code })

// biome-ignore lint/suspicious/noExplicitAny: the package's own generic parameters
type Sql = postgres.Sql<any>

/**
 * An error that the server reports after the end of the data (a duplicate key, say) never reaches the stream that the
 * package gives out: it rejects the query, which has resolved long before. So the query's own `reject` is listened to.
 * The package copies each part before `write` returns, and asks for the next only then: parts may share a buffer.
 *
 * When all has been said, the package says "CopyFail" behind it. The server ignores that, but it has heard something of its
 * client: it no longer ends a transaction that stays idle after it (`idle_in_transaction_session_timeout`).
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
  const fail = stream._destroy
  stream._destroy = (error, done) => (error ? fail.call(stream, error, done) : done())
  await Promise.race([pipeline(parts, stream), failed])
}

/**
 * The package asks the server for the types of the parameters first, and sends them when it has the answer: two round trips a
 * statement. Ours are scalars in text with a cast beside each, so they go with their statement.
 */
const atOnce = <T extends object>(query: T): T =>
  Object.defineProperty(query, 'describeFirst', { get: () => false, set: () => {} })

/** Connects and logs in. Rejects with the driver's error, which has a SQLSTATE or a system code. */
export const openConnection = async (
  address: Address,
  host: Host,
  certificates: Certificates,
  answerMs = ANSWER_MS,
): Promise<Connection> => {
  const socket = await openSocket(address, host, certificates)
  let isOpen = true
  /** Nobody may be given this connection any more; that the socket has closed is heard only later. */
  const drop = (): void => {
    isOpen = false
    socket.destroy()
  }
  const loss = openLoss()
  const lastWords = hearLastWords(socket)
  const lost = (): Error => {
    const said = lastWords()
    const sentence = `the connection to ${host.host}:${host.port} was lost${said ? `: ${said.message}` : ''}`
    return coded(said && poolerWords(said.code, said.message) ? said.code : 'CONNECTION_CLOSED', sentence)
  }
  socket.once('error', () => {
    // Before the package hears of it, which knows nothing but that the connection was reset.
    if (lastWords()) loss.happen(lost())
  })
  socket.once('close', () => {
    isOpen = false
    loss.happen(lost())
  })
  let given = false
  const memory = openCopyMemory()
  const sql: Sql = postgres({
    host: host.host,
    port: host.port,
    user: address.user,
    pass: address.password,
    database: address.database,
    max: 1,
    ssl: false,
    prepare: false,
    fetch_types: false,
    connect_timeout: Math.ceil(address.connectTimeoutMs / 1000),
    idle_timeout: 0,
    max_lifetime: null,
    onnotice: () => {},
    connection: {
      application_name: address.applicationName,
      ...(address.options === null ? {} : { options: address.options }),
    },
    // Not in the package's types, but in its manual ("Custom socket"). It asks for another when this one is gone.
    ...{
      socket: () => {
        if (given) throw coded('CONNECTION_CLOSED', `the connection to ${host.host}:${host.port} was lost`)
        given = true
        return socket
      },
    },
  })

  /** What a step comes to, unless the connection is lost or silent before; then it is over. */
  const guarded = async <T>(step: () => Promise<T>, limitMs: number | null = answerMs): Promise<T> => {
    if (!isOpen) throw coded('CONNECTION_CLOSED', 'the connection was lost')
    let timer: ReturnType<typeof setTimeout> | undefined
    const work = new Promise<T>((resolve, reject) => {
      step().then(resolve, reject)
      if (limitMs === null) return
      timer = setTimeout(() => {
        reject(coded('ETIMEDOUT', `the database has not answered for ${limitMs / 1000} s`))
        drop()
      }, limitMs)
    })
    try {
      return await loss.unless(work)
    } finally {
      clearTimeout(timer)
    }
  }
  const query = (statement: string, params: readonly Param[] = []): Promise<Row[]> =>
    guarded(async () => [...(await atOnce(sql.unsafe(statement, [...params], { prepare: false })).execute())] as Row[])

  const session: Session = {
    query,
    // Several statements at once are the schema's, and may take as long as they need.
    script: (statements) => guarded(async () => void (await sql.unsafe(statements)), null),
    copyIn: async (target, parts) => {
      const before = memory.isToBeKept() ? [query(KEEP_MEMORY)] : []
      await Promise.all([...before, guarded(() => copyIn(sql, target, memory.counted(parts)))])
    },
    attempt: (work) =>
      bracket(work, ['savepoint attempt', 'release savepoint attempt', 'rollback to savepoint attempt']),
  }
  /**
   * `work` between two statements; when it rejects, the third undoes it. The first goes out together with what `work` asks
   * for first, the second with what it leaves for the end: each round trip spared is one less in which the server waits for us.
   */
  async function bracket<T>(
    work: (session: Transaction) => Promise<T>,
    [begin, keep, undo]: readonly [string, string, string],
  ): Promise<T> {
    const parting: Parameters<Transaction['lastly']>[] = []
    // Whoever goes on after the end would work outside of the transaction.
    let isOver = false
    const own: Transaction = { ...within(() => isOver), lastly: (...last) => void parting.push(last) }
    const under = Promise.all([query(begin), work(own)])
    let result: T
    try {
      ;[, result] = await loss.unless(under)
    } catch (error) {
      isOver = true
      // Where the connection is lost the server undoes it.
      if (isOpen) await query(undo).catch(drop)
      throw error
    }
    isOver = true
    const left = Promise.all(parting.map((last) => query(...last)))
    const ended = guarded(() => sql.unsafe(keep) as unknown as Promise<{ command: string }>)
    // An error among the last ones has undone it all, which the server says in answer to the commit.
    await Promise.allSettled([left, ended])
    await left
    const { command } = await ended
    if (begin === 'begin' && command !== 'COMMIT')
      throw coded('25P02', 'the transaction was rolled back, for an error in it had been passed over')
    return result
  }
  const within = (isOver: () => boolean): Session => {
    const open =
      <A extends unknown[], T>(step: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (isOver()) throw coded('CONNECTION_CLOSED', 'the transaction is over')
        return step(...args)
      }
    return {
      query: open(session.query),
      script: open(session.script),
      copyIn: open(session.copyIn),
      attempt: open(session.attempt) as Session['attempt'],
    }
  }

  try {
    await query('select 1')
  } catch (error) {
    drop()
    // The package does not know whom the socket leads to, and would say so.
    throw codeOf(error) === 'CONNECT_TIMEOUT' ? tooLate(address, host) : error
  }
  return {
    session,
    transaction: (work) => bracket(work, ['begin', 'commit', 'rollback']),
    isOpen: () => isOpen,
    close: async () => {
      // There is nobody to say goodbye to on a connection that is lost.
      if (isOpen) await sql.end({ timeout: CLOSE_SECONDS }).catch(() => {})
      drop()
    },
  }
}
