/**
 * The embedded Postgres, for when no database is configured. One process at a time: a second opener would corrupt the
 * folder, so an operating-system lock beside it is held for as long as the process lives and not a moment longer.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { SyncError } from '../errors.ts'
import type { Database, Param, Row, Session } from './database.ts'

/** Takes the lock of `folder`, or throws saying who has it. A killed process cannot keep it: the kernel drops it. */
const lock = async (folder: string): Promise<DatabaseSync> => {
  const { DatabaseSync } = await import('node:sqlite')
  mkdirSync(dirname(folder), { recursive: true })
  const holder = new DatabaseSync(`${folder}.lock`)
  try {
    holder.exec('pragma journal_mode = off; begin exclusive')
    return holder
  } catch (error) {
    holder.close()
    throw new SyncError(
      `The embedded database in ${folder} is open in another process. Wait for it to end, or set DATABASE_URL to a Postgres that several processes can share.`,
      3,
      { cause: error },
    )
  }
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

/** Opens (and at first makes) the database in `folder`; null keeps it in memory. */
export const openEmbedded = async (folder: string | null): Promise<Database> => {
  const held = folder === null ? null : await lock(folder)
  const { PGlite } = await import('@electric-sql/pglite')
  const db = folder === null ? await PGlite.create() : await PGlite.create(folder)
  return {
    kind: 'embedded',
    writers: 1,
    query: sessionOf(db).query,
    transaction: (work) =>
      db.transaction((transaction) => work(sessionOf(transaction as unknown as Queryable))) as Promise<never>,
    close: async () => {
      await db.close()
      held?.close()
    },
  }
}
