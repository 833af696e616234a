/** Postgres: a small pool of connections, of which a broken one is replaced. */
import { codeOf, type Database } from '../database.ts'
import { inTurn } from './in-turn.ts'
import { type Address, parseAddress } from './postgres-address.ts'
import { ANSWER_MS, type Connection, openConnection } from './postgres-connection.ts'
import type { Certificates } from './postgres-socket.ts'
import { isCrowded } from './retryable.ts'

/**
 * Transactions side by side, so that one is worked at while others are fed. Look-ups take turns, and when all writers are at work
 * at once nothing is looked up: so there is a connection left for heartbeats.
 */
const WRITERS = 3
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
  let connecting = 0
  let attempts = 0
  let crowded = { most: 0, until: 0 }
  let wasCrowded = false
  let isClosed = false
  let onFree: (() => void) | null = null

  /** Look-ups take the idle connection that has waited longest, all else the one that was used last: so each keeps its own. */
  const acquire = async (isLookUp: boolean): Promise<Connection> => {
    for (;;) {
      if (isClosed) throw coded('CONNECTION_ENDED', 'the database was closed')
      const found = isLookUp ? idle.shift() : idle.pop()
      if (found?.isOpen()) {
        inUse++
        return found
      }
      if (found) continue
      const most = performance.now() < crowded.until ? crowded.most : WRITERS + 1
      if (inUse < most && (connecting === 0 || !wasCrowded)) {
        inUse++
        connecting++
        const beganAlone = connecting === 1
        const attempt = ++attempts
        try {
          const connection = await connect()
          if (!isClosed) return connection
          await connection.close()
          throw coded('CONNECTION_ENDED', 'the database was closed')
        } catch (error) {
          inUse--
          const isAlone = beganAlone && attempts === attempt
          if (!isCrowded(error) || (isAlone && inUse === 0)) throw error
          // Those that there are can do the work. Refused beside others it may be the next to be let in: from now on one after the other.
          if (isAlone) crowded = { most: inUse, until: performance.now() + CROWDED_MS }
          wasCrowded = true
        } finally {
          connecting--
          waiting.shift()?.resolve()
        }
        continue
      }
      const turn = Promise.withResolvers<void>()
      waiting.push(turn)
      await turn.promise
    }
  }
  const release = (connection: Connection, isLookUp: boolean): void => {
    inUse--
    busy.delete(connection)
    if (!connection.isOpen() || isClosed) void connection.close()
    else if (isLookUp) idle.unshift(connection)
    else idle.push(connection)
    waiting.shift()?.resolve()
    if (busy.size === 0) onFree?.()
  }
  const use = async <T>(work: (connection: Connection) => Promise<T>, isLookUp = false): Promise<T> => {
    const connection = await acquire(isLookUp)
    busy.add(connection)
    try {
      return await work(connection)
    } catch (error) {
      if (LEAVE.test(codeOf(error))) await connection.close()
      throw error
    } finally {
      release(connection, isLookUp)
    }
  }
  const takeTurn = inTurn<Connection>((work) => use(work, true))
  return {
    kind: 'postgres',
    writers: WRITERS,
    query: (statement, params) => use(({ session }) => session.query(statement, params)),
    lookUp: (statement, params) => takeTurn(({ session }) => session.query(statement, params)),
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
