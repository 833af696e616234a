import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { ConfigError, SyncError } from '../../src/errors.ts'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { appliedMigrations, foreignTables, migrate } from '../../src/store/migrate.ts'
import type { Migration } from '../../src/store/migration-script.ts'
import { readReport } from '../../src/store/report.ts'
import { databaseKinds, newPostgresUrl } from '../support/databases.ts'
import { newEmbedded } from '../support/embedded.ts'
import { batchOf, begin, writeOf } from './fixture.ts'

const MIGRATIONS = readMigrations()

const open = async (databaseUrl: string | null): Promise<Database> => {
  const db =
    databaseUrl === null ? await newEmbedded('empty') : await openDatabase({ databaseUrl }, { embeddedFolder: null })
  after(() => db.close())
  return db
}

/** Tables that are there, with their schemas. */
const tables = async (db: Database): Promise<string[]> =>
  (
    await db.query(
      `select schemaname || '.' || tablename as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
    )
  ).map((row) => row.name)

for (const kind of databaseKinds) {
  // One after another on one database.
  const db = await open(kind === 'postgres' ? await newPostgresUrl() : null)

  describe(`migrate on ${kind}`, () => {
    it('touches nothing where somebody else has a table of that name, and says what to do', async () => {
      await db.query('create table public.cars (id int)')
      await db.query(`comment on table public.cars is 'my own'`)
      const before = await tables(db)
      await assert.rejects(migrate(db, 'public', MIGRATIONS), (error: Error) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.exitCode, 2)
        assert.equal(
          error.message,
          'Schema "public" already has cars, which smart-cars-sync did not make: it seems to be your own. Nothing was touched. Set CARSYNC_SCHEMA to another schema, for example CARSYNC_SCHEMA=cars_mirror.',
        )
        return true
      })
      assert.deepEqual(await tables(db), before)
      await db.query('drop table public.cars')
    })

    it('names all tables that are in the way, and views too', async () => {
      await db.query('create table public.sync_progress (id int)')
      await db.query('create view public.car_changes as select 1 as one')
      assert.deepEqual(await foreignTables(db, 'public'), ['car_changes', 'sync_progress'])
      await assert.rejects(migrate(db, 'public', MIGRATIONS), /already has car_changes and sync_progress/)
      await db.query('drop view public.car_changes')
      await db.query('drop table public.sync_progress')
    })

    it('applies nothing when one of the files fails, and says so', async () => {
      const broken: Migration = { version: '29990101000000', name: 'broken', sql: 'select 1; selct 2' }
      await assert.rejects(migrate(db, 'public', [...MIGRATIONS, broken]), (error: Error) => {
        assert.ok(error instanceof SyncError)
        assert.equal(error.exitCode, 2)
        assert.match(error.message, /^Cannot apply the schema: .*selct.*carsync migrate --print/)
        return true
      })
      assert.deepEqual(await tables(db), [])
      assert.deepEqual(await appliedMigrations(db), [])
    })

    it('applies what is missing, and does no harm a second time', async () => {
      const versions = MIGRATIONS.map(({ version }) => version)
      assert.deepEqual(await migrate(db, 'public', MIGRATIONS), versions)
      assert.deepEqual(await appliedMigrations(db), versions)
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      const before = await tables(db)
      assert.deepEqual(await migrate(db, 'public', MIGRATIONS), [])
      for (const { sql } of MIGRATIONS)
        await db.transaction((session) => session.script(`set local search_path = public; ${sql}`))
      assert.deepEqual(await tables(db), before)
      assert.deepEqual(await db.query('select count(*)::int as n from public.cars'), [{ n: 1 }])
    })

    it('applies a file that is new', async () => {
      const next: Migration = {
        version: '29990101000000',
        name: 'next',
        sql: `alter table cars add column if not exists extra text;
              insert into carsync.migrations (version, name) values ('29990101000000', 'next') on conflict do nothing;`,
      }
      assert.deepEqual(await migrate(db, 'public', [...MIGRATIONS, next]), [next.version])
      await db.query('select extra from public.cars')
    })

    it('refuses a database that is newer than the program', async () => {
      await assert.rejects(migrate(db, 'public', MIGRATIONS), (error: Error) => {
        assert.ok(error instanceof SyncError)
        assert.equal(error.exitCode, 2)
        assert.match(error.message, /newer \(29990101000000\) than this program knows \(\d{14}\). Update/)
        return true
      })
      await db.query(`delete from carsync.migrations where version = '29990101000000'`)
    })

    it('makes one read model per database', async () => {
      await assert.rejects(migrate(db, 'elsewhere', MIGRATIONS), (error: Error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /already mirrors into schema "public".*Set CARSYNC_SCHEMA=public/)
        return true
      })
      assert.deepEqual(await db.query(`select 1 from pg_namespace where nspname = 'elsewhere'`), [])
    })

    it('refuses to go on from a ledger whose cars were dropped, and says what to do', async () => {
      await db.query('drop schema public cascade')
      await db.query('create schema public')
      await assert.rejects(migrate(db, 'public', MIGRATIONS), (error: Error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /gone from schema "public".*drop schema carsync cascade/)
        return true
      })
      await db.query('drop schema carsync cascade')
    })

    it('makes the schema that is asked for, however it is called, and everything works there', async () => {
      const schema = 'Cars "mirror"'
      await migrate(db, schema, MIGRATIONS)
      const read = (await tables(db)).filter((name) => name.startsWith(schema))
      assert.deepEqual(read, [`${schema}.car_changes`, `${schema}.cars`, `${schema}.sync_progress`])
      assert.ok((await tables(db)).every((name) => !name.startsWith('public.')))
      const begun = await begin(db, { schema })
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      const changed = writeOf('a', { price: '1' }, { isNew: false, readAt: Date.UTC(2030) })
      await commitPages(db, begun.context, batchOf(2, [changed]))
      assert.equal((await readReport(db, begun.names, null))!.cars.updated, 1)
      assert.deepEqual(await migrate(db, schema, MIGRATIONS), [])
    })

    it('protects every table by row level security', async () => {
      const open = await db.query(
        `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and not c.relrowsecurity and n.nspname not in ('pg_catalog', 'information_schema')`,
      )
      assert.deepEqual(open, [])
    })
  })
}

describe('migrate on postgres', async () => {
  it('works as an owner who is no superuser, and so does everything else', async () => {
    const url = new URL(await newPostgresUrl())
    const admin = await open(url.href)
    const owner = `owner_${process.pid}`
    await admin.query(`create role ${owner} login`)
    await admin.query(`alter database ${url.pathname.slice(1)} owner to ${owner}`)
    url.username = owner
    const db = await open(url.href)
    await migrate(db, 'public', MIGRATIONS)
    const begun = await begin(db)
    await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
    await commitPages(
      db,
      begun.context,
      batchOf(2, [writeOf('a', { price: '2' }, { isNew: false, readAt: Date.now() })]),
    )
    assert.equal((await readReport(db, begun.names, null))!.cars.seen, 1)
  })

  it('says what to do when the role may not make schemas', async () => {
    const url = new URL(await newPostgresUrl())
    const admin = await open(url.href)
    const guest = `guest_${process.pid}`
    await admin.query(`create role ${guest} login`)
    url.username = guest
    const db = await open(url.href)
    await assert.rejects(migrate(db, 'public', MIGRATIONS), (error: Error) => {
      assert.ok(error instanceof SyncError)
      assert.equal(error.exitCode, 2)
      assert.match(error.message, /permission denied.*The role lacks a right/)
      return true
    })
  })

  it('may be run by many at once', async () => {
    const url = await newPostgresUrl()
    const all = await Promise.all([open(url), open(url), open(url), open(url)])
    await Promise.all(all.map((db) => migrate(db, 'public', MIGRATIONS)))
    assert.equal((await appliedMigrations(all[0]!)).length, MIGRATIONS.length)
  })
})
