/**
 * Finds the records of a page by what stands between the first two: the search of the runtime is four times as fast as a
 * look at every byte. It is a guess, and is believed only by who parses the pieces or knows them: pieces that are each valid
 * JSON are the only way to read the list, and a wrong cut leaves one that is not.
 */
import type { Buffer } from 'node:buffer'
import { type Bound, type CutList, cutList, MAX_RECORDS } from './cut-records.ts'
import { findIn, type Needle, needleOf } from './find-bytes.ts'
import { skipSpace, skipValue } from './skip-value.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const COLON = 0x3a
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b

/** The offset after the colon of the member whose name opens at `at`; -1 where there is none. */
const afterName = (bytes: Buffer, at: number): number => {
  const end = bytes[at] === QUOTE ? skipValue(bytes, at) : -1
  const colon = end < 0 ? -1 : skipSpace(bytes, end)
  return colon >= 0 && bytes[colon] === COLON ? colon + 1 : -1
}

/** The offset after the number at `at`; -1 where none stands there. No longer look is taken at what may be no seam at all. */
const numberEnd = (bytes: Buffer, at: number): number => {
  const first = bytes[at]!
  return (first >= 0x30 && first <= 0x39) || first === MINUS ? skipValue(bytes, at) : -1
}

/**
 * What stands between two records, from the brace that closes the one to the name of the other's first member, and what
 * stands behind its value, to the name of its second: objects within a record begin with an `id` as well, but not so.
 */
type Seam = { before: Needle; toRecord: number; after: Buffer }

/** The seam behind the record that ends at `end`; null where there is none that could be searched for. */
const seamAt = (bytes: Buffer, end: number): Seam | null => {
  const comma = skipSpace(bytes, end)
  const record = bytes[comma] === COMMA ? skipSpace(bytes, comma + 1) : -1
  if (record < 0 || bytes[record] !== OPEN_OBJECT) return null
  const value = afterName(bytes, skipSpace(bytes, record + 1))
  const valueEnd = value < 0 ? -1 : numberEnd(bytes, value)
  if (valueEnd < 0 || bytes[valueEnd] !== COMMA) return null
  const second = afterName(bytes, skipSpace(bytes, valueEnd + 1))
  if (second < 0) return null
  return {
    before: needleOf(bytes.subarray(end - 1, value)),
    toRecord: record - (end - 1),
    after: bytes.subarray(valueEnd, second),
  }
}

const standsAt = (bytes: Buffer, at: number, wanted: Buffer): boolean => {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

/** The list that opens at `open`. Where the first two records, or the last, do not begin with a number's member, no guess is made. */
export const guessList = (bytes: Buffer, open: number): CutList => {
  let start = skipSpace(bytes, open + 1)
  const firstEnd = bytes[start] === OPEN_OBJECT ? skipValue(bytes, start) : -1
  const seam = firstEnd < 0 ? null : seamAt(bytes, firstEnd)
  if (seam === null) return cutList(bytes, open)
  const { before, toRecord, after } = seam
  const bounds: Bound[] = []
  const length = before.text.length
  const find = findIn(bytes)
  for (let at = firstEnd - 1; at >= 0; at = find(before, at + length)) {
    const valueEnd = numberEnd(bytes, at + length)
    if (valueEnd < 0 || !standsAt(bytes, valueEnd, after)) continue
    if (bounds.length === MAX_RECORDS) return { bounds, end: -1 }
    bounds.push({ start, end: at + 1 })
    start = at + toRecord
  }
  const end = skipValue(bytes, start)
  const close = end < 0 ? -1 : skipSpace(bytes, end)
  if (close < 0 || bytes[close] !== CLOSE_LIST) return cutList(bytes, open)
  bounds.push({ start, end })
  return { bounds, end: close + 1 }
}
