/** What of a record's bytes matters: a digest without its volatile members, at every level. */
import { Buffer, isAscii } from 'node:buffer'
import { hash } from 'node:crypto'
import { VOLATILE } from '../car/volatile.ts'
import { findIn, needleOf } from './find-bytes.ts'
import { skipSpace, skipValue } from './skip-value.ts'

const NEEDLE = needleOf(Buffer.from(`${VOLATILE}"`))

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const UNDERSCORE = 0x5f
const OPEN_LIST = 0x5b
const OPEN_OBJECT = 0x7b

/** The end of the string, number or literal at `at`; -1 for an object or a list, which is no stamp. */
const stampEnd = (bytes: Buffer, at: number): number =>
  bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_LIST ? -1 : skipValue(bytes, at)

/** Where the key that ends before `at` opens, if it is volatile; -1 otherwise. */
const keyStart = (bytes: Buffer, at: number): number => {
  const before = bytes[at - 1]
  if (before !== QUOTE && before !== UNDERSCORE) return -1
  let open = at - 1
  // A quote after a backslash belongs to the key's text.
  while (open >= 0 && (bytes[open] !== QUOTE || bytes[open - 1] === BACKSLASH)) open--
  return before === QUOTE && open !== at - 1 ? -1 : open
}

/** Where what is kept of a record is put together; grows as it must, and is not kept where it is vast. */
let together = Buffer.allocUnsafe(1 << 16)
const MOST_KEPT = 1 << 20

const roomFor = (size: number): Buffer => {
  const room = size <= together.length ? together : Buffer.allocUnsafe(size)
  if (room.length <= MOST_KEPT) together = room
  return room
}

/** How much is left of `size` bytes without their last comma, where nothing but white space follows it and it is not before `settled`. */
const withoutLastComma = (kept: Buffer, settled: number, size: number): number => {
  let last = size
  while (last > settled && kept[last - 1]! <= 0x20) last--
  return last > settled && kept[last - 1] === COMMA ? last - 1 : size
}

/**
 * A record without its volatile members; valid until the next is made.
 *
 * Why a search may do what a parser does: inside a JSON string a quote is always written `\"`, so the quote in
 * `updated_at"`, which follows a letter, delimits a string. It cannot open one, for outside strings no such letters
 * occur. So it closes one, and a string that a colon follows is a key. Keys written with escapes are not found: they
 * stay in the text, which can make an unchanged record look changed but never the reverse. So do stamps that are
 * objects.
 */
const withoutVolatile = (bytes: Buffer): Buffer => {
  const find = findIn(bytes)
  let match = find(NEEDLE, 0)
  if (match < 0) return bytes
  const kept = roomFor(bytes.length)
  let size = 0
  // Up to here no comma will be dropped any more: no byte is looked at twice for it.
  let settled = 0
  let from = 0
  for (; match >= 0; match = find(NEEDLE, match + NEEDLE.text.length)) {
    const colon = skipSpace(bytes, match + NEEDLE.text.length)
    if (bytes[colon] !== COLON) continue
    const start = keyStart(bytes, match)
    const end = start < 0 ? -1 : stampEnd(bytes, skipSpace(bytes, colon + 1))
    if (end < 0) continue
    if (start > from) size += bytes.copy(kept, size, from, start)
    const next = skipSpace(bytes, end)
    from = next
    // The member goes with one comma: the one after it, or, where it is the last, the one before it.
    if (bytes[next] === COMMA) from = next + 1
    else {
      size = withoutLastComma(kept, settled, size)
      settled = size
    }
  }
  if (from < bytes.length) size += bytes.copy(kept, size, from, bytes.length)
  return kept.subarray(0, size)
}

/**
 * 32 hex digits over the bytes of a record's JSON text without its volatile members: the first half of a SHA-256.
 *
 * It is that of the bytes read as latin1, one character a byte, whatever their encoding, and written as UTF-8: so it was
 * stored, and so it is for ever. Where all is ASCII the bytes themselves are just that. Key order and white space count;
 * `sameRecord` tells whether such a difference matters.
 */
export const fingerprintOf = (record: Buffer): string => {
  const lasting = withoutVolatile(record)
  return hash('sha256', isAscii(lasting) ? lasting : lasting.toString('latin1'), 'hex').slice(0, 32)
}
