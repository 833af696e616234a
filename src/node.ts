/** The engine for doors that run on Node: `mod` and what needs files — the embedded database and the migrations. */
export * from './mod.ts'

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { InUseError, messageOf, SyncError } from './errors.ts'
import type { Summary } from './events.ts'
import type { Options } from './options.ts'
import { type DatabaseFinding, checkDatabase as lookAtDatabase } from './store/check-database.ts'
import type { Database } from './store/database.ts'
import { openEmbedded } from './store/embedded.ts'
import { appliedMigrations, applyPublicRead, type Migration, migrate as migrateDatabase } from './store/migrate.ts'
import { storeOver } from './store/open-store.ts'
import { openPostgres } from './store/postgres.ts'
import { adviceFor } from './store/retryable.ts'
import type { Store } from './store/store.ts'
import { busySummary } from './summary.ts'
import { realWorld } from './world.ts'

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

/** The SQL of all migrations, as `carsync migrate --print` shows it. */
export const printMigrations = async (): Promise<string> =>
  readMigrations()
    .map(({ version, name, sql }) => `-- ${version}_${name}\n${sql.trim()}\n`)
    .join('\n')

/** Opens the database that the options name, or the embedded one. */
export const openDatabase = async (options: Pick<Options, 'databaseUrl'>, place: Place): Promise<Database> =>
  options.databaseUrl ? openPostgres(options.databaseUrl) : openEmbedded(place.embeddedFolder)

const explain = (error: unknown): SyncError => {
  if (error instanceof SyncError) return error
  const advice = adviceFor(error) ?? 'Check DATABASE_URL, or run carsync doctor.'
  return new SyncError(`Cannot use the database: ${messageOf(error)}. ${advice}`, 2, { cause: error })
}

/** Applies what is missing of the schema, and the public-read setting. */
export const migrate = async (options: Options, place: Place): Promise<{ applied: string[]; already: string[] }> => {
  const db = await openDatabase(options, place)
  try {
    const already = await appliedMigrations(db)
    const applied = await migrateDatabase(db, options.schema, readMigrations())
    await applyPublicRead(db, options.schema, options.publicRead)
    return { applied, already }
  } catch (error) {
    throw explain(error)
  } finally {
    await db.close()
  }
}

/**
 * A store over a migrated database. Throws ConfigError or SyncError, in sentences. Who only looks leaves the rights of
 * `anon` as they are.
 */
export const openStore = async (options: Options, place: Place, purpose: 'sync' | 'look' = 'sync'): Promise<Store> => {
  const db = await openDatabase(options, place)
  try {
    await migrateDatabase(db, options.schema, readMigrations())
    if (purpose === 'sync') await applyPublicRead(db, options.schema, options.publicRead)
    return storeOver(db, { schema: options.schema, source: options.source }, realWorld)
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
