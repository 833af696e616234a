/** Postgres: a small pool of connections, of which a broken one is replaced. */
import { codeOf, type Database } from '../database.ts'
import { type Address, parseAddress } from './postgres-address.ts'
import { ANSWER_MS, type Connection, openConnection } from './postgres-connection.ts'
import type { Certificates } from './postgres-socket.ts'
import { isCrowded } from './retryable.ts'

/** Connections: five for commits, so that some are worked at while others are fed, and one for heartbeats and look-ups. */
const WRITERS = 5
/** So long a server that had no connection to spare is not asked for another one. */
const CROWDED_MS = 30_000
/** How long the work in hand is waited for when the database is closed. */
const CLOSE_MS = 5000
const NONE: Certificates = { ca: null, cert: null, key: null }
/** A server that was the primary, or that is about to go: the next connection may lead to a better one. */
const LEAVE = /^(25006|57P0[1-5])$/

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Answers a function that connects to the first host that will do, beginning with the one that did last. */
const connector = (address: Address, certificates: Certificates, answerMs: number): (() => Promise<Connection>) => {
  let best = 0
  return async () => {
    let failure: unknown = null
    for (let tried = 0; tried < address.hosts.length; tried++) {
      const i = (best + tried) % address.hosts.length
      try {
        const connection = await openConnection(address, address.hosts[i]!, certificates, answerMs)
        const isFit = !address.wantsPrimary || (await takesWrites(connection))
        if (isFit) {
          best = i
          return connection
        }
        await connection.close()
        failure ??= coded('25006', 'none of the hosts takes writes: all of them are read-only standbys')
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}

const takesWrites = async ({ session }: Connection): Promise<boolean> => {
  const [state] = await session.query(
    `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as fit`,
  )
  return state!.fit
}

/**
 * Opens a pool; connects on first use. Throws TypeError when the address cannot be read, and the driver's errors, which
 * carry a SQLSTATE or system code. `certificates` are what the address names; `answerMs` is how long one answer is waited for.
 */
export const openPostgres = (
  url: string,
  certificates: Certificates = NONE,
  answerMs: number = ANSWER_MS,
): Database => {
  const address = parseAddress(url)
  if ('fault' in address) throw new TypeError(`The address of the database: ${address.fault}`)
  const connect = connector(address, certificates, answerMs)
  const idle: Connection[] = []
  const waiting: PromiseWithResolvers<void>[] = []
  const busy = new Set<Connection>()
  let inUse = 0
  let crowded = { most: 0, until: 0 }
  let isClosed = false
  let onFree: (() => void) | null = null

  const acquire = async (): Promise<Connection> => {
    for (;;) {
      if (isClosed) throw coded('CONNECTION_ENDED', 'the database was closed')
      const found = idle.pop()
      if (found?.isOpen()) {
        inUse++
        return found
      }
      if (found) continue
      if (inUse < (performance.now() < crowded.until ? crowded.most : WRITERS + 1)) {
        inUse++
        try {
          const connection = await connect()
          if (!isClosed) return connection
          await connection.close()
          throw coded('CONNECTION_ENDED', 'the database was closed')
        } catch (error) {
          inUse--
          // Those that there are can do the work.
          if (isCrowded(error) && inUse > 0) {
            crowded = { most: inUse, until: performance.now() + CROWDED_MS }
            continue
          }
          waiting.shift()?.resolve()
          throw error
        }
      }
      const turn = Promise.withResolvers<void>()
      waiting.push(turn)
      await turn.promise
    }
  }
  const release = (connection: Connection): void => {
    inUse--
    busy.delete(connection)
    if (connection.isOpen() && !isClosed) idle.push(connection)
    else void connection.close()
    waiting.shift()?.resolve()
    if (busy.size === 0) onFree?.()
  }
  const use = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await acquire()
    busy.add(connection)
    try {
      return await work(connection)
    } catch (error) {
      if (LEAVE.test(codeOf(error))) await connection.close()
      throw error
    } finally {
      release(connection)
    }
  }
  return {
    kind: 'postgres',
    writers: WRITERS,
    query: (statement, params) => use(({ session }) => session.query(statement, params)),
    transaction: (work) => use((connection) => connection.transaction(work)),
    close: async () => {
      isClosed = true
      for (const turn of waiting.splice(0)) turn.resolve()
      await Promise.all(idle.splice(0).map((connection) => connection.close()))
      if (busy.size === 0) return
      let timer: ReturnType<typeof setTimeout> | undefined
      await new Promise<void>((resolve) => {
        onFree = resolve
        timer = setTimeout(resolve, CLOSE_MS)
      })
      clearTimeout(timer)
      await Promise.all([...busy].map((connection) => connection.close()))
    },
  }
}
