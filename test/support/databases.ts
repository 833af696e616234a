/** Fresh databases for a test, on real Postgres and on the embedded one, with the same schema. */
import { after } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createDatabase } from './create-database.ts'
import { startPostgres } from './postgres.ts'

let own: ReturnType<typeof startPostgres> | undefined
let count = 0

// Here, at the level of the file: asked for within a test, the hook would end the cluster with that test.
after(async () => (await own)?.close())

/** The cluster of the test run; a file that is run by itself starts one. */
const clusterUrl = async (): Promise<string> => {
  if (process.env.TEST_POSTGRES_URL) return process.env.TEST_POSTGRES_URL
  own ??= startPostgres({ fsync: 'off' })
  return (await own).url
}

/** The address of a new empty database. It goes with the cluster. */
export const newPostgresUrl = async (): Promise<string> => {
  return createDatabase(await clusterUrl(), `t${process.pid}_${++count}`)
}

export const databaseKinds = ['postgres', 'embedded'] as const

/** A migrated database of this kind; closed after the test file. */
export const newDatabase = async (kind: (typeof databaseKinds)[number], schema = 'public'): Promise<Database> => {
  const databaseUrl = kind === 'postgres' ? await newPostgresUrl() : null
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  after(() => db.close())
  await migrate(db, schema, readMigrations())
  return db
}
