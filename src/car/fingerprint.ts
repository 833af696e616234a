/**
 * What of a record matters. A source's crawler moves `updated_at` and every `*_updated_at` without any change to the
 * car; these members are volatile and left out, at every level.
 */
import { hash } from 'node:crypto'

const VOLATILE = 'updated_at'
const NEEDLE = `${VOLATILE}"`

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const UNDERSCORE = 0x5f
const CLOSE_LIST = 0x5d
const CLOSE_OBJECT = 0x7d

/** Whether a member of this name is volatile. */
export const isVolatile = (key: string): boolean => key === VOLATILE || key.endsWith(`_${VOLATILE}`)

const skipSpace = (text: string, from: number): number => {
  let at = from
  // Every character up to the space that can stand outside a string is white space.
  while (text.charCodeAt(at) <= 0x20) at++
  return at
}

/** The end of the string, number or literal at `at`; -1 for an object or a list, which is no stamp. */
const stampEnd = (text: string, at: number): number => {
  const first = text.charCodeAt(at)
  if (first === 0x7b || first === 0x5b) return -1
  let end = at + 1
  if (first === QUOTE) {
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (code === QUOTE) return end + 1
      if (code === BACKSLASH) end++
    }
    return -1
  }
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST || code <= 0x20) break
  }
  return end
}

/** Where the key that ends before `at` opens, if it is volatile; -1 otherwise. */
const keyStart = (text: string, at: number): number => {
  const before = text.charCodeAt(at - 1)
  if (before !== QUOTE && before !== UNDERSCORE) return -1
  let open = at - 1
  // A quote after a backslash belongs to the key's text.
  while (open >= 0 && (text.charCodeAt(open) !== QUOTE || text.charCodeAt(open - 1) === BACKSLASH)) open--
  return before === QUOTE && open !== at - 1 ? -1 : open
}

/** What is kept of a text, as pieces of it in their order. Each character is looked at a few times only, whatever is dropped. */
type Kept = { bounds: [start: number, end: number][]; settled: number }

/** Drops the last comma, where nothing but white space follows it in what is kept. */
const dropLastComma = (text: string, kept: Kept): void => {
  for (let at = kept.bounds.length - 1; at >= kept.settled; at--) {
    const [start, end] = kept.bounds[at]!
    let last = end
    while (last > start && text.charCodeAt(last - 1) <= 0x20) last--
    if (last === start) continue
    if (text.charCodeAt(last - 1) !== COMMA) break
    kept.bounds.length = at
    kept.bounds.push([start, last - 1])
    return
  }
  // No comma there, and none will come: what was looked at need not be looked at again.
  kept.settled = kept.bounds.length
}

/**
 * The text of a record without its volatile members.
 *
 * Why a search may do what a parser does: inside a JSON string a quote is always written `\"`, so the quote in
 * `updated_at"`, which follows a letter, delimits a string. It cannot open one, for outside strings no such letters
 * occur. So it closes one, and a string that a colon follows is a key. Keys written with escapes are not found: they
 * stay in the text, which can make an unchanged record look changed but never the reverse. So do stamps that are
 * objects.
 */
const withoutVolatile = (text: string): string => {
  let match = text.indexOf(NEEDLE)
  if (match < 0) return text
  const kept: Kept = { bounds: [], settled: 0 }
  let from = 0
  for (; match >= 0; match = text.indexOf(NEEDLE, match + NEEDLE.length)) {
    const colon = skipSpace(text, match + NEEDLE.length)
    if (text.charCodeAt(colon) !== COLON) continue
    const start = keyStart(text, match)
    const end = start < 0 ? -1 : stampEnd(text, skipSpace(text, colon + 1))
    if (end < 0) continue
    if (start > from) kept.bounds.push([from, start])
    const next = skipSpace(text, end)
    from = next
    // The member goes with one comma: the one after it, or, where it is the last, the one before it.
    if (text.charCodeAt(next) === COMMA) from = next + 1
    else dropLastComma(text, kept)
  }
  return kept.bounds.map(([start, end]) => text.slice(start, end)).join('') + text.slice(from)
}

/**
 * 32 hex digits over a record's JSON text without its volatile members: the first half of a SHA-256.
 *
 * `latin1` is the record's bytes read as latin1, one character a byte, whatever their encoding. That is the one
 * representation for ever: the same record read as UTF-8 has another fingerprint as soon as it holds a letter beyond
 * ASCII. Key order and white space count; `sameRecord` tells whether such a difference matters.
 */
export const fingerprintText = (latin1: string): string => hash('sha256', withoutVolatile(latin1), 'hex').slice(0, 32)
