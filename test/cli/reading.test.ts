/** Looking where nothing was ever synced: that is said, and nothing is made. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startDemoApi } from '../../demo/demo-api.ts'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { migrate } from '../../src/store/migrate.ts'
import { newMigratedUrl, newPostgresUrl } from '../support/databases.ts'
import { spawnCommand } from '../support/spawn-command.ts'
import { endedIn, IN_TURN, inTurns } from '../support/turns.ts'

const cwd = mkdtempSync(join(tmpdir(), 'carsync-reading-'))
after(() => rmSync(cwd, { recursive: true, force: true }))

const NOTHING = /There has been no sync of (auctionsapi|demo) yet\. Begin with: /

/** Each with its exit code and what it answers as JSON. */
const LOOKING: [string, number, unknown][] = [
  ['status', 0, null],
  ['runs', 0, []],
  ['rejects', 0, []],
  ['removals', 0, []],
  ['changes', 0, { changes: [], cursor: '0-0' }],
  ['alerts --list', 0, { webhook: false, why: null, alerts: [] }],
  ['alerts', 0, { webhook: false, why: null, alerts: [] }],
  ['verify', 1, null],
]

/** What changes something has nothing to change. */
const REFUSED = ['rejects replay', 'removals approve 5f0c4f5e']

/** These commands one after the other in one process, with these variables. */
const say = async (env: Record<string, string>, commands: readonly string[]) => {
  const turns = commands.map((command) => ({ args: command.split(' ') }))
  const { code, stdout, stderr } = await spawnCommand(cwd, { ...env, ...inTurns(turns) }, [], IN_TURN).ended
  assert.equal(code, 0, stderr)
  return endedIn(stderr, stdout)
}

const schemas = async (databaseUrl: string): Promise<string[]> => {
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  const rows = await db.query(
    `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
     union all select tablename from pg_tables where schemaname = 'public' order by 1`,
  )
  await db.close()
  return rows.map(({ name }) => name)
}

const assertRefused = (codes: readonly number[], said: readonly string[]): void => {
  for (const [at, command] of REFUSED.entries()) {
    const sentence = said[LOOKING.length + at]!
    assert.match(sentence, /Nothing was synced into this database yet.*Begin with: carsync sync/, command)
    assert.equal(codes[LOOKING.length + at], 2, command)
  }
}

describe('where nothing was synced yet', { concurrency: 2 }, async () => {
  const databaseUrl = await newPostgresUrl()
  const env = { DATABASE_URL: databaseUrl, API_BASE_URL: 'http://127.0.0.1:1/api', API_KEY: 'k' }

  // In words where the demo's folder is looked into, as JSON on Postgres: what is told does not depend on where it was looked for.
  it('each command on Postgres says so, and makes nothing', async () => {
    const looking = LOOKING.map(([command]) => `${command} --json`)
    const { codes, said, shown } = await say(env, [...looking, ...REFUSED])
    for (const [at, [command, code, answer]] of LOOKING.entries()) {
      assert.equal(codes[at], code, `${command}: ${said[at]}`)
      const told = JSON.parse(shown[at]!)
      if (command !== 'verify') assert.deepEqual(told, answer, command)
      else {
        assert.deepEqual([told.ok, told.requests, told.stored], [false, 0, 0])
        assert.match(told.differences[0].message, NOTHING)
      }
    }
    assertRefused(codes, said)
    assert.deepEqual(await schemas(databaseUrl), ['public'])
    assert.deepEqual(readdirSync(cwd), [])
  })

  it('each command in the demo’s folder says so, and makes nothing', async () => {
    const { codes, said, shown } = await say({}, [...LOOKING.map(([command]) => command), ...REFUSED])
    for (const [at, [command, code]] of LOOKING.entries()) {
      assert.match(shown[at]! + said[at]!, NOTHING, command)
      assert.equal(codes[at], code, `${command}: ${said[at]}`)
    }
    assertRefused(codes, said)
    assert.deepEqual(readdirSync(cwd), [])
  })

  it('a name that was mistyped is told: by the first sync, by status and by doctor', async (t) => {
    const api = await startDemoApi({ cars: 20 })
    t.after(() => api.close())
    const given = { ...env, DATABASE_URL: await newMigratedUrl(), API_BASE_URL: api.url }
    const mistyped = { ...given, CARSYNC_SOURCE: 'auctionapi' }
    const first = await say(given, ['sync'])
    assert.deepEqual(first.codes, [0], first.said[0])
    assert.doesNotMatch(first.said[0]!, /CARSYNC_SOURCE/)
    const { codes, said, shown } = await say(mistyped, ['status', 'doctor', 'sync'])
    assert.match(shown[0]!, /no sync of auctionapi yet.*\nauctionapi is a name of your own.*Besides .* has auctionsapi/)
    assert.match(shown[1]!, /auctionapi is a name of your own .* read as those of auctionsapi/)
    assert.equal(codes[2], 0, 'a name of one’s own is no error')
    assert.match(said[2]!, /auctionapi is a name of your own .*Besides auctionapi this database has auctionsapi/)
    // Another process: that it was said is known from the database.
    const later = await say(mistyped, ['status', 'sync --full'])
    assert.match(later.shown[0]!, /auctionapi is a name of your own/)
    assert.doesNotMatch(later.said[1]!, /CARSYNC_SOURCE/, 'said once')
  })

  it('a schema that is too old is left as it is, and what to do is said', async (t) => {
    const url = await newPostgresUrl()
    const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
    t.after(() => db.close())
    await migrate(db, 'public', readMigrations().slice(0, 2))
    const { codes, said } = await say({ ...env, DATABASE_URL: url }, ['status'])
    assert.deepEqual(codes, [2])
    assert.match(said[0]!, /lacks tables: wanted the schema of version \d+, found 20261101000001\. Apply it with: /)
    assert.deepEqual(await db.query('select count(*)::int as n from carsync.migrations'), [{ n: 2 }])
  })

  it('cars of which the memory is gone are not taken for nothing, and a sync makes it anew', async (t) => {
    const api = await startDemoApi({ cars: 60 })
    t.after(() => api.close())
    const url = await newMigratedUrl()
    const given = { ...env, DATABASE_URL: url, API_BASE_URL: api.url }
    assert.deepEqual((await say(given, ['sync'])).codes, [0])
    const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
    t.after(() => db.close())
    await db.query('drop schema carsync cascade')
    const { codes, said } = await say(given, ['status', 'verify', 'removals approve 5f0c4f5e'])
    assert.deepEqual(codes, [2, 2, 2])
    for (const sentence of said)
      assert.match(sentence, /are there, but schema carsync is gone.*Else sync: that makes it/)
    const elsewhere = await say({ ...given, CARSYNC_SCHEMA: 'mirror' }, ['status'])
    assert.match(elsewhere.said[0]!, /already mirrors into schema "public".*Set CARSYNC_SCHEMA=public/)
    const again = await say(given, ['sync --json', 'status'])
    assert.deepEqual(again.codes, [0, 0], again.said[0])
    const { cars, proof, mode } = JSON.parse(again.shown[0]!)
    assert.deepEqual([mode, proof, cars.unchanged, cars.inserted], ['full', 'exact', 60, 0])
  })
})
