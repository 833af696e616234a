import { type Faults, faultKinds } from './faults.ts'
import { limitHeaderKinds } from './limit-headers.ts'
import type { Limit } from './limits.ts'
import { orders } from './listing.ts'
import type { DemoOptions } from './settings.ts'

/** A flag whose text says something else than was wanted. Its message is a whole sentence with an example. */
export class DemoOptionError extends Error {
  override name = 'DemoOptionError'
}

/** A command-line flag of the demo API. `value` names what follows it; null for a flag that stands alone. */
export type DemoFlag = {
  readonly flag: string
  readonly value: string | null
  readonly sentence: string
  readonly example: string
  parse(text: string): DemoOptions
}

function wrong(what: string, wanted: string, got: string, example: string): DemoOptionError {
  return new DemoOptionError(`Cannot read ${what}: wanted ${wanted}, got "${got}". For example: ${example}`)
}

/** `10/s burst 5`, `100/60s fixed`, `60/60s sliding`, `8 concurrent`. Throws DemoOptionError. */
export function parseLimit(text: string): Limit {
  const match =
    /^(?:(?<rate>\d*\.?\d+)\/s burst (?<burst>\d+)|(?<quota>\d+)\/(?<length>\d*\.?\d+)(?<unit>ms|s|m|h) (?<kind>fixed|sliding)|(?<cap>\d+) concurrent)$/.exec(
      text.trim(),
    )
  const part = match?.groups ?? {}
  const windowMs =
    Number(part.length ?? 1) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[(part.unit ?? 's') as 'ms' | 's' | 'm' | 'h']
  const numbers = [part.rate, part.burst, part.quota, part.cap].filter((one) => one !== undefined).map(Number)
  if (match === null || windowMs === 0 || numbers.includes(0)) {
    const wanted = '"RATE/s burst N", "N/SECONDSs fixed", "N/SECONDSs sliding" or "N concurrent", above zero'
    throw wrong('the limit', wanted, text, '"10/s burst 5"')
  }
  if (part.cap !== undefined) return { kind: 'concurrency', cap: Number(part.cap) }
  if (part.rate !== undefined) return { kind: 'token-bucket', rate: Number(part.rate), burst: Number(part.burst) }
  return { kind: part.kind === 'fixed' ? 'fixed-window' : 'sliding-window', quota: Number(part.quota), windowMs }
}

const faultExample = '"status500=0.05,reset=0.02,deadPages=3+7"'

const faultCounts = ['unauthorizedAfter', 'forbiddenAfter', 'dripMs'] as const

/** `status500=0.05,reset=2%,unauthorizedAfter=100,deadPages=all:3+7,archiveLies=1%,byIdDown=yes`. Throws DemoOptionError. */
export function parseFaults(text: string): Faults {
  const faults: Faults = {}
  for (const item of text.split(',').map((one) => one.trim())) {
    const at = item.indexOf('=')
    const name = item.slice(0, Math.max(0, at))
    const value = item.slice(at + 1)
    const kind = faultKinds.find((one) => one === name)
    const counted = faultCounts.find((one) => one === name)
    if (kind !== undefined) faults[kind] = parseShare(value, `the fault ${kind}`)
    else if (counted !== undefined) faults[counted] = parseCount(value, `the fault ${counted}`)
    else if (name === 'archiveLies') faults.archiveLies = parseShare(value, 'the fault archiveLies')
    else if (name === 'byIdDown' && value === 'yes') faults.byIdDown = true
    else if (name === 'redirectTo' && URL.canParse(value)) faults.redirectTo = value
    else if (name === 'deadPages' && /^(all:)?\d+(\+\d+)*$/.test(value)) faults.deadPages = value.replaceAll('+', ',')
    else
      throw wrong(
        'the faults',
        `KIND=SHARE with a kind of ${faultKinds.join(', ')}, or ${faultCounts.join('=N, ')}=N, deadPages=N+N, archiveLies=SHARE, byIdDown=yes, redirectTo=ADDRESS`,
        item,
        faultExample,
      )
  }
  const sum = faultKinds.reduce((total, kind) => total + (faults[kind] ?? 0), 0)
  if (sum > 1) throw wrong('the faults', 'shares that sum up to at most 1', text, faultExample)
  return faults
}

/** A share of the whole: `0.05` or `5%`. Throws DemoOptionError. */
export function parseShare(text: string, what: string): number {
  const match = /^(\d*\.?\d+)(%?)$/.exec(text.trim())
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (!(share <= 1)) throw wrong(what, 'a share from 0 to 1', text, '0.05 or 5%')
  return share
}

/** A whole number, `_` allowed between digits. Throws DemoOptionError. */
export function parseCount(text: string, what: string): number {
  if (!/^\d[\d_]*$/.test(text.trim())) throw wrong(what, 'a whole number', text, '190000')
  return Number(text.replaceAll('_', ''))
}

function count(
  flag: string,
  key: 'cars' | 'seed' | 'brandless' | 'maxPageSize' | 'quota',
  sentence: string,
  example: string,
): DemoFlag {
  return { flag, value: 'N', sentence, example, parse: (text) => ({ [key]: parseCount(text, `--${flag}`) }) }
}

function share(flag: string, key: 'dirty' | 'churnPerMinute', sentence: string, example: string): DemoFlag {
  return { flag, value: 'SHARE', sentence, example, parse: (text) => ({ [key]: parseShare(text, `--${flag}`) }) }
}

function parsePort(text: string): DemoOptions {
  const port = parseCount(text, '--port')
  if (port > 65_535) throw wrong('--port', 'a port from 1 to 65535, or 0 for any free one', text, '--port 4010')
  return { port }
}

function parseLatency(text: string): DemoOptions {
  const match = /^(\d+)(?:\+(\d+))?$/.exec(text.trim())
  if (match === null) throw wrong('--latency', 'milliseconds, with +MORE for a random part', text, '--latency 80+40')
  return { latencyMs: Number(match[1]), latencyJitterMs: Number(match[2] ?? 0) }
}

function parseOrder(text: string): DemoOptions {
  const order = orders.find((one) => one === text.trim())
  if (order === undefined) throw wrong('--order', `one of ${orders.join(', ')}`, text, '--order changed')
  return { order }
}

function parseLimitHeaders(text: string): DemoOptions {
  const kind = limitHeaderKinds.find((one) => one === text.trim())
  if (kind === undefined)
    throw wrong('--limit-headers', `one of ${limitHeaderKinds.join(', ')}`, text, '--limit-headers retry-after')
  return { limitHeaders: kind }
}

function alone(flag: string, sentence: string, options: DemoOptions): DemoFlag {
  return { flag, value: null, sentence, example: `--${flag}`, parse: () => options }
}

/** Every flag of the demo API, in the order of its help. */
export const demoFlags: readonly DemoFlag[] = [
  {
    flag: 'port',
    value: 'N',
    sentence: 'port to listen on; 0 takes a free one',
    example: '--port 4010',
    parse: parsePort,
  },
  count('cars', 'cars', 'cars in the inventory', '--cars 190000'),
  count('seed', 'seed', 'another seed makes another inventory', '--seed 7'),
  count('brandless', 'brandless', 'cars without a manufacturer', '--brandless 12'),
  share('dirty', 'dirty', 'share of records that are dirty', '--dirty 1%'),
  share('churn', 'churnPerMinute', 'share of the cars that move per minute', '--churn 0.1%'),
  {
    flag: 'order',
    value: 'KIND',
    sentence: `how listings are sorted: ${orders.join(', ')} (the last changed first)`,
    example: '--order changed',
    parse: parseOrder,
  },
  {
    flag: 'limit',
    value: 'TEXT',
    sentence: 'rate limit of the source',
    example: '--limit "10/s burst 5"',
    parse: (text) => ({ limit: parseLimit(text) }),
  },
  {
    flag: 'limit-headers',
    value: 'KIND',
    sentence: `how it tells of its limit: ${limitHeaderKinds.join(', ')}`,
    example: '--limit-headers retry-after',
    parse: parseLimitHeaders,
  },
  count('quota', 'quota', 'requests until the monthly quota is used up', '--quota 500'),
  {
    flag: 'latency',
    value: 'MS',
    sentence: 'time to answer, +MORE for a random part',
    example: '--latency 80+40',
    parse: parseLatency,
  },
  {
    flag: 'faults',
    value: 'TEXT',
    sentence: 'what goes wrong, and how often',
    example: `--faults ${faultExample}`,
    parse: (text) => ({ faults: parseFaults(text) }),
  },
  count('max-page-size', 'maxPageSize', 'largest page; larger ones are clamped', '--max-page-size 50'),
  alone('reject-large-pages', 'answer 422 instead of clamping', { rejectLargePages: true }),
  {
    flag: 'api-key',
    value: 'KEY',
    sentence: 'key to ask for',
    example: '--api-key demo',
    parse: (apiKey) => ({ apiKey }),
  },
  alone('no-totals', 'never tell totals', { totals: false }),
  alone('gzip', 'compress for clients that accept it', { gzip: true }),
]

/** Options from flag texts by name without dashes; `true` for flags that stand alone. Throws DemoOptionError. */
export function parseDemoFlags(values: Readonly<Record<string, string | boolean | undefined>>): DemoOptions {
  const parts = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    const known = demoFlags.find((one) => one.flag === name)
    if (known === undefined)
      throw wrong(
        'the options',
        `one of ${demoFlags.map((one) => `--${one.flag}`).join(', ')}`,
        `--${name}`,
        '--cars 5000',
      )
    if (known.value !== null && value === true) throw wrong(`--${name}`, known.value, 'nothing', known.example)
    return [known.parse(String(value))]
  })
  return Object.assign({}, ...parts) as DemoOptions
}
