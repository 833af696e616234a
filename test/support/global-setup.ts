/** One Postgres for the whole test run; each test file makes databases of its own in it. */
import { startPostgres, type TestPostgres } from './postgres.ts'

let postgres: TestPostgres | undefined

export const globalSetup = async (): Promise<void> => {
  postgres = await startPostgres({ fsync: 'off', max_connections: '200' })
  process.env.TEST_POSTGRES_URL = postgres.url
}

export const globalTeardown = async (): Promise<void> => {
  await postgres?.close()
}
