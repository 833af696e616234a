/** The schema as a script for psql, for the SQL editor of Supabase, and for whatever goes on after an error. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, it } from 'node:test'
import postgres from 'postgres'
import { openDatabase, printMigrations, readMigrations } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { appliedMigrations, migrate } from '../../src/store/migrate.ts'
import { newPostgresUrl } from '../support/databases.ts'
import { findCommand, missingCommand } from '../support/limiters/find-command.ts'

/** What `npm run carsync -- migrate --print` puts before it. */
const BANNER = `
> smart-cars-sync@0.1.0 carsync
> node --max-semi-space-size=8 --import=./cli/quick-start.js cli/main.ts migrate --print

`

const STATEMENT = /(?:--[^\n]*|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$|[^;])+/g

type Apply = (url: string, script: string) => unknown

/** As psql does it: each statement by itself on one connection, and on after an error. */
const oneByOne: Apply = async (url, script) => {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  for (const [statement] of script.matchAll(STATEMENT)) await sql.unsafe(statement).catch(() => {})
  await sql.end()
}

/** Not waited for with all else at a standstill: what the server logs of each error has to be read by this process. */
const byPsql: Apply = async (url, script) => {
  const psql = spawn(findCommand('psql')!, ['-X', '-q', url], { stdio: ['pipe', 'ignore', 'ignore'] })
  psql.stdin.end(script)
  await once(psql, 'exit')
}

/** As the SQL editor of Supabase does it: all in one message. */
const inOneMessage: Apply = async (url, script) => {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(script).catch(() => {})
  await sql.end()
}

const open = async (url: string): Promise<Database> => {
  const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
  after(() => db.close())
  return db
}

/** All that there is, with its rights, comments and protection. */
const everything = (db: Database) =>
  db.query(
    `select n.nspname, c.relname, c.relrowsecurity, c.relacl::text, obj_description(c.oid, 'pg_class') as about
     from pg_namespace n left join pg_class c on c.relnamespace = n.oid
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2`,
  )

const VERSIONS = readMigrations().map(({ version }) => version)

const noPsql = missingCommand('psql', 'postgresql-client') ?? false

const WAYS: [string, Apply, string, string | false][] = [
  ['psql', byPsql, '', noPsql],
  ["psql, behind npm's banner", byPsql, BANNER, noPsql],
  ['one statement after the other', oneByOne, '', false],
  ["one statement after the other, behind npm's banner", oneByOne, BANNER, false],
  ['one message', inOneMessage, '', false],
]
for (const [way, apply, before, skip] of WAYS)
  describe(`the printed schema, by ${way}`, { skip }, () => {
    it('touches nothing where somebody else has a table of that name', async () => {
      const url = await newPostgresUrl()
      const db = await open(url)
      await db.query('create table public.cars (id int)')
      await db.query(`comment on table public.cars is 'my own'`)
      const untouched = await everything(db)
      await apply(url, before + printMigrations('public'))
      assert.deepEqual(await everything(db), untouched)
    })

    it('makes all of an empty database that a migration makes, and does no harm a second time', async () => {
      const url = await newPostgresUrl()
      const db = await open(url)
      await apply(url, before + printMigrations('public'))
      assert.deepEqual(await appliedMigrations(db), VERSIONS)
      const made = await everything(db)
      await apply(url, before + printMigrations('public'))
      assert.deepEqual(await everything(db), made)
      const other = await open(await newPostgresUrl())
      await migrate(other, 'public', readMigrations())
      assert.deepEqual(made, await everything(other))
    })

    it('makes the schema that is asked for, and everything there', async () => {
      const url = await newPostgresUrl()
      const db = await open(url)
      await apply(url, before + printMigrations('Car "data"'))
      const made = await everything(db)
      const namesIn = (schema: string) => made.filter((row) => row.nspname === schema).map((row) => row.relname)
      assert.ok(namesIn('Car "data"').includes('cars'))
      assert.deepEqual(namesIn('public'), [null])
      assert.deepEqual(await migrate(db, 'Car "data"', readMigrations()), [])
    })
  })
