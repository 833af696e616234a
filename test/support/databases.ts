/** Fresh databases for a test, on real Postgres and on the embedded one, with the same schema. */
import { after } from 'node:test'
import { openDatabase } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { createDatabase, createTemplate } from './create-database.ts'
import { newEmbedded } from './embedded.ts'
import { startPostgres } from './postgres.ts'

let own: ReturnType<typeof startPostgres> | undefined
let template: Promise<string> | undefined
let count = 0

// Here, at the level of the file: asked for within a test, the hook would end the cluster with that test.
after(async () => (await own)?.close())

/** The cluster of the test run; a file that is run by itself starts one. */
const clusterUrl = async (): Promise<string> => {
  if (process.env.TEST_POSTGRES_URL) return process.env.TEST_POSTGRES_URL
  own ??= startPostgres({ fsync: 'off' })
  return (await own).url
}

const newName = (): string => `t${process.pid}_${++count}`

/** The address of a new empty database. It goes with the cluster. */
export const newPostgresUrl = async (): Promise<string> => createDatabase(await clusterUrl(), newName())

/** The address of a new database with the schema. */
export const newMigratedUrl = async (): Promise<string> => {
  const cluster = await clusterUrl()
  const { TEST_POSTGRES_TEMPLATE } = process.env
  template ??= TEST_POSTGRES_TEMPLATE ? Promise.resolve(TEST_POSTGRES_TEMPLATE) : createTemplate(cluster, newName())
  return createDatabase(cluster, newName(), await template)
}

export const databaseKinds = ['postgres', 'embedded'] as const

/** A migrated database of this kind; closed after the test file. */
export const newDatabase = async (kind: (typeof databaseKinds)[number]): Promise<Database> => {
  const db =
    kind === 'embedded'
      ? await newEmbedded()
      : await openDatabase({ databaseUrl: await newMigratedUrl() }, { embeddedFolder: null })
  after(() => db.close())
  return db
}
