/**
 * Every setting, in one table. The `Options` type, the environment variables, the flags and the help texts come from it.
 * The environment itself is read by the doors and handed in.
 */
import { parseSigningSecret, parseWebhook } from './alert/alert-target.ts'
import { ConfigError } from './errors.ts'
import type { RemovalLimit } from './run/absence.ts'
import { parseAddress } from './store/connection/postgres-address.ts'

type Values = {
  key: string
  url: string
  database: string
  boolean: boolean
  count: number
  rate: number
  duration: number
  list: readonly string[]
  identifier: string
  amount: RemovalLimit
  webhook: string
  secret: string
}
type Kind = keyof Values

type Row = {
  kind: Kind
  env?: readonly string[]
  flag?: string
  default?: unknown
  sentence: string
  example: string
}

const rows = <const T extends Record<string, Row>>(table: T): T => table

export const OPTIONS = rows({
  apiBaseUrl: {
    kind: 'url',
    env: ['API_BASE_URL'],
    sentence: 'where the API is',
    example: 'https://auctionsapi.com/api',
  },
  apiKey: {
    kind: 'key',
    env: ['API_KEY'],
    sentence: 'the key of the API; never printed, logged or stored',
    example: 'a1b2c3d4e5f6',
  },
  databaseUrl: {
    kind: 'database',
    env: ['DATABASE_URL', 'SUPABASE_DB_URL'],
    sentence: 'the Postgres database, 15 or later; without it an embedded one in .carsync/db',
    example: 'postgres://user:password@host:5432/postgres',
  },
  schema: {
    kind: 'identifier',
    env: ['CARSYNC_SCHEMA'],
    default: 'public',
    sentence: 'the schema of the read model',
    example: 'public',
  },
  source: {
    kind: 'identifier',
    env: ['CARSYNC_SOURCE'],
    default: 'auctionsapi',
    sentence: 'the name under which the cars are stored',
    example: 'auctionsapi',
  },
  leaseSeconds: {
    kind: 'count',
    env: ['CARSYNC_LEASE_SECONDS'],
    default: 30,
    sentence: 'length of the one-writer lease',
    example: '30',
  },
  giveUpSeconds: {
    kind: 'count',
    env: ['CARSYNC_GIVE_UP_SECONDS'],
    default: 900,
    sentence: 'how long a dead source is waited for',
    example: '900',
  },
  staleHours: {
    kind: 'count',
    env: ['CARSYNC_STALE_HOURS'],
    default: 26,
    sentence: 'data older than this many hours counts as stale',
    example: '26',
  },
  alertUrl: {
    kind: 'webhook',
    env: ['CARSYNC_ALERT_URL'],
    sentence: 'the webhook that is told when something is wrong; never shown or stored',
    example: 'https://hooks.example.com/carsync',
  },
  alertSecret: {
    kind: 'secret',
    env: ['CARSYNC_ALERT_SECRET'],
    sentence: 'the secret that alerts are signed with; never shown or stored',
    example: 'whsec_bm90LWEtc2VjcmV0LW1ha2UteW91ci1vd24tb25l',
  },
  publicRead: {
    kind: 'boolean',
    env: ['CARSYNC_PUBLIC_READ'],
    default: false,
    sentence: 'the role anon may read cars',
    example: 'yes',
  },
  fresh: {
    kind: 'boolean',
    flag: '--fresh',
    default: false,
    sentence: 'do not resume an unfinished run',
    example: 'yes',
  },
  priority: {
    kind: 'list',
    env: ['CARSYNC_PRIORITY'],
    flag: '--priority <brands>',
    default: ['Audi', 'Mercedes-Benz', 'Volkswagen', 'BMW'],
    sentence: 'brands to fetch first, in this order, all their pages',
    example: 'Audi,BMW',
  },
  maxRate: {
    kind: 'rate',
    env: ['CARSYNC_MAX_RATE'],
    flag: '--max-rate <n>',
    sentence: 'never more requests per second than this',
    example: '5',
  },
  maxConcurrency: {
    kind: 'count',
    flag: '--max-concurrency <n>',
    sentence: 'never more requests in flight than this',
    example: '8',
  },
  pageSize: {
    kind: 'count',
    flag: '--page-size <n>',
    sentence: 'cars a page, where the source agrees; otherwise the largest it serves',
    example: '500',
  },
  timeBudget: {
    kind: 'duration',
    flag: '--time-budget <time>',
    sentence: 'stop cleanly after this long; the next run goes on',
    example: '90s',
  },
  maxRemovals: {
    kind: 'amount',
    flag: '--max-removals <n|n%>',
    sentence: 'mark at most so many cars removed, or this share of all, instead of the guard',
    example: '500 or 2%',
  },
  raw: {
    kind: 'boolean',
    env: ['CARSYNC_RAW'],
    flag: '--no-raw',
    default: true,
    sentence: "keep the source's own record in the column raw",
    example: 'yes',
  },
} as const)

type Table = typeof OPTIONS
type ValueOf<R extends Row> = R extends { default: unknown } ? Values[R['kind']] : Values[R['kind']] | null

/** All settings, resolved. Durations are milliseconds, rates requests per second; null is "not set". */
export type Options = { [K in keyof Table]: ValueOf<Table[K]> }

const meaning = ({ sentence, example }: Row): string =>
  `${sentence[0]?.toUpperCase()}${sentence.slice(1)}, for example ${example}.`

const bad = (name: string, row: Row, came: string, wanted: string): ConfigError =>
  new ConfigError(`${name}: ${wanted}; got "${came}". ${meaning(row)}`)

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Text to value. What may hold a secret is never repeated in the message. */
const parse = (name: string, row: Row, text: string): Values[Kind] => {
  switch (row.kind) {
    case 'key':
      // What a header cannot carry would fail at each request, as if the network were down.
      if (!/^[\x20-\x7e]+$/.test(text))
        throw new ConfigError(
          `${name}: wanted a key of letters, digits and signs on one line; got one with other characters (it is not shown). ${meaning(row)}`,
        )
      return text.trim()
    case 'url': {
      const url = URL.canParse(text) ? new URL(text) : null
      const shown = /[@?#]/.test(text) ? '… (not shown, it may hold a secret)' : text
      if (!url || !/^https?:$/.test(url.protocol)) throw bad(name, row, shown, 'wanted an http or https address')
      if (url.username || url.password || url.search || url.hash)
        throw new ConfigError(
          `${name}: wanted an address without user, password, query or fragment; got one with (it is not shown, it may hold a secret). Put the key into API_KEY. ${meaning(row)}`,
        )
      return text.replace(/\/+$/, '')
    }
    case 'database': {
      const address = parseAddress(text)
      if ('fault' in address)
        throw new ConfigError(
          `${name}: wanted a Postgres address such as ${row.example}; ${address.fault} (it is not shown, for it may hold a password).`,
        )
      return text
    }
    case 'webhook':
      return parseWebhook(name, text)
    case 'secret':
      return parseSigningSecret(name, text)
    case 'boolean':
      if (/^(1|true|yes|on)$/i.test(text)) return true
      if (/^(0|false|no|off)$/i.test(text)) return false
      throw bad(name, row, text, 'wanted yes or no')
    case 'count':
      if (!/^[1-9]\d{0,8}$/.test(text)) throw bad(name, row, text, 'wanted a whole number from 1')
      return Number(text)
    case 'rate':
      if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0) throw bad(name, row, text, 'wanted a number above 0')
      return Number(text)
    case 'duration': {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
      if (!match || Number(match[1]) <= 0) throw bad(name, row, text, 'wanted a time with its unit (ms, s, m, h)')
      return Number(match[1]) * DURATION_MS[match[2]!]!
    }
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'amount': {
      const share = /^(\d+(?:\.\d+)?)%$/.exec(text)
      if (share && Number(share[1]) <= 100) return { kind: 'share', share: Number(share[1]) / 100 }
      if (!/^\d{1,9}$/.test(text)) throw bad(name, row, text, 'wanted a whole number or a share in percent')
      return { kind: 'count', count: Number(text) }
    }
    case 'identifier':
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
        throw bad(name, row, text, 'wanted lower-case letters, digits and underscores')
      return text
  }
}

/** Settings by option name, as a flag or a configuration file gives them: text, or already a value. */
export type GivenOptions = Partial<Record<keyof Options, unknown>>

/** null: neither text nor number nor anything that is written as one. */
const asText = (value: unknown): string | null => {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string') ? value.join(',') : null
  return typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol' ? null : String(value)
}

const parseGiven = (name: string, row: Row, value: unknown): Values[Kind] => {
  const text = asText(value)
  if (text === null)
    throw new ConfigError(`${name}: wanted a value such as ${row.example}; got something that is no text.`)
  return parse(name, row, text)
}

/**
 * Flags beat the environment, the environment beats the file, the file beats the defaults. An empty variable counts as
 * absent. Throws ConfigError naming the setting, what is wrong with it and an example of a right value.
 */
export const resolveOptions = (
  flags: GivenOptions,
  env: Readonly<Record<string, string | undefined>>,
  file: GivenOptions = {},
): Options => {
  const unknown = Object.keys(file).find((name) => !Object.hasOwn(OPTIONS, name))
  if (unknown !== undefined)
    throw new ConfigError(
      `carsync.config.ts: there is no setting "${unknown}". There are: ${Object.keys(OPTIONS).join(', ')}.`,
    )
  const resolved: Record<string, unknown> = {}
  for (const [name, row] of Object.entries<Row>(OPTIONS)) {
    const key = name as keyof Options
    const variable = row.env?.find((candidate) => (env[candidate] ?? '').trim() !== '')
    if (flags[key] !== undefined) resolved[name] = parseGiven(row.flag?.split(' ')[0] ?? name, row, flags[key])
    else if (variable !== undefined) resolved[name] = parse(variable, row, env[variable]!.trim())
    else if (file[key] !== undefined && file[key] !== null)
      resolved[name] = parseGiven(`carsync.config.ts ${name}`, row, file[key])
    else resolved[name] = row.default ?? null
  }
  return resolved as Options
}

/** Types the object in `carsync.config.ts`. */
export const defineConfig = (options: GivenOptions): GivenOptions => options
