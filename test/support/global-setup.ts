/** One Postgres for the whole test run; each test file makes databases of its own in it, most as copies of a migrated one. */

import { CACHE } from './cluster-files.ts'
import { createTemplate } from './create-database.ts'
import { embeddedFile } from './embedded.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

/** The databases live for seconds: to look after hundreds of them would keep the machine busy. */
const SETTINGS = { fsync: 'off', max_connections: '200', autovacuum: 'off', shared_buffers: '16MB' }

let postgres: TestPostgres | undefined

export const globalSetup = async (): Promise<void> => {
  ;[postgres] = await Promise.all([startPostgres(SETTINGS), embeddedFile()])
  process.env.TEST_POSTGRES_URL = postgres.url
  // Two hundred processes load the same modules.
  process.env.NODE_COMPILE_CACHE = CACHE
  process.env.TEST_POSTGRES_TEMPLATE = await createTemplate(postgres.url, 'migrated')
}

export const globalTeardown = async (): Promise<void> => {
  await postgres?.close()
}
