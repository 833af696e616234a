const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const COMMA = 0x2c

/** What a byte outside of strings may mean; 0, as most do, nothing. One look into a table, for half of all bytes stand there. */
const STRING = 1
const OPEN = 2
const CLOSE = 3
const MEANING = new Uint8Array(256)
MEANING[QUOTE] = STRING
for (const byte of [OPEN_OBJECT, OPEN_LIST]) MEANING[byte] = OPEN
for (const byte of [CLOSE_OBJECT, CLOSE_LIST]) MEANING[byte] = CLOSE

/** What a value was seen to hold on the way: how deep it nests. */
export type Seen = { depth: number }

/** The offset of the next byte that is not JSON white space. */
export const skipSpace = (bytes: Uint8Array, from: number): number => {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at++
  }
}

/**
 * The offset after the JSON value that begins at `from`, found by its quotes and brackets only: what is between them
 * is not checked, so a value that passes may still not parse, but one that parses is always bounded rightly. -1 where no
 * value begins there or it does not end. Any depth: a counter, no recursion. `seen` is told of an object or a list.
 */
export const skipValue = (bytes: Uint8Array, from: number, seen?: Seen): number => {
  const length = bytes.length
  const first = bytes[from]
  let at = from
  let depth = 0
  let deepest = 0
  if (first === OPEN_OBJECT || first === OPEN_LIST || first === QUOTE) {
    while (at < length) {
      const byte = bytes[at++]!
      const meaning = MEANING[byte]
      if (meaning === 0) continue
      if (meaning === STRING) {
        for (;;) {
          if (at >= length) return -1
          const inside = bytes[at++]!
          if (inside === QUOTE) break
          if (inside === BACKSLASH) at++
        }
        if (depth === 0) return at
      } else if (meaning === OPEN) {
        depth++
        if (depth > deepest) deepest = depth
      } else {
        depth--
        // The one closing bracket whose kind can be told without a stack; the others are the parser's.
        if (depth > 0) continue
        if (seen) seen.depth = deepest
        return byte === first + 2 ? at : -1
      }
    }
    return -1
  }
  while (at < length) {
    const byte = bytes[at]!
    if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_LIST || byte <= 0x20) break
    at++
  }
  return at === from ? -1 : at
}
