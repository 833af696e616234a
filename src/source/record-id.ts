import type { Buffer } from 'node:buffer'
import { repairText } from '../car/field.ts'
import { type Bound, keyAt } from './cut-records.ts'
import { skipSpace, skipValue } from './skip-value.ts'

/** What a record has for an id: `sourceId`, or what is wrong with it. */
export type RecordId =
  | { sourceId: string }
  | { sourceId: null; reason: 'not_an_object' | 'id_missing' | 'id_malformed' }

const ID_LENGTH = 200
const PREFIX = [...'{"id":'].map((character) => character.charCodeAt(0))
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** The id in the value's own text. Never through a number: ids above 2^53 would change. */
const idIn = (token: string): RecordId => {
  if (token === 'null') return { sourceId: null, reason: 'id_missing' }
  if (/^(?:0|-?[1-9]\d*)$/.test(token) && token.length <= ID_LENGTH) return { sourceId: token }
  if (token.startsWith('"')) {
    try {
      const id = repairText(JSON.parse(token), [])
      if (id.trim() === '') return { sourceId: null, reason: 'id_missing' }
      if (id.length <= ID_LENGTH) return { sourceId: id }
    } catch {
      // Not a JSON string: the record cannot be parsed either.
    }
  }
  return { sourceId: null, reason: 'id_malformed' }
}

/**
 * Where the value of the member `name` lies of the object between the byte offsets `start` and `end`: the last one of that
 * name, which a parser would keep. null where there is none, or no object.
 */
export const memberAt = (bytes: Buffer, start: number, end: number, name: string): Bound | null => {
  if (bytes[start] !== OPEN_OBJECT) return null
  let found: Bound | null = null
  let at = skipSpace(bytes, start + 1)
  while (at < end && bytes[at] === QUOTE) {
    const keyEnd = skipValue(bytes, at)
    const colon = keyEnd < 0 ? -1 : skipSpace(bytes, keyEnd)
    if (colon < 0 || bytes[colon] !== COLON) break
    const value = skipSpace(bytes, colon + 1)
    const valueEnd = skipValue(bytes, value)
    if (valueEnd < 0 || valueEnd > end) break
    if (keyAt(bytes, at, keyEnd) === name) found = { start: value, end: valueEnd }
    at = skipSpace(bytes, valueEnd)
    if (bytes[at] !== COMMA) break
    at = skipSpace(bytes, at + 1)
  }
  return found
}

/** The id that the member `name` of an object is, by the same rules as that of a record. */
export const idAt = (bytes: Buffer, start: number, end: number, name: string): RecordId => {
  if (bytes[start] !== OPEN_OBJECT) return { sourceId: null, reason: 'not_an_object' }
  const value = memberAt(bytes, start, end, name)
  return value === null
    ? { sourceId: null, reason: 'id_missing' }
    : idIn(bytes.toString('utf8', value.start, value.end))
}

/**
 * The id of the record between the byte offsets `start` and `end`: the digits of its member `name`, or a text of 1 to 200
 * characters, not blank. Records that begin with `{"id":<digits>`, as nearly all do, are not searched.
 */
export const recordId = (bytes: Buffer, start: number, end: number, name = 'id'): RecordId => {
  if (name !== 'id') return idAt(bytes, start, end, name)
  let at = start
  while (at - start < PREFIX.length && bytes[at] === PREFIX[at - start]) at++
  const digits = at
  if (digits - start < PREFIX.length) return idAt(bytes, start, end, name)
  while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++
  const ends = bytes[at] === COMMA || bytes[at] === CLOSE_OBJECT
  if (at === digits || bytes[digits] === 0x30 || !ends || at - digits > ID_LENGTH) return idAt(bytes, start, end, name)
  return { sourceId: bytes.toString('latin1', digits, at) }
}
