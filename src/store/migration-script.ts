/** What brings a schema up to date, in one transaction: as this program applies it, and as a person does. */
import { quoteName } from './quote-name.ts'

export type Migration = { version: string; name: string; sql: string }

/** The statements that apply these migrations, for one transaction: they name the read model without a schema. */
export const migrationStatements = (schema: string, migrations: readonly Migration[]): string[] => [
  `select pg_advisory_xact_lock(hashtext('smart-cars-sync migrations'))`,
  ...(schema === 'public' ? [] : [`create schema if not exists ${quoteName(schema)}`]),
  `set local search_path = ${quoteName(schema)}`,
  'set local client_min_messages = warning',
  ...migrations.map(({ version, name, sql }) => `-- ${version}_${name}\n${sql.trim().replace(/;$/, '')}`),
]

/**
 * The same as a script. psql goes on after an error: only within a transaction does nothing happen after the guard against
 * tables of somebody else.
 */
export const migrationScript = (schema: string, migrations: readonly Migration[]): string => `\
-- What stands before this, such as the banner of npm without --silent, would take the first statement with it: an empty one.
;
begin;

${migrationStatements(schema, migrations).join(';\n\n')};

commit;
`
