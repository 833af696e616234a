/** What `carsync doctor` finds out about the database: reached, new enough, ours, and with the rights it takes. */
import { messageOf } from '../errors.ts'
import { adviceFor } from './connection/retryable.ts'
import type { Database } from './database.ts'
import { appliedMigrations, foreignTables } from './migrate.ts'
import type { Migration } from './migration-script.ts'

export type DatabaseFinding = { check: string; ok: boolean; message: string; advice: string | null }

const OLDEST = 150_000

const good = (check: string, message: string): DatabaseFinding => ({ check, ok: true, message, advice: null })

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
              current_user as role, pg_is_in_recovery() as standby,
              has_database_privilege(current_database(), 'create') as may_create`,
    )
    const kind = db.kind === 'embedded' ? 'embedded Postgres' : 'Postgres'
    const newEnough = server!.number >= OLDEST
    findings.push({
      check: 'database',
      ok: newEnough && !server!.standby,
      message: `${kind} ${server!.version}, as ${server!.role}${server!.standby ? ', a read-only standby' : ''}`,
      advice: server!.standby
        ? 'Point DATABASE_URL at the primary.'
        : newEnough
          ? null
          : 'Postgres 15 or later is needed.',
    })
    const foreign = await foreignTables(db, schema)
    if (foreign.length > 0)
      findings.push({
        check: 'schema',
        ok: false,
        message: `schema "${schema}" has ${foreign.join(' and ')} that smart-cars-sync did not make`,
        advice: 'Set CARSYNC_SCHEMA to another schema, for example cars_mirror.',
      })
    const applied = await appliedMigrations(db)
    const missing = migrations.filter(({ version }) => !applied.includes(version))
    if (missing.length === 0) findings.push(good('migrations', `all ${migrations.length} are applied`))
    else if (server!.may_create)
      findings.push(good('migrations', `${missing.length} to apply; sync does it by itself, or carsync migrate`))
    else
      findings.push({
        check: 'migrations',
        ok: false,
        message: `${missing.length} to apply, and the role ${server!.role} may not create schemas`,
        advice: 'Apply them as the owner: carsync migrate --print | psql -v ON_ERROR_STOP=1.',
      })
  } catch (error) {
    const advice = adviceFor(error) ?? 'Check DATABASE_URL.'
    findings.push({ check: 'database', ok: false, message: messageOf(error) || 'cannot be reached', advice })
  }
  return findings
}
