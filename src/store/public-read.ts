/** Whether Supabase's role `anon` may read `cars`, as the setting has it. */
import type { Database } from './database.ts'
import { quoteName } from './quote-name.ts'

/** The row of `carsync.settings` that says that the right was given here. */
const GIVEN = 'public_read'

/**
 * Lets `anon` read `cars`, or stops letting it, where that role exists; answers what was changed. What the owner has granted by
 * hand is left: only what was given here is taken back. The role may be younger than the tables, which then have no policy for
 * it; where the owner has made another one, that one holds.
 */
export const applyPublicRead = async (
  db: Database,
  schema: string,
  wanted: boolean,
): Promise<'given' | 'taken back' | null> => {
  const cars = `${quoteName(schema)}.cars`
  const [anon] = await db.query(
    `select has_table_privilege('anon', $1, 'select') as may,
            exists (select from pg_policies where schemaname = $2 and tablename = 'cars' and cmd in ('SELECT', 'ALL')
                    and roles && '{anon,public}') as sees,
            exists (select from carsync.settings where name = $3) as given
     from pg_roles where rolname = 'anon'`,
    [cars, schema, GIVEN],
  )
  if (!anon || (wanted ? anon.may && anon.sees : !anon.given)) return null
  const give = [
    `grant usage on schema ${quoteName(schema)} to anon`,
    `grant select on ${cars} to anon`,
    ...(anon.sees ? [] : [`create policy cars_public_read on ${cars} for select to anon using (removed_at is null)`]),
    `insert into carsync.settings (name, value) values ('${GIVEN}', 'yes') on conflict do nothing`,
  ]
  const takeBack = [`revoke select on ${cars} from anon`, `delete from carsync.settings where name = '${GIVEN}'`]
  await db.transaction((session) => session.script((wanted ? give : takeBack).join(';\n')))
  return wanted ? 'given' : 'taken back'
}
