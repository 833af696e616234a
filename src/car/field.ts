/**
 * Readers of untrusted JSON: a value of any type in, one fact of a car out.
 *
 * All follow one rule. Absent (null, undefined, an empty or blank string) is NULL and says nothing. Impossible is NULL
 * and raises the flag `<column>_<why>`, where why is `malformed` (not that kind of thing at all), `implausible` (outside
 * of what it can be) or `negative`. None of them throws.
 */

/** What was wrong with a record, each flag once, in the order it was met. */
export type Flags = string[]

/** Adds a flag once. */
export const raise = (flags: Flags, flag: string): null => {
  if (!flags.includes(flag)) flags.push(flag)
  return null
}

/** null, undefined, blank text. */
export const isAbsent = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '')

/** An object of a source: any member may be missing or anything. */
export type Members = Readonly<Record<string, unknown>>

/** What stands for an object that is not there. */
export const NO_MEMBERS: Members = Object.freeze({})

export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `value` as an object. Absent, or the empty list that PHP makes of an empty object, is one without members. */
export const members = (value: unknown, column: string, flags: Flags): Members => {
  if (isObject(value)) return value
  if (!isAbsent(value) && !(Array.isArray(value) && value.length === 0)) raise(flags, `${column}_malformed`)
  return NO_MEMBERS
}

/** NUL characters and lone surrogates, which Postgres cannot hold, become U+FFFD under the flag `text_repaired`. */
export const repairText = (value: string, flags: Flags): string => {
  if (value.isWellFormed() && !value.includes('\0')) return value
  raise(flags, 'text_repaired')
  return value.toWellFormed().replaceAll('\0', '\ufffd')
}

/**
 * Text exactly as it came, white space included. A number becomes its digits; one that JSON cannot carry exactly (an
 * integer above 2^53) is `malformed`, because its digits would be invented.
 */
export const text = (value: unknown, column: string, flags: Flags): string | null => {
  if (isAbsent(value)) return null
  if (typeof value === 'string') return repairText(value, flags)
  if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value)
  return raise(flags, `${column}_malformed`)
}

/** The texts of a list. Entries that are absent are skipped, others that are not text are too, under `malformed`. */
export const textList = (value: unknown, column: string, flags: Flags): string[] | null => {
  if (isAbsent(value)) return null
  if (!Array.isArray(value)) return raise(flags, `${column}_malformed`)
  const texts: string[] = []
  for (const entry of value) {
    if (isAbsent(entry)) continue
    if (typeof entry === 'string') texts.push(repairText(entry, flags))
    else raise(flags, `${column}_malformed`)
  }
  return texts.length === 0 ? null : texts
}

const NUMBER = /^([+-]?)(\d{1,400})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/

/** The match of a number in text, spaces around it allowed. No thousands separators: `8,200` is 8200 here and 8.2 there. */
const numberIn = (value: string): RegExpExecArray | null => NUMBER.exec(value.trim())

/** A number, also one that arrives as text; undefined where it is neither. */
export const numeric = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && numberIn(value) ? Number(value) : undefined
}

/** The bounds of an integer, both included. `round` allows a fraction and rounds it away. */
export type Bounds = { min: number; max: number; round?: boolean }

/** A whole number within its bounds. `2016`, `"2016"` and `2016.0` are the same; `2016.5` is malformed. */
export const integer = (value: unknown, column: string, flags: Flags, bounds: Bounds): number | null => {
  if (isAbsent(value)) return null
  const given = numeric(value)
  if (given === undefined) return raise(flags, `${column}_malformed`)
  const whole = bounds.round ? Math.round(given) : given
  if (whole < bounds.min || whole > bounds.max) return raise(flags, `${column}_implausible`)
  return Number.isInteger(whole) ? whole + 0 : raise(flags, `${column}_malformed`)
}

/** Digits and a decimal exponent as plain decimal text: no exponent, no zeros that say nothing. */
const plainDecimal = (whole: string, fraction: string, exponent: number): string => {
  const point = whole.length + exponent
  const digits = `${'0'.repeat(Math.max(0, -point))}${whole}${fraction}`.padEnd(point, '0')
  const at = Math.max(0, point)
  const left = digits.slice(0, at).replace(/^0+/, '') || '0'
  const right = digits.slice(at).replace(/0+$/, '')
  return right === '' ? left : `${left}.${right}`
}

/** Digits before the decimal point, at most: money is below 1e15. */
const MONEY_DIGITS = 15

/**
 * An amount of 0 or more, below 1e15, as exact decimal text in its shortest form: `"8200.50"` and `8200.5` are both
 * `8200.5`, so that a source which changes its notation does not change the price. Text is never put through a float; a
 * JSON number is the double that it denotes, in the shortest digits that denote it.
 */
export const money = (value: unknown, column: string, flags: Flags): string | null => {
  if (isAbsent(value)) return null
  // Most amounts are whole dollars: no need to take their digits apart.
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) < 1e15) return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return raise(flags, `${column}_implausible`)
  const match = typeof value === 'number' || typeof value === 'string' ? numberIn(String(value)) : null
  if (!match) return raise(flags, `${column}_malformed`)
  const amount = plainDecimal(match[2]!, match[3] ?? '', Number(match[4] ?? 0))
  if (match[1] === '-' && amount !== '0') return raise(flags, `${column}_negative`)
  const whole = amount.indexOf('.') < 0 ? amount.length : amount.indexOf('.')
  return whole > MONEY_DIGITS ? raise(flags, `${column}_implausible`) : amount
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z| ?([+-])(\d\d)(?::?(\d\d))?)?)?$/

/**
 * An instant in milliseconds since 1970, fractions kept. Reads `2026-09-09T19:37:39.000000Z`, `2026-09-09 19:37:39` and
 * a date alone; UTC unless an offset is given. Days and hours that do not exist are malformed (databases send
 * `0000-00-00`), years before 1971 or from 2200 implausible (an unset clock sends 1970).
 */
export const moment = (value: unknown, column: string, flags: Flags): number | null => {
  if (isAbsent(value)) return null
  const match = typeof value === 'string' ? MOMENT.exec(value.trim()) : null
  if (!match) return raise(flags, `${column}_malformed`)
  const part = (group: number): number => Number(match[group] ?? 0)
  const midnight = Date.UTC(part(1), part(2) - 1, part(3))
  const day = new Date(midnight)
  const exists = day.getUTCMonth() === part(2) - 1 && day.getUTCDate() === part(3)
  if (!exists || part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 15 || part(10) > 59)
    return raise(flags, `${column}_malformed`)
  if (part(1) <= 1970 || part(1) >= 2200) return raise(flags, `${column}_implausible`)
  const offset = (part(9) * 60 + part(10)) * (match[8] === '-' ? -60_000 : 60_000)
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  return midnight + part(4) * 3_600_000 + part(5) * 60_000 + part(6) * 1000 - offset + fraction
}

/** Names by id. */
export type Names = Readonly<Record<number, string>>

/** The name that a table has for an id given as number or digits. */
export const nameOfId = (id: unknown, names: Names): string | null =>
  (typeof id === 'number' || (typeof id === 'string' && /^\d{1,9}$/.test(id))) && Object.hasOwn(names, Number(id))
    ? names[Number(id)]!
    : null

/**
 * The name in `{id, name}`, a plain name, or an id. The table's name for the id comes first, so that a source which
 * renames an entry does not change every car; an id that the table lacks passes through: the name beside it if there is
 * one, else the id as text. An empty list is absent: that is how PHP writes an empty object.
 */
export const named = (value: unknown, column: string, flags: Flags, names: Names = {}): string | null => {
  if (typeof value !== 'object' || value === null) return nameOfId(value, names) ?? text(value, column, flags)
  if (Array.isArray(value)) return value.length === 0 ? null : raise(flags, `${column}_malformed`)
  const { id, name } = value as { id?: unknown; name?: unknown }
  return nameOfId(id, names) ?? text(isAbsent(name) ? id : name, column, flags)
}
