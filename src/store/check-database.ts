/** What `carsync doctor` finds out about the database. What a sync refuses for is a fault, in the sentence of the sync. */
import { messageOf, SyncError } from '../errors.ts'
import { assertPermitted, assertServes, namingRights } from './assert-usable.ts'
import { adviceFor } from './connection/retryable.ts'
import type { Database, Row } from './database.ts'
import { assertNotForgotten, assertOurs, MIGRATE_BY_HAND } from './migrate.ts'
import type { Migration } from './migration-script.ts'

export type DatabaseFinding = { check: string; ok: boolean; message: string; advice: string | null }

const OLDEST = 150_000

const good = (check: string, message: string): DatabaseFinding => ({ check, ok: true, message, advice: null })

/** What it comes to, or the sentence that it throws. */
const sentenceOf = async <T>(check: Promise<T>): Promise<T | { fault: string }> => {
  try {
    return await check
  } catch (error) {
    if (error instanceof SyncError) return { fault: error.message }
    throw error
  }
}

const checkServer = async (db: Database, server: Row): Promise<DatabaseFinding> => {
  const kind = db.kind === 'embedded' ? 'embedded Postgres' : 'Postgres'
  const message = `${kind} ${server.version}, as ${server.role}`
  const fault = server.number < OLDEST ? 'Postgres 15 or later is needed.' : (await sentenceOf(assertServes(db)))?.fault
  return { check: 'database', ok: fault === undefined, message, advice: fault ?? null }
}

const checkSchema = async (
  db: Database,
  schema: string,
  migrations: readonly Migration[],
  server: Row,
): Promise<DatabaseFinding> => {
  const ours = async (): Promise<string[]> => {
    const applied = await assertOurs(db, schema, migrations)
    await assertNotForgotten(db, schema)
    await assertPermitted(db, schema)
    return applied
  }
  const applied = await sentenceOf(namingRights(db, schema, ours))
  if ('fault' in applied) {
    // The statements that would help stand below the sentence.
    const [message, ...advice] = applied.fault.split('\n')
    return { check: 'schema', ok: false, message: message!, advice: advice.join(' ').trim() || null }
  }
  const missing = migrations.filter(({ version }) => !applied.includes(version))
  if (missing.length === 0) return good('migrations', `all ${migrations.length} are applied`)
  if (server.may_create)
    return good('migrations', `${missing.length} to apply; sync does it by itself, or carsync migrate`)
  return {
    check: 'migrations',
    ok: false,
    message: `${missing.length} to apply, and the role ${server.role} may not create schemas`,
    advice: `Apply them as the owner: ${MIGRATE_BY_HAND}`,
  }
}

/** Looks at a database without writing anything. Never rejects: what goes wrong is a finding. */
export const checkDatabase = async (
  db: Database,
  schema: string,
  migrations: readonly Migration[],
): Promise<DatabaseFinding[]> => {
  const findings: DatabaseFinding[] = []
  try {
    const [server] = await db.query(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
              current_user as role, has_database_privilege(current_database(), 'create') as may_create`,
    )
    findings.push(await checkServer(db, server!))
    findings.push(await checkSchema(db, schema, migrations, server!))
  } catch (error) {
    const advice = adviceFor(error) ?? 'Check DATABASE_URL.'
    findings.push({ check: 'database', ok: false, message: messageOf(error) || 'cannot be reached', advice })
  }
  return findings
}
