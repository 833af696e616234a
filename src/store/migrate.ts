/**
 * Applies the schema. The files of `supabase/migrations` are its only home; each can be run twice, records itself and
 * names the read model without a schema, which the search path then decides.
 */
import { ConfigError, NothingSyncedError, SyncError } from '../errors.ts'
import { adviceFor, isPassing } from './connection/retryable.ts'
import type { Database } from './database.ts'
import { type Migration, migrationStatements } from './migration-script.ts'
import { quoteName } from './quote-name.ts'

/** The newest version that this program works with; for doors that cannot read the files. */
export const SCHEMA_VERSION = '20261130220000'

const OURS = 'smart-cars-sync:'
const READ_MODEL = ['cars', 'car_changes', 'sync_progress']

/** What is there before anything is applied. */
type Found = {
  /** Tables of the read model's names in the schema that somebody else made. */
  foreign: readonly string[]
  /** Another schema in which the read model lies; there is one read model per database. */
  elsewhere: string | null
  isLedgerThere: boolean
  isModelThere: boolean
}

/** One question for all of it: each is a round trip before a sync begins. */
const find = async (db: Database, schema: string): Promise<Found> => {
  const [row] = await db.query(
    `select array_to_json(array(
              select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = $1 and c.relname = any($2::text::text[])
                and coalesce(obj_description(c.oid, 'pg_class'), '') not like '${OURS}%'
              order by 1))::text as foreign,
            (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relname = 'cars' and c.relkind = 'r' and n.nspname <> $1
               and obj_description(c.oid, 'pg_class') like '${OURS}%' limit 1) as elsewhere,
            to_regclass('carsync.migrations') is not null as ledger, to_regclass($3) is not null as model`,
    [schema, `{${READ_MODEL.join(',')}}`, `${quoteName(schema)}.cars`],
  )
  return {
    foreign: JSON.parse(row!.foreign),
    elsewhere: row!.elsewhere,
    isLedgerThere: row!.ledger,
    isModelThere: row!.model,
  }
}

/** Tables of the read model's names in this schema that somebody else made. */
export const foreignTables = async (db: Database, schema: string): Promise<readonly string[]> =>
  (await find(db, schema)).foreign

const readVersions = async (db: Database): Promise<string[]> =>
  (await db.query('select version from carsync.migrations order by version')).map((row) => row.version as string)

/** Versions applied so far. */
export const appliedMigrations = async (db: Database): Promise<string[]> => {
  const [there] = await db.query(`select to_regclass('carsync.migrations') is not null as there`)
  return there!.there ? readVersions(db) : []
}

const assertSchemaIsOurs = ({ foreign }: Found, schema: string): void => {
  if (foreign.length > 0)
    throw new ConfigError(
      `Schema "${schema}" already has ${foreign.join(' and ')}, which smart-cars-sync did not make: it seems to be your own. Nothing was touched. Set CARSYNC_SCHEMA to another schema, for example CARSYNC_SCHEMA=cars_mirror.`,
    )
}

const assertKnownVersions = (applied: readonly string[], migrations: readonly Migration[]): void => {
  const newest = migrations.at(-1)?.version ?? ''
  const unknown = applied.filter((version) => version > newest)
  if (unknown.length > 0)
    throw new SyncError(
      `The database's schema is newer (${unknown.at(-1)}) than this program knows (${newest}). Update smart-cars-sync.`,
      2,
    )
}

const assertOneReadModel = ({ elsewhere }: Found): void => {
  if (elsewhere !== null)
    throw new ConfigError(
      `This database already mirrors into schema "${elsewhere}", and there is one read model per database. Set CARSYNC_SCHEMA=${elsewhere}, or use another database.`,
    )
}

/** A ledger without its cars would make the next run skip what is gone. */
const assertReadModelIsThere = ({ isModelThere }: Found, schema: string): void => {
  if (!isModelThere)
    throw new ConfigError(
      `The tables are gone from schema "${schema}", but schema carsync still remembers what was read into them. Drop it too and sync again: drop schema carsync cascade.`,
    )
}

/** Versions applied so far, where all that is there is ours, whole and known. Throws ConfigError or SyncError. */
export const assertOurs = async (db: Database, schema: string, migrations: readonly Migration[]): Promise<string[]> => {
  const found = await find(db, schema)
  assertSchemaIsOurs(found, schema)
  assertOneReadModel(found)
  const applied = found.isLedgerThere ? await readVersions(db) : []
  assertKnownVersions(applied, migrations)
  if (applied.length > 0) assertReadModelIsThere(found, schema)
  return applied
}

/**
 * Applies what is missing and answers the versions applied. Throws ConfigError when the schema belongs to somebody else,
 * SyncError when the database is newer than the program or the role may not make tables.
 */
export const migrate = async (db: Database, schema: string, migrations: readonly Migration[]): Promise<string[]> => {
  const applied = await assertOurs(db, schema, migrations)
  const missing = migrations.filter((migration) => !applied.includes(migration.version))
  if (missing.length === 0) return []
  try {
    await db.transaction((session) => session.script(migrationStatements(schema, missing).join(';\n')))
  } catch (error) {
    if (isPassing(error)) throw error
    const advice = adviceFor(error) ?? `Apply the schema by hand as the owner: ${MIGRATE_BY_HAND}`
    throw new SyncError(`Cannot apply the schema: ${(error as Error).message}. ${advice}`, 2, { cause: error })
  }
  return missing.map((migration) => migration.version)
}

/** What the owner of a database has to type where this program may not. */
export const MIGRATE_BY_HAND = 'carsync migrate --print | psql -v ON_ERROR_STOP=1 "$DATABASE_URL"'

/** For doors that do not migrate: throws SyncError unless the whole schema is there, with the command that applies it. */
export const assertApplied = async (db: Database): Promise<void> => {
  const newest = (await appliedMigrations(db)).at(-1) ?? null
  if (newest !== null && newest >= SCHEMA_VERSION) return
  throw new SyncError(
    `The database lacks tables: wanted the schema of version ${SCHEMA_VERSION}, found ${newest ?? 'none'}. Apply it with: npx carsync migrate, or: npx supabase db push.`,
    2,
  )
}

/** The same, also unless the read model lies in this schema. Throws ConfigError or SyncError. */
export const assertInPlace = async (db: Database, schema: string): Promise<void> => {
  await assertApplied(db)
  const found = await find(db, schema)
  assertOneReadModel(found)
  assertReadModelIsThere(found, schema)
}

/** Cars without a memory of them are no database into which nothing was ever synced. Throws ConfigError. */
const assertRemembered = ({ foreign, isLedgerThere, isModelThere }: Found, schema: string): void => {
  if (isModelThere && !isLedgerThere && !foreign.includes('cars'))
    throw new ConfigError(
      `The tables in schema "${schema}" are there, but schema carsync is gone, which remembers what was synced into them: it was dropped, or not restored with them. Restore it if its history, held removals and schedule matter. Else sync: that makes it anew, reads everything and keeps the cars; a schedule has to be set again (carsync.schedule).`,
    )
}

/** The same of a database at which nobody looked yet, for whoever would take it for an empty one. */
export const assertNotForgotten = async (db: Database, schema: string): Promise<void> =>
  assertRemembered(await find(db, schema), schema)

/**
 * For who makes nothing of a database that is empty: throws NothingSyncedError there, and ConfigError where only the cars are
 * left, or lie in another schema.
 */
export const assertBegun = async (db: Database, schema: string): Promise<void> => {
  if ((await appliedMigrations(db)).length > 0) return
  const found = await find(db, schema)
  assertOneReadModel(found)
  assertRemembered(found, schema)
  throw new NothingSyncedError()
}

/** For who only looks: throws NothingSyncedError, ConfigError or SyncError unless all that is looked at is there. */
export const assertReadable = async (db: Database, schema: string, migrations: readonly Migration[]): Promise<void> => {
  await assertBegun(db, schema)
  await assertOurs(db, schema, migrations)
  await assertApplied(db)
}
