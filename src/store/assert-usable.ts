/** Whether a sync can write here at all, said before a single request is made, with what would change it. */
import { ConfigError, SyncError } from '../errors.ts'
import { codeOf, type Database } from './database.ts'
import { quoteName } from './quote-name.ts'

/** What a sync does with the tables of the read model, and with its own. */
const READ_MODEL = ['cars', 'car_changes', 'sync_progress']
const ON_READ_MODEL = ['select', 'insert', 'update']
const ON_OWN = ['select', 'insert', 'update', 'delete']

/**
 * Throws SyncError where the database takes no writes, or cannot hold what a source sends, and the driver's error where a pooler
 * allows no transactions: so it is asked in one. Nothing needs to be there yet.
 */
export const assertServes = async (db: Database): Promise<void> => {
  const [state] = await db.transaction((session) =>
    session.query(
      `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only,
              current_setting('server_encoding') as encoding`,
    ),
  )
  if (state!.standby)
    throw new SyncError(
      'The database is a read-only standby. Point DATABASE_URL at the primary, or name all servers: postgres://user:password@host1:5432,host2:5432/database.',
      2,
    )
  if (state!.read_only)
    throw new SyncError(
      'The database takes no writes (default_transaction_read_only is on; Supabase sets it when the disk is nearly full). Free space or enlarge the disk, and set it off again.',
      2,
    )
  if (state!.encoding !== 'UTF8')
    throw new SyncError(
      `The encoding of the database is ${state!.encoding}, and only UTF8 holds every character that a source sends. Use another database, for example: create database cars template template0 encoding 'UTF8' locale 'C'.`,
      2,
    )
}

/** Throws ConfigError naming the rights that the role lacks, with the statements that grant them. The schema has been applied. */
export const assertPermitted = async (db: Database, schema: string): Promise<void> => {
  const lacking = await db.query(
    `select current_user as role, n.nspname as schema, c.relname as name, row_security_active(c.oid) as hidden,
            array_to_string(array(
              select p from unnest(case when n.nspname = 'carsync' then $3::text::text[] else $2::text::text[] end) as p
              where not has_table_privilege(c.oid, p)), ', ') as rights,
            has_schema_privilege(n.oid, 'usage') as enters, current_database() as database,
            has_database_privilege(current_database(), 'temporary') as temporary
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and (n.nspname = 'carsync' or (n.nspname = $1 and c.relname = any($4::text::text[])))
     order by 2, 3`,
    [schema, `{${ON_READ_MODEL.join()}}`, `{${ON_OWN.join()}}`, `{${READ_MODEL.join()}}`],
  )
  const [first] = lacking
  if (!first) return
  const role = quoteName(first.role)
  const closed = new Set(lacking.filter(({ enters }) => !enters).map((row) => row.schema as string))
  const grants = [...closed]
    .sort()
    .reverse()
    .map((name) => `grant usage on schema ${quoteName(name)} to ${role};`)
  for (const row of lacking)
    if (row.rights !== '')
      grants.push(`grant ${row.rights} on ${quoteName(row.schema)}.${quoteName(row.name)} to ${role};`)
  if (!first.temporary) grants.push(`grant temporary on database ${quoteName(first.database)} to ${role};`)
  const hidden = lacking.some((row) => row.hidden)
  if (hidden) grants.push(`alter role ${role} bypassrls;`)
  if (grants.length === 0) return
  throw new ConfigError(
    `The role ${first.role} lacks rights that a sync needs${hidden ? ', and row level security hides the tables from it' : ''}. Use the owner of the tables in DATABASE_URL, or let it run:\n${grants.map((grant) => `  ${grant}`).join('\n')}`,
  )
}

/** Does what needs rights: which are missing, all of them, is worth more than that one was. */
export const namingRights = async <T>(db: Database, schema: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === '42501') await assertPermitted(db, schema)
    throw error
  }
}
