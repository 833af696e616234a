import postgres from 'postgres'
import { openDatabase, readMigrations } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'

/** Makes a database of this name in a cluster, empty or as a copy of another, and answers its address. */
export const createDatabase = async (
  clusterUrl: string,
  name: string,
  copyOf: string | null = null,
): Promise<string> => {
  const sql = postgres(clusterUrl, { max: 1, onnotice: () => {} })
  // Copied as files, not through the write-ahead log: half the work, and there are hundreds in a test run.
  await sql.unsafe(`create database ${name} strategy file_copy${copyOf === null ? '' : ` template ${copyOf}`}`)
  await sql.end()
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return url.href
}

/** The same with the schema, opened; in memory, on the embedded Postgres, where `clusterUrl` is null. */
export const createMigrated = async (clusterUrl: string | null, name: string): Promise<Database> => {
  const databaseUrl = clusterUrl === null ? null : await createDatabase(clusterUrl, name)
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  await migrate(db, 'public', readMigrations())
  return db
}

/** Makes a migrated database of this name that others can be copies of. */
export const createTemplate = async (clusterUrl: string, name: string): Promise<string> => {
  // Closed at once: nobody may be connected to what is copied.
  await (await createMigrated(clusterUrl, name)).close()
  return name
}
