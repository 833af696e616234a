/**
 * The embedded Postgres, for when no database is configured. One process at a time: a second opener would corrupt the
 * folder, so an operating-system lock beside it is held for as long as the process lives and not a moment longer.
 */
import { mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { InUseError, messageOf, SyncError } from '../../errors.ts'
import { codeOf, type Database, type Param, type Row, type Session, type Transaction } from '../database.ts'

/** Its log grows by 16 MB at a time, and a transaction may write as much again. */
const LEAST_FREE_MB = 48

/** Its log would grow to a gigabyte, which is more than the cars take. */
const SETTINGS = ['max_wal_size = 256MB', 'min_wal_size = 64MB']

/**
 * Throws while there is still room: where its log finds none, the embedded Postgres neither fails nor answers, but
 * computes for ever.
 */
const assertRoom = (folder: string | null): void => {
  if (folder === null) return
  const { bavail, bsize } = statfsSync(dirname(folder))
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20)
  if (freeMb >= LEAST_FREE_MB) return
  throw new SyncError(
    `The disk is full: the embedded database in ${folder} needs ${LEAST_FREE_MB} MB to go on, and ${freeMb} MB are free. Free some space; the next run goes on from the last committed page.`,
    3,
  )
}

type Holder = { holder: string; since: string }

const holderFile = (folder: string): string => `${folder}.holder.json`

/** Who has the database, as that process has written it down; it may have been killed before it could. */
const readHolder = (folder: string): Holder => {
  try {
    return JSON.parse(readFileSync(holderFile(folder), 'utf8')) as Holder
  } catch {
    return { holder: 'another process', since: new Date().toISOString() }
  }
}

/** SQLite's code for a lock that somebody else has. */
const BUSY = 5

const unusable = (folder: string, error: unknown): SyncError =>
  new SyncError(
    `The embedded database in ${folder} cannot be used: ${messageOf(error)}. Let this user write there, run this in another folder, or set DATABASE_URL to a Postgres.`,
    2,
    { cause: error },
  )

/** Throws where something else has the place of the folder: the embedded Postgres finds out only after the seconds that making one takes. */
const assertFolder = (folder: string | null): void => {
  if (folder === null || statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== false) return
  throw unusable(folder, 'not a folder')
}

const openLock = async (folder: string): Promise<DatabaseSync> => {
  const { DatabaseSync } = await import('node:sqlite')
  try {
    mkdirSync(dirname(folder), { recursive: true })
    return new DatabaseSync(`${folder}.lock`)
  } catch (error) {
    throw unusable(folder, error)
  }
}

/** Takes the lock of `folder`, or throws saying who has it. A killed process cannot keep it: the kernel drops it. */
const lock = async (folder: string): Promise<DatabaseSync> => {
  const file = await openLock(folder)
  try {
    file.exec('pragma journal_mode = off; begin exclusive')
  } catch (error) {
    file.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== BUSY) throw unusable(folder, error)
    const { holder, since } = readHolder(folder)
    throw new InUseError(
      `The embedded database in ${folder} is open in ${holder}, since ${since}. Wait for it to end, or set DATABASE_URL to a Postgres that several processes can share.`,
      holder,
      since,
      { cause: error },
    )
  }
  const self: Holder = { holder: `${hostname()}, process ${process.pid}`, since: new Date().toISOString() }
  try {
    writeFileSync(holderFile(folder), JSON.stringify(self))
  } catch {
    // On a full disk it remains unsaid.
  }
  return file
}

type Queryable = {
  exec(statements: string): Promise<unknown>
  query(statement: string, params?: unknown[], options?: object): Promise<{ rows: unknown[] }>
}

const attempt = async <T>(db: Queryable, work: (session: Session) => Promise<T>): Promise<T> => {
  await db.exec('savepoint attempt')
  try {
    const result = await work(sessionOf(db))
    await db.exec('release savepoint attempt')
    return result
  } catch (error) {
    await db.exec('rollback to savepoint attempt; release savepoint attempt')
    throw error
  }
}

const sessionOf = (db: Queryable): Session => ({
  attempt: (work) => attempt(db, work),
  query: async (statement, params: readonly Param[] = []) => (await db.query(statement, [...params])).rows as Row[],
  script: async (statements) => {
    await db.exec(statements)
  },
  copyIn: async (target, parts) => {
    // Not `slice`: of a Buffer that is a view, and the parts share one buffer.
    const copies = Array.from(parts, (part) => Uint8Array.from(part))
    await db.query(`copy ${target} from '/dev/blob' with (format binary)`, [], {
      blob: new Blob(copies as BlobPart[]),
    })
  },
})

/** As much of PGlite as is used: its own types would be an import that is not on demand. */
type Embedded = Queryable & {
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** The database over an open PGlite: of this folder and with its lock, or in memory. */
export const embeddedOver = (
  db: Embedded,
  folder: string | null = null,
  held: DatabaseSync | null = null,
): Database => ({
  kind: 'embedded',
  writers: 1,
  query: sessionOf(db).query,
  lookUp: sessionOf(db).query,
  transaction: async (work) => {
    assertRoom(folder)
    return db.transaction(async (transaction) => {
      const session = sessionOf(transaction)
      const parting: Parameters<Transaction['lastly']>[] = []
      const result = await work({ ...session, lastly: (...last) => void parting.push(last) })
      for (const last of parting) await session.query(...last)
      return result
    })
  },
  close: async () => {
    await db.close()
    if (folder !== null) rmSync(holderFile(folder), { force: true })
    held?.close()
  },
})

/** What its own file system throws is a number, by the list of WASI. */
const ERRORS: Readonly<Record<number, string>> = {
  2: 'permission denied',
  51: 'no space left',
  54: 'not a folder',
  63: 'not permitted',
  69: 'a read-only file system',
}

/** The error as one that says something; what tells that the folder cannot be used, with what to do. */
const explained = (folder: string, error: unknown): unknown => {
  const { name, errno } = error as { name?: string; errno?: number }
  if (name === 'ErrnoError') return unusable(folder, ERRORS[errno ?? 0] ?? `error ${errno} of its file system`)
  return /^(EACCES|EPERM|EROFS|ENOTDIR)$/.test(codeOf(error)) ? unusable(folder, error) : error
}

/** Opens (and at first makes) the database in `folder`; null keeps it in memory. */
export const openEmbedded = async (folder: string | null): Promise<Database> => {
  const held = folder === null ? null : await lock(folder)
  const { PGlite } = await import('@electric-sql/pglite')
  try {
    assertFolder(folder)
    assertRoom(folder)
    const db = await PGlite.create({ ...(folder === null ? {} : { dataDir: folder }), postgresqlconf: SETTINGS })
    return embeddedOver(db, folder, held)
  } catch (error) {
    held?.close()
    throw folder === null ? error : explained(folder, error)
  }
}
