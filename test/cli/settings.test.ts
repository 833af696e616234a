import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databaseName, type Given, resolveSettings, sourceFor } from '../../cli/settings.ts'
import { ConfigError } from '../../src/node.ts'

const given = (changes: Partial<Given> = {}): Given => ({
  flags: {},
  env: {},
  file: {},
  demo: false,
  cwd: '/home/me',
  ...changes,
})
const api = { API_BASE_URL: 'https://auctionsapi.com/api', API_KEY: 'k' }
const database = { DATABASE_URL: 'postgres://user:secret@db.example.com:5432/cars?x=1' }

test('with nothing configured it is the demo, in its own folder', () => {
  const settings = resolveSettings(given())
  assert.equal(settings.demo, 'unconfigured')
  assert.equal(settings.options.source, 'demo')
  assert.equal(settings.place.embeddedFolder, '/home/me/.carsync/demo')
  assert.ok(sourceFor(settings))
})

test('--demo leaves what is configured alone, even where it is wrong', () => {
  const env = { ...api, DATABASE_URL: 'nonsense', CARSYNC_SOURCE: 'mine', CARSYNC_SCHEMA: 'Not Valid' }
  const settings = resolveSettings(given({ env, file: { databaseUrl: 'postgres://x/y' }, demo: true }))
  const { apiBaseUrl, apiKey, databaseUrl, source, schema } = settings.options
  assert.equal(settings.demo, 'asked')
  assert.deepEqual(
    { apiBaseUrl, apiKey, databaseUrl, source, schema },
    {
      apiBaseUrl: null,
      apiKey: null,
      databaseUrl: null,
      source: 'demo',
      schema: 'public',
    },
  )
})

test('a database without an API is an error that names the variable, not a demo', () => {
  for (const env of [database, { SUPABASE_DB_URL: database.DATABASE_URL }]) {
    const settings = resolveSettings(given({ env }))
    assert.equal(settings.demo, null)
    assert.throws(
      () => sourceFor(settings),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /^API_BASE_URL: wanted .* For example API_BASE_URL=https:/)
        return true
      },
    )
  }
})

test('an API without its key is an error that names the variable', () => {
  const settings = resolveSettings(given({ env: { API_BASE_URL: api.API_BASE_URL } }))
  assert.throws(() => sourceFor(settings), /^ConfigError: API_KEY: wanted the key of the API at auctionsapi\.com/)
})

test('an API without a database is mirrored into .carsync/db', () => {
  const settings = resolveSettings(given({ env: api }))
  assert.equal(settings.demo, null)
  assert.equal(settings.options.source, 'auctionsapi')
  assert.equal(settings.place.embeddedFolder, '/home/me/.carsync/db')
  assert.equal(sourceFor(settings).traits.needsKey, true)
})

test('a source stored under another name is still read', () => {
  assert.ok(sourceFor(resolveSettings(given({ env: { ...api, CARSYNC_SOURCE: 'my_cars' } }))))
})

test('flags beat the environment, the environment beats the file, empty variables are absent', () => {
  const file = { maxRate: 2, schema: 'from_file', databaseUrl: 'postgres://file/x' }
  const settings = resolveSettings(
    given({ flags: { maxRate: '7' }, env: { ...api, CARSYNC_SCHEMA: 'from_env', DATABASE_URL: ' ' }, file }),
  )
  assert.equal(settings.options.maxRate, 7)
  assert.equal(settings.options.schema, 'from_env')
  assert.equal(settings.options.databaseUrl, 'postgres://file/x')
})

test('the name of a database holds no secret', () => {
  assert.equal(databaseName(resolveSettings(given({ env: { ...api, ...database } }))), 'db.example.com/cars')
})

test('a source may be called what every object has, and is read as any other', () => {
  for (const CARSYNC_SOURCE of ['constructor', '__proto__', 'mine'])
    assert.equal(
      sourceFor(resolveSettings(given({ env: { ...api, ...database, CARSYNC_SOURCE } }))).name,
      'auctionsapi',
    )
})
