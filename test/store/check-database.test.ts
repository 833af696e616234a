import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { checkDatabase } from '../../src/store/check-database.ts'
import { openPostgres } from '../../src/store/connection/postgres.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { databaseKinds, newPostgresUrl } from '../support/databases.ts'
import { newEmbedded } from '../support/embedded.ts'

const MIGRATIONS = readMigrations()

const look = (db: Database, schema = 'public') => checkDatabase(db, schema, MIGRATIONS)

for (const kind of databaseKinds) {
  const db =
    kind === 'embedded'
      ? await newEmbedded('empty')
      : await openDatabase({ databaseUrl: await newPostgresUrl() }, { embeddedFolder: null })
  after(() => db.close())

  describe(`checkDatabase on ${kind}`, () => {
    it('finds a new database good, with the migrations to come, and writes nothing', async () => {
      const findings = await look(db)
      assert.deepEqual(
        findings.map(({ check, ok }) => [check, ok]),
        [
          ['database', true],
          ['migrations', true],
        ],
      )
      assert.match(findings[0]!.message, kind === 'postgres' ? /^Postgres 1\d/ : /^embedded Postgres 1\d/)
      assert.match(findings[1]!.message, new RegExp(`^${MIGRATIONS.length} to apply; sync does it`))
      assert.deepEqual(await db.query(`select 1 from pg_namespace where nspname = 'carsync'`), [])
    })

    it('finds tables that somebody else made, and says which setting avoids them', async () => {
      await db.query('create schema theirs')
      await db.query('create table theirs.cars (id int)')
      const found = (await look(db, 'theirs')).find(({ check }) => check === 'schema')!
      assert.equal(found.ok, false)
      assert.match(found.message, /Schema "theirs" already has cars.*Set CARSYNC_SCHEMA/)
    })

    it('finds all migrations applied once they are', async () => {
      await migrate(db, 'public', MIGRATIONS)
      assert.deepEqual((await look(db))[1], {
        check: 'migrations',
        ok: true,
        message: `all ${MIGRATIONS.length} are applied`,
        advice: null,
      })
    })
  })
}

/** What is found out about a migrated database after this was done to it, by this role. */
const lookAfter = async (statement: (database: string) => string, role?: string) => {
  const url = new URL(await newPostgresUrl())
  const owner = openPostgres(url.href)
  await migrate(owner, 'public', MIGRATIONS)
  await owner.query(statement(url.pathname.slice(1)))
  await owner.close()
  if (role !== undefined) url.username = role
  const db = openPostgres(url.href)
  const findings = await look(db)
  await db.close()
  return findings.filter(({ ok }) => !ok)
}

describe('checkDatabase finds where a sync would refuse, or has lost its memory', () => {
  it('a database that takes no writes', async () => {
    const [fault, ...others] = await lookAfter(
      (name) => `alter database ${name} set default_transaction_read_only = on`,
    )
    assert.equal(fault!.check, 'database')
    assert.match(fault!.advice!, /takes no writes .*Free space/)
    assert.deepEqual(others, [])
  })

  it('tables that are gone', async () => {
    const [fault, ...others] = await lookAfter(() => 'drop table cars cascade')
    assert.equal(fault!.check, 'schema')
    assert.match(fault!.message, /tables are gone from schema "public".*drop schema carsync cascade/)
    assert.deepEqual(others, [])
  })

  it('cars of which nothing is remembered', async () => {
    const [fault, ...others] = await lookAfter(() => 'drop schema carsync cascade')
    assert.equal(fault!.check, 'schema')
    assert.match(fault!.message, /tables in schema "public" are there, but schema carsync is gone/)
    assert.deepEqual(others, [])
  })

  it('an encoding that cannot hold every character', async () => {
    const url = new URL(await newPostgresUrl())
    const name = `${url.pathname.slice(1)}_latin`
    const cluster = openPostgres(url.href)
    await cluster.query(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`)
    await cluster.close()
    url.pathname = `/${name}`
    const db = openPostgres(url.href)
    const [fault] = await look(db)
    await db.close()
    assert.equal(fault!.ok, false)
    assert.match(fault!.advice!, /encoding of the database is LATIN1.*create database .* encoding 'UTF8'/)
  })

  it('a role that lacks rights, with the statements that grant them', async () => {
    const role = `guest_${process.pid}`
    const [fault, ...others] = await lookAfter(() => `create role ${role} login`, role)
    assert.equal(fault!.check, 'schema')
    assert.match(fault!.message, /lacks rights that a sync needs/)
    assert.match(fault!.advice!, /grant usage on schema "carsync" to /)
    assert.deepEqual(others, [])
  })
})

describe('checkDatabase', () => {
  it('says so when the role may not make schemas', async () => {
    const url = new URL(await newPostgresUrl())
    const admin = openPostgres(url.href)
    const role = `looker_${process.pid}`
    await admin.query(`create role ${role} login`)
    await admin.close()
    url.username = role
    const db = openPostgres(url.href)
    const found = (await look(db)).find(({ check }) => check === 'migrations')!
    await db.close()
    assert.equal(found.ok, false)
    assert.match(found.message, new RegExp(`${MIGRATIONS.length} to apply, and the role ${role} may not`))
  })

  it('answers with a finding, not an error, when the database cannot be reached', async () => {
    const db = openPostgres('postgres://x:secret-word@127.0.0.1:1/x')
    const findings = await look(db)
    await db.close()
    assert.equal(findings.length, 1)
    assert.equal(findings[0]!.ok, false)
    assert.match(findings[0]!.advice!, /Nothing listens there/)
    assert.ok(!JSON.stringify(findings).includes('secret-word'))
  })

  it('asks for Postgres 15, and for the primary', async () => {
    const refuse = (): never => {
      throw new Error('it must not write')
    }
    const answers = (row: object): Database => {
      const query: Database['query'] = async (statement) =>
        /server_version|server_encoding/.test(statement)
          ? [row]
          : statement.includes('to_regclass')
            ? [{ there: false }]
            : []
      return {
        kind: 'postgres',
        writers: 1,
        lookUp: async () => [],
        query,
        transaction: (work) => work({ query, script: refuse, copyIn: refuse, attempt: refuse, lastly: refuse }),
        close: async () => {},
      }
    }
    const server = { version: '14.2', number: 140_002, role: 'me', standby: false, encoding: 'UTF8', may_create: true }
    const [old] = await look(answers(server))
    assert.equal(old!.ok, false)
    assert.equal(old!.advice, 'Postgres 15 or later is needed.')
    const [standby] = await look(answers({ ...server, version: '16.1', number: 160_001, standby: true }))
    assert.equal(standby!.ok, false)
    assert.match(standby!.advice!, /primary/)
  })
})
