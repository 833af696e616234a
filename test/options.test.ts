import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../src/errors.ts'
import { defineConfig, type GivenOptions, OPTIONS, type Options, resolveOptions } from '../src/options.ts'

type Env = Record<string, string | undefined>

const flags = (given: GivenOptions): Options => resolveOptions(given, {})
const env = (given: Env): Options => resolveOptions({}, given)

/** The sentence of the ConfigError that is thrown. */
const complaint = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail('nothing was thrown')
}

describe('resolveOptions', () => {
  it('answers the defaults of the contract when nothing is given', () => {
    assert.partialDeepStrictEqual(resolveOptions({}, {}), {
      apiBaseUrl: null,
      apiKey: null,
      databaseUrl: null,
      schema: 'public',
      source: 'auctionsapi',
      leaseSeconds: 30,
      giveUpSeconds: 900,
      publicRead: false,
      fresh: false,
      priority: ['Audi', 'Mercedes-Benz', 'Volkswagen', 'BMW'],
      maxRate: null,
      maxConcurrency: null,
      pageSize: null,
      timeBudget: null,
      raw: true,
    })
  })

  it('lets flags beat the environment, that the file, and that the defaults', () => {
    const file = { schema: 'from_file', leaseSeconds: 10, giveUpSeconds: 60 }
    const variables = { CARSYNC_SCHEMA: 'from_env', CARSYNC_LEASE_SECONDS: '20' }
    const { schema, leaseSeconds, giveUpSeconds, source } = resolveOptions({ schema: 'from_flag' }, variables, file)
    assert.deepEqual([schema, leaseSeconds, giveUpSeconds, source], ['from_flag', 20, 60, 'auctionsapi'])
  })

  it('reads DATABASE_URL, and SUPABASE_DB_URL where that is absent or empty', () => {
    const [one, two] = ['postgres://a@h/one', 'postgresql://a@h/two']
    assert.equal(env({ DATABASE_URL: one, SUPABASE_DB_URL: two }).databaseUrl, one)
    assert.equal(env({ DATABASE_URL: ' ', SUPABASE_DB_URL: two }).databaseUrl, two)
    assert.equal(env({ DATABASE_URL: '', SUPABASE_DB_URL: undefined }).databaseUrl, null)
  })

  it('takes an empty variable for an absent one, and spaces around a value for nothing', () => {
    assert.equal(resolveOptions({}, { CARSYNC_SCHEMA: '' }, { schema: 'mine' }).schema, 'mine')
    assert.equal(env({ CARSYNC_SCHEMA: ' mine ' }).schema, 'mine')
    assert.equal(env({ API_KEY: '\tkey\n' }).apiKey, 'key')
  })

  it('takes null and undefined in a configuration file for "not set"', () => {
    const file = { apiKey: null, maxRate: undefined, source: null }
    const { apiKey, maxRate, source } = resolveOptions({}, {}, defineConfig(file))
    assert.deepEqual([apiKey, maxRate, source], [null, null, 'auctionsapi'])
  })

  it('takes values as well as text', () => {
    const file = { priority: ['Kia', 'BMW'], raw: false, pageSize: 500, maxRate: 2.5, publicRead: true }
    const { priority, raw, pageSize, maxRate, publicRead } = resolveOptions({}, {}, file)
    assert.deepEqual([priority, raw, pageSize, maxRate, publicRead], [['Kia', 'BMW'], false, 500, 2.5, true])
  })

  it('refuses a setting in the file that there is not, and lists those there are', () => {
    for (const name of ['pagesize', 'toString', '__proto__x']) {
      const message = complaint(() => resolveOptions({}, {}, { [name]: 1 }))
      assert.match(
        message,
        new RegExp(`^carsync.config.ts: there is no setting "${name}". There are: apiBaseUrl, .*raw\\.$`),
      )
    }
  })

  it('reads an address without its last slash', () => {
    assert.equal(env({ API_BASE_URL: 'https://auctionsapi.com/api//' }).apiBaseUrl, 'https://auctionsapi.com/api')
    assert.equal(env({ API_BASE_URL: 'http://127.0.0.1:8080' }).apiBaseUrl, 'http://127.0.0.1:8080')
  })

  it('reads yes and no in the usual words', () => {
    for (const word of ['1', 'true', 'YES', 'on']) assert.equal(env({ CARSYNC_PUBLIC_READ: word }).publicRead, true)
    for (const word of ['0', 'False', 'no', 'off']) assert.equal(env({ CARSYNC_PUBLIC_READ: word }).publicRead, false)
  })

  it('reads times with their unit', () => {
    const times = ['90s', '1.5m', '2h', '250ms'].map((timeBudget) => flags({ timeBudget }).timeBudget)
    assert.deepEqual(times, [90_000, 90_000, 7_200_000, 250])
  })

  it('reads a list with spaces and empty places', () => {
    assert.deepEqual(flags({ priority: ' Audi, ,Alfa Romeo,' }).priority, ['Audi', 'Alfa Romeo'])
    assert.deepEqual(flags({ priority: '' }).priority, [])
  })
})

describe('a configuration error', () => {
  it('names the variable or flag as the user wrote it, what is wrong, and an example', () => {
    assert.equal(
      complaint(() => env({ CARSYNC_LEASE_SECONDS: 'soon' })),
      'CARSYNC_LEASE_SECONDS: wanted a whole number from 1; got "soon". Length of the one-writer lease, for example 30.',
    )
    assert.match(
      complaint(() => flags({ maxRate: '0' })),
      /^--max-rate: wanted a number above 0; got "0"/,
    )
    assert.match(
      complaint(() => resolveOptions({}, {}, { pageSize: 1.5 })),
      /^carsync.config.ts pageSize: wanted a whole number from 1; got "1.5"/,
    )
  })

  it('comes of every value that makes no sense', () => {
    const wrong: [GivenOptions, RegExp][] = [
      ...['0', '-1', '1e3', '10.5', '9999999999', ''].map((pageSize): [GivenOptions, RegExp] => [
        { pageSize },
        /whole number/,
      ]),
      ...['-1', 'fast', 'Infinity', '1,5'].map((maxRate): [GivenOptions, RegExp] => [{ maxRate }, /number above 0/]),
      ...['90', '0s', '-1s', '1d', 's', '1 h'].map((timeBudget): [GivenOptions, RegExp] => [
        { timeBudget },
        /time with its unit/,
      ]),
      ...['Cars', '1cars', 'a-b', 'a b', 'a"b', 'a'.repeat(64)].map((schema): [GivenOptions, RegExp] => [
        { schema },
        /lower-case/,
      ]),
      ...['maybe', '2', 'ja'].map((raw): [GivenOptions, RegExp] => [{ raw }, /yes or no/]),
    ]
    for (const [given, sentence] of wrong)
      assert.match(
        complaint(() => flags(given)),
        sentence,
      )
  })

  it('never shows what may be a secret', () => {
    const addresses = [
      'mysql://user:canary@host/db',
      'user:canary@host',
      'canary',
      'https://host/?password=canary',
      'postgres//user:canary@host',
    ]
    for (const DATABASE_URL of addresses) {
      const message = complaint(() => env({ DATABASE_URL }))
      assert.match(message, /^DATABASE_URL: wanted a Postgres address such as postgres:\/\//)
      assert.ok(!message.includes('canary'), message)
    }
    const bases = [
      'https://user:canary@host/api',
      'https://host/api?api_key=canary',
      'https://host/api#canary',
      'ftp://user:canary@host/api',
      'host/api?api_key=canary',
      'user:canary@host',
    ]
    for (const API_BASE_URL of bases) {
      const message = complaint(() => env({ API_BASE_URL }))
      assert.match(message, /^API_BASE_URL: wanted/)
      assert.ok(!message.includes('canary'), message)
    }
  })

  it('never shows an address of a webhook or a secret to sign with', () => {
    const hooks = ['hooks/canary', 'ftp://h/canary', 'https://canary@h/', 'https://u:canary@h/', 'https://h/#canary']
    const secrets = ['canary', 'whsec_canary', `whsec_${'c'.repeat(200)}canary`, 'whsec_canary%%%']
    for (const given of [
      ...hooks.map((CARSYNC_ALERT_URL) => ({ CARSYNC_ALERT_URL })),
      ...secrets.map((CARSYNC_ALERT_SECRET) => ({ CARSYNC_ALERT_SECRET })),
    ]) {
      const message = complaint(() => env(given))
      assert.match(message, /^CARSYNC_ALERT_(URL|SECRET): wanted .* not shown/)
      assert.ok(!message.includes('canary'), message)
    }
  })

  it('shows an address that holds no secret', () => {
    assert.match(
      complaint(() => env({ API_BASE_URL: 'auctionsapi.com/api' })),
      /^API_BASE_URL: wanted an http or https address; got "auctionsapi.com\/api".*for example https:\/\//,
    )
  })

  it('gives the example also where the value is not shown', () => {
    assert.throws(() => env({ API_KEY: 'c4nary-schlüssel' }), {
      message:
        'API_KEY: wanted a key of letters, digits and signs on one line; got one with other characters (it is not shown). The key of the API; never printed, logged or stored, for example a1b2c3d4e5f6.',
    })
    for (const API_BASE_URL of [
      'https://me:c4nary@api.example/api',
      'https://api.example/api?key=c4nary',
      'https://api.example/#c4nary',
    ])
      assert.throws(() => env({ API_BASE_URL }), {
        message:
          'API_BASE_URL: wanted an address without user, password, query or fragment; got one with (it is not shown, it may hold a secret). Put the key into API_KEY. Where the API is, for example https://auctionsapi.com/api.',
      })
  })
})

describe('OPTIONS', () => {
  it('has an example for every setting that is itself a right value', () => {
    for (const [name, { example }] of Object.entries(OPTIONS))
      for (const each of example.split(' or ')) assert.doesNotThrow(() => flags({ [name]: each }), `${name} ${each}`)
  })

  it('names no variable and no flag twice', () => {
    const rows = Object.values(OPTIONS) as { env?: readonly string[]; flag?: string }[]
    const names = rows.flatMap(({ env: variables = [], flag }) => [
      ...variables,
      ...(flag ? [flag.split(' ')[0]!] : []),
    ])
    assert.equal(new Set(names).size, names.length)
  })
})
