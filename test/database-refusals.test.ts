/** Databases in which nothing can be done: a sentence that says what to do, the code that fits, and nothing touched. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { openDatabase, readMigrations } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { newPostgresUrl } from './support/databases.ts'
import { spawnSync } from './support/spawn-sync.ts'

const api = await startDemoApi({ cars: 100, seed: 1 })

const opened = async (t: TestContext, url: string): Promise<Database> => {
  const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
  t.after(() => db.close())
  return db
}

/** Runs the command against this database: its exit code, and what it said. */
const refused = async (t: TestContext, databaseUrl: string) => {
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-refused-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const env = { API_BASE_URL: api.url, API_KEY: 'k', DATABASE_URL: databaseUrl }
  const { code, stderr } = await spawnSync(env, cwd).ended
  assert.ok(!stderr.includes('    at '), stderr)
  return { code, said: stderr }
}

describe('a database in which nothing can be done', { concurrency: 3 }, () => {
  after(() => api.close())

  it('(it does not exist) is named, with 2', async (t) => {
    const url = (await newPostgresUrl()).replace(/\/[^/]*$/, '/no_such_database')
    const { code, said } = await refused(t, url)
    assert.match(said, /"no_such_database" does not exist.*or create it/s)
    assert.equal(code, 2)
  })

  it('(its role lacks rights) tells the statements that grant them, and with these it works', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    await migrate(owner, 'public', readMigrations())
    const role = `poor_${process.pid}`
    await owner.query(`create role ${role} login`)
    await owner.query(`revoke temporary on database ${new URL(url).pathname.slice(1)} from public`)
    const as = new URL(url)
    as.username = role
    const { code, said } = await refused(t, as.href)
    assert.equal(code, 2)
    assert.match(said, /lacks rights that a sync needs/)
    const grants = said.split('\n').filter((line) => /^\s+(grant|alter) /.test(line))
    assert.ok(grants.length > 5, said)
    for (const grant of grants) await owner.query(grant.trim().replace(/;$/, ''))
    assert.equal((await refused(t, as.href)).code, 0)
  })

  it('(it takes no writes) says so, with 2', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    await migrate(owner, 'public', readMigrations())
    await owner.query(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
    const { code, said } = await refused(t, url)
    assert.match(said, /takes no writes .*Free space/)
    assert.equal(code, 2)
  })

  it('(it takes no writes, and is empty) says so at once, with 2', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    await owner.query(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
    const { code, said } = await refused(t, url)
    assert.match(said, /takes no writes .*Free space/)
    assert.doesNotMatch(said, /is away/)
    assert.equal(code, 2)
  })

  it('(its encoding cannot hold every character) says so before anything is made, with 2', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    const name = `${new URL(url).pathname.slice(1)}_latin`
    await owner.query(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`)
    const latin = url.replace(/\/[^/]*$/, `/${name}`)
    const { code, said } = await refused(t, latin)
    assert.match(said, /encoding of the database is LATIN1.*create database .* encoding 'UTF8'/)
    assert.equal(code, 2)
    const made = await opened(t, latin)
    assert.deepEqual(await made.query(`select 1 from pg_namespace where nspname = 'carsync'`), [])
  })

  it('(its schema is newer than the program) says which, with 2, and is left alone', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    await migrate(owner, 'public', readMigrations())
    await owner.query(`insert into carsync.migrations (version, name) values ('29990101000000', 'from_the_future')`)
    const { code, said } = await refused(t, url)
    assert.match(said, /schema is newer \(29990101000000\) than this program knows.*Update/)
    assert.equal(code, 2)
    assert.deepEqual(await owner.query('select count(*)::int as n from carsync.runs'), [{ n: 0 }])
  })

  it('(its statements may take no time) says what to raise', async (t) => {
    const url = await newPostgresUrl()
    const owner = await opened(t, url)
    await migrate(owner, 'public', readMigrations())
    await owner.query(
      `create function public.slow() returns trigger language plpgsql as 'begin perform pg_sleep(9); return new; end'`,
    )
    await owner.query('create trigger slow before insert on cars for each row execute function public.slow()')
    await owner.query(`alter database ${new URL(url).pathname.slice(1)} set statement_timeout = '60ms'`)
    const { code, said } = await refused(t, url)
    assert.match(said, /statement timeout/)
    assert.equal(code, 1)
  })
})
