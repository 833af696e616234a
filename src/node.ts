/** The engine for doors that run on Node: `mod` and what needs files — the embedded database and the migrations. */
export * from './mod.ts'

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { ConfigError, InUseError, messageOf, NothingSyncedError, SyncError } from './errors.ts'
import type { Summary } from './events.ts'
import { nodeWorld as realWorld } from './node-world.ts'
import type { Options } from './options.ts'
import { assertPermitted, assertServes, namingRights } from './store/assert-usable.ts'
import { type DatabaseFinding, checkDatabase as lookAtDatabase } from './store/check-database.ts'
import { openEmbedded } from './store/connection/embedded.ts'
import { openPostgres } from './store/connection/postgres.ts'
import { parseAddress } from './store/connection/postgres-address.ts'
import type { Certificates } from './store/connection/postgres-socket.ts'
import { adviceFor, isPassing, isUnreachable } from './store/connection/retryable.ts'
import { type OnWait, type Patience, retrying } from './store/connection/retrying.ts'
import type { Database } from './store/database.ts'
import { appliedMigrations, assertBegun, assertReadable, migrate as migrateDatabase } from './store/migrate.ts'
import { type Migration, migrationScript } from './store/migration-script.ts'
import { storeOver } from './store/open-store.ts'
import { applyPublicRead } from './store/public-read.ts'
import type { Store } from './store/store.ts'
import { type CarWeight, weighCars } from './store/weigh-cars.ts'
import { busySummary } from './summary.ts'

export { NothingSyncedError } from './errors.ts'
export { nodeWorld as realWorld } from './node-world.ts'
export type { Migration } from './store/migration-script.ts'
export type { CarWeight } from './store/weigh-cars.ts'
export { blankSummary, countingAlso } from './summary.ts'

/** Where the embedded database lies when no other is configured; null keeps it in memory. */
export type Place = { embeddedFolder: string | null }

/** The files lie beside `src`, and beside `dist` when this was built. */
const migrationsFolder = (): URL => {
  const candidates = ['../supabase/migrations/', '../../supabase/migrations/'].map(
    (path) => new URL(path, import.meta.url),
  )
  const found = candidates.find((url) => existsSync(url))
  if (!found)
    throw new SyncError('The folder supabase/migrations is missing from this installation. Install the package again.')
  return found
}

/** The schema's migrations in order. */
export const readMigrations = (): Migration[] => {
  const folder = migrationsFolder()
  return readdirSync(folder)
    .filter((file) => /^\d{14}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => ({
      version: file.slice(0, 14),
      name: file.slice(15, -4),
      sql: readFileSync(new URL(file, folder), 'utf8'),
    }))
}

/** The SQL of all migrations into this schema, as `carsync migrate --print` shows it. */
export const printMigrations = (schema = 'public'): string => migrationScript(schema, readMigrations())

/** Opens the database that the options name, or the embedded one. */
export const openDatabase = async (options: Pick<Options, 'databaseUrl'>, place: Place): Promise<Database> =>
  options.databaseUrl
    ? openPostgres(options.databaseUrl, readCertificates(options.databaseUrl))
    : openEmbedded(place.embeddedFolder)

const readPem = (parameter: string, path: string | null): string | null => {
  if (path === null || path === 'system') return null
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `DATABASE_URL: wanted a readable file of certificates for ${parameter}; got: ${messageOf(error)}. Without it write ${parameter}=system for those of this machine.`,
    )
  }
}

/** The certificates that the address of a database names. Throws ConfigError. */
const readCertificates = (url: string): Certificates => {
  const address = parseAddress(url)
  if ('fault' in address) return { ca: null, cert: null, key: null }
  return {
    ca: readPem('sslrootcert', address.sslRootCert),
    cert: readPem('sslcert', address.sslCert),
    key: readPem('sslkey', address.sslKey),
  }
}

const explain = (error: unknown): SyncError => {
  if (error instanceof SyncError) return error
  const advice = adviceFor(error) ?? 'Check DATABASE_URL, or run carsync doctor.'
  // An outage is no fault of the configuration: the next run may well succeed.
  const code = isPassing(error) && !isUnreachable(error) ? 3 : 2
  return new SyncError(`Cannot use the database: ${messageOf(error)}. ${advice}`, code, { cause: error })
}

export type Migrated = {
  applied: string[]
  already: string[]
  /** What became of the right of `anon` to read `cars`; null: nothing. */
  publicRead: 'given' | 'taken back' | null
}

/** Applies what is missing of the schema, and the public-read setting. */
export const migrate = async (options: Options, place: Place): Promise<Migrated> => {
  const db = await openDatabase(options, place)
  try {
    await assertServes(db)
    const already = await appliedMigrations(db)
    const applied = await migrateDatabase(db, options.schema, readMigrations())
    const publicRead = await applyPublicRead(db, options.schema, options.publicRead)
    return { applied, already, publicRead }
  } catch (error) {
    throw explain(error)
  } finally {
    await db.close()
  }
}

/** Who is told, in a sentence, what is waited for. */
export type Say = (sentence: string) => void

/** A server that says that it is starting, or full, is worth waiting for; where nobody answers the address may be wrong. */
const START_PATIENCE_MS = 120_000
const NOBODY_THERE_PATIENCE_MS = 15_000

const patienceToBegin: Patience = (error) => (isUnreachable(error) ? NOBODY_THERE_PATIENCE_MS : START_PATIENCE_MS)
/** Somebody, or a monitor, waits for the answer of who only looks: a restart mostly takes no longer. */
const LOOK_PATIENCE_MS = 8000
const patienceToLook: Patience = () => LOOK_PATIENCE_MS

const sayWaiting =
  (say: Say): OnWait =>
  (error, patienceMs) =>
    say(`The database is away (${messageOf(error)}): waiting for it, at most ${patienceMs / 1000} s.`)

/** `sync` makes what is missing; `tend` does so only where a sync has begun it, and `look` nowhere. */
export type Purpose = 'sync' | 'tend' | 'look'

const isUnmade = ({ databaseUrl }: Options, { embeddedFolder }: Place): boolean =>
  databaseUrl === null && embeddedFolder !== null && !existsSync(embeddedFolder)

/** Brings the schema up to date. Throws ConfigError or SyncError unless a sync can write there. */
const prepare = async (db: Database, { schema, publicRead }: Options): Promise<void> => {
  await assertServes(db)
  await namingRights(db, schema, () => migrateDatabase(db, schema, readMigrations()))
  await assertPermitted(db, schema)
  await applyPublicRead(db, schema, publicRead)
}

/** Resolves as `work` does; rejects as soon as `stop` is raised, for a connection that is begun may take long to fail. */
const unlessStopped = async (work: Promise<void>, stop: AbortSignal): Promise<void> => {
  const stopped = Promise.withResolvers<never>()
  const onStop = (): void =>
    stopped.reject(new SyncError('Stopped before the database was ready: no car was read or written.', 3))
  if (stop.aborted) onStop()
  stop.addEventListener('abort', onStop, { once: true })
  try {
    await Promise.race([work, stopped.promise])
  } finally {
    stop.removeEventListener('abort', onStop)
  }
}

/**
 * A store over a migrated database. Throws ConfigError or SyncError, in sentences; NothingSyncedError where there is nothing
 * to look at or to tend. Who only looks writes nothing, and waits for a moment only. Once `stop` is raised nothing is waited for.
 */
export const openStore = async (
  options: Options,
  place: Place,
  purpose: Purpose = 'sync',
  say?: Say,
  stop: AbortSignal = new AbortController().signal,
): Promise<Store> => {
  if (purpose !== 'sync' && isUnmade(options, place)) throw new NothingSyncedError()
  const db = await openDatabase(options, place)
  const onWait = say && sayWaiting(say)
  const again = retrying(realWorld, purpose === 'look' ? patienceToLook : patienceToBegin, onWait, stop)
  const makeReady = async (): Promise<void> => {
    if (purpose === 'tend') await again(() => assertBegun(db, options.schema))
    if (purpose === 'look')
      await again(() => namingRights(db, options.schema, () => assertReadable(db, options.schema, readMigrations())))
    else await again(() => prepare(db, options))
  }
  try {
    await unlessStopped(makeReady(), stop)
    return storeOver(db, { schema: options.schema, source: options.source }, realWorld, onWait)
  } catch (error) {
    await db.close().catch(() => {})
    throw explain(error)
  }
}

/** The summary of a sync that could not open the embedded database because another process has it; else null. */
export const busyWith = (error: unknown, options: Pick<Options, 'source'>): Summary | null =>
  error instanceof InUseError
    ? busySummary(
        options,
        { mode: 'full' },
        { holder: error.holder, since: Date.parse(error.since), expiresAt: null },
        realWorld.now(),
        0,
      )
    : null

/** What can be found out about the configured database without writing to it. Never rejects. */
export const checkDatabase = async (options: Options, place: Place): Promise<DatabaseFinding[]> => {
  let db: Database | null = null
  try {
    db = await openDatabase(options, place)
    return await lookAtDatabase(db, options.schema, readMigrations())
  } catch (error) {
    return [{ check: 'database', ok: false, message: messageOf(error), advice: adviceFor(error) }]
  } finally {
    await db?.close().catch(() => {})
  }
}

/** What a stored car weighs; null where that cannot be measured. Never rejects. */
export const measureCars = async (options: Options, place: Place): Promise<CarWeight | null> => {
  let db: Database | null = null
  try {
    db = await openDatabase(options, place)
    return await weighCars(db, options.schema)
  } catch {
    return null
  } finally {
    await db?.close().catch(() => {})
  }
}
