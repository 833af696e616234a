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

const say = (env: Record<string, string>, command: string) => spawnCommand(cwd, env, command.split(' ')).ended

const schemas = async (databaseUrl: string): Promise<string[]> => {
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  const rows = await db.query(
    `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
     union all select tablename from pg_tables where schemaname = 'public' order by 1`,
  )
  await db.close()
  return rows.map(({ name }) => name)
}

describe('where nothing was synced yet', { concurrency: 2 }, async () => {
  const databaseUrl = await newPostgresUrl()
  const env = { DATABASE_URL: databaseUrl, API_BASE_URL: 'http://127.0.0.1:1/api', API_KEY: 'k' }

  // In words where the demo's folder is looked into, as JSON on Postgres: what is told does not depend on where it was looked for.
  for (const [command, code, answer] of LOOKING)
    it(`carsync ${command} says so, and makes nothing`, async () => {
      const json = await say(env, `${command} --json`)
      assert.equal(json.code, code, json.stderr)
      const told = JSON.parse(json.stdout)
      if (command !== 'verify') assert.deepEqual(told, answer)
      else {
        assert.deepEqual([told.ok, told.requests, told.stored], [false, 0, 0])
        assert.match(told.differences[0].message, NOTHING)
      }
      const inFolder = await say({}, command)
      assert.match(inFolder.stdout + inFolder.stderr, NOTHING)
      assert.equal(inFolder.code, code, inFolder.stderr)
      assert.deepEqual(await schemas(databaseUrl), ['public'])
      assert.deepEqual(readdirSync(cwd), [])
    })

  for (const command of ['rejects replay', 'removals approve 5f0c4f5e'])
    it(`carsync ${command} refuses, and makes nothing`, async () => {
      for (const given of [env, {}]) {
        const { code, stderr } = await say(given, command)
        assert.match(stderr, /Nothing was synced into this database yet.*Begin with: carsync sync/)
        assert.equal(code, 2)
      }
      assert.deepEqual(await schemas(databaseUrl), ['public'])
      assert.deepEqual(readdirSync(cwd), [])
    })

  it('a name that was mistyped is told: by the first sync, by status and by doctor', async (t) => {
    const api = await startDemoApi({ cars: 20 })
    t.after(() => api.close())
    const given = { ...env, DATABASE_URL: await newMigratedUrl(), API_BASE_URL: api.url }
    const mistyped = { ...given, CARSYNC_SOURCE: 'auctionapi' }
    const first = await say(given, 'sync')
    assert.equal(first.code, 0, first.stderr)
    assert.doesNotMatch(first.stderr, /CARSYNC_SOURCE/)
    const before = await say(mistyped, 'status')
    assert.match(
      before.stdout,
      /no sync of auctionapi yet.*\nauctionapi is a name of your own.*Besides .* has auctionsapi/,
    )
    assert.match(
      (await say(mistyped, 'doctor')).stdout,
      /auctionapi is a name of your own .* read as those of auctionsapi/,
    )
    const second = await say(mistyped, 'sync')
    assert.equal(second.code, 0, 'a name of one’s own is no error')
    assert.match(second.stderr, /auctionapi is a name of your own .*Besides auctionapi this database has auctionsapi/)
    assert.match((await say(mistyped, 'status')).stdout, /auctionapi is a name of your own/)
    assert.doesNotMatch((await say(mistyped, 'sync --full')).stderr, /CARSYNC_SOURCE/, 'said once')
  })

  it('a schema that is too old is left as it is, and what to do is said', async (t) => {
    const url = await newPostgresUrl()
    const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
    t.after(() => db.close())
    await migrate(db, 'public', readMigrations().slice(0, 2))
    const { code, stderr } = await say({ ...env, DATABASE_URL: url }, 'status')
    assert.equal(code, 2)
    assert.match(stderr, /lacks tables: wanted the schema of version \d+, found 20261101000001\. Apply it with: /)
    assert.deepEqual(await db.query('select count(*)::int as n from carsync.migrations'), [{ n: 2 }])
  })
})
