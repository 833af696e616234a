/**
 * Finds the records of a page without parsing them: half of a sweep's work is saved where the records turn out to be
 * unchanged. Sound, because pieces that are each valid JSON and are joined by commas are the only way to read the list:
 * a wrong cut cannot parse, and cannot equal a record that parsed before.
 */
import type { Buffer } from 'node:buffer'
import { skipSpace, skipValue } from './skip-value.ts'

/** Where a record lies: byte offsets, `end` excluded. */
export type Bound = { start: number; end: number }

/** The elements of a list, and the offset after it; -1 where it does not end. */
export type CutList = { bounds: Bound[]; end: number }

/** `envelope` is the page as text with its list emptied: cheap to parse, and to be parsed before it is believed. */
export type Cut = { kind: 'cut'; bounds: Bound[]; envelope: string } | { kind: 'broken'; why: string }

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** More than any source serves in one answer; without an end, millions of empty records would fill the memory. */
export const MAX_RECORDS = 50_000
/** What may stand around the list, bytes; links and counts take a few hundred. */
const MAX_ENVELOPE_BYTES = 1 << 20

/** Of so many members is told what they are, where the list is missing. */
const KEYS_SHOWN = 100

const broken = (why: string): Cut => ({ kind: 'broken', why })

/** The member name whose bytes, quotes included, these are. Only names with escapes need a parser. */
export const keyAt = (bytes: Buffer, start: number, end: number): string => {
  const key = bytes.toString('utf8', start + 1, end - 1)
  if (!key.includes('\\')) return key
  try {
    return JSON.parse(`"${key}"`)
  } catch {
    return key
  }
}

/** The list that opens at `open`, each of its elements looked through to its end. */
export const cutList = (bytes: Buffer, open: number): CutList => {
  const bounds: Bound[] = []
  let at = skipSpace(bytes, open + 1)
  if (bytes[at] === CLOSE_LIST) return { bounds, end: at + 1 }
  for (;;) {
    const end = skipValue(bytes, at)
    if (end < 0 || bounds.length === MAX_RECORDS) return { bounds, end: -1 }
    bounds.push({ start: at, end })
    at = skipSpace(bytes, end)
    if (bytes[at] === CLOSE_LIST) return { bounds, end: at + 1 }
    if (bytes[at] !== COMMA) return { bounds, end: -1 }
    at = skipSpace(bytes, at + 1)
  }
}

const missing = (keys: readonly string[], name: string): string => {
  const telling = keys.find((key) => key === 'error' || key === 'errors' || key === 'message')
  return telling === undefined
    ? `an object without \`${name}\``
    : `an object with \`${telling}\` and without \`${name}\``
}

/**
 * Finds the list `name` of the root object and its elements, in one pass over the UTF-8 `bytes`, wherever it stands and
 * however it is laid out. A page that is cut off, unbalanced or something else is `broken`, with what it was instead.
 * `list` finds the elements.
 */
export const cutRecords = (bytes: Buffer, list: typeof cutList = cutList, name = 'data'): Cut => {
  let at = skipSpace(bytes, 0)
  if (at === bytes.length) return broken('an empty body')
  if (bytes[at] !== OPEN_OBJECT) return broken('something that is not a JSON object')
  const keys: string[] = []
  let found: { bounds: Bound[]; start: number; end: number } | null = null
  at = skipSpace(bytes, at + 1)
  let closed = bytes[at] === CLOSE_OBJECT
  while (!closed) {
    const keyEnd = bytes[at] === QUOTE ? skipValue(bytes, at) : -1
    if (keyEnd < 0) return broken('JSON that is cut off or broken')
    const key = keyAt(bytes, at, keyEnd)
    if (keys.length < KEYS_SHOWN) keys.push(key)
    at = skipSpace(bytes, keyEnd)
    if (bytes[at] !== COLON) return broken('JSON that is cut off or broken')
    at = skipSpace(bytes, at + 1)
    let end: number
    if (key === name) {
      if (found) return broken(`an object with two members \`${name}\``)
      if (bytes[at] !== OPEN_LIST) return broken(`\`${name}\` that is not a list`)
      const { bounds, end: listEnd } = list(bytes, at)
      end = listEnd
      found = { bounds, start: at, end }
    } else end = skipValue(bytes, at)
    if (end < 0 && found?.bounds.length === MAX_RECORDS) return broken(`a list of more than ${MAX_RECORDS} records`)
    if (end < 0) return broken(`JSON that is cut off or broken in \`${key.slice(0, 40)}\``)
    at = skipSpace(bytes, end)
    closed = bytes[at] === CLOSE_OBJECT
    if (!closed && bytes[at] !== COMMA) return broken('JSON that is cut off or broken')
    if (!closed) at = skipSpace(bytes, at + 1)
  }
  if (skipSpace(bytes, at + 1) < bytes.length) return broken('JSON with something after its end')
  if (!found) return broken(missing(keys, name))
  if (bytes.length - (found.end - found.start) > MAX_ENVELOPE_BYTES) return broken(`more than 1 MB around \`${name}\``)
  const envelope = `${bytes.toString('utf8', 0, found.start)}[]${bytes.toString('utf8', found.end)}`
  return { kind: 'cut', bounds: found.bounds, envelope }
}
