/**
 * Whether Postgres can hold a JSON text as `jsonb`, which is stricter than JSON: no NUL, no lone surrogates, bounded
 * numbers, bounded depth. One such record would fail the whole batch that it is in.
 */

/** Deeper nesting than any inventory has; Postgres itself gives up at some thousands, by its stack. */
export const MAX_DEPTH = 512

/** Digits that `numeric` holds before and after the decimal point (PostgreSQL manual, table 8.2). */
const DIGITS_BEFORE = 131_072
const DIGITS_AFTER = 16_383

/**
 * Postgres writes numbers without exponents: `1e131071` comes back as 131,072 digits. So a small record with many of them
 * could be stored but never read again. Digits that it may grow by, and how many times its length besides.
 */
const GROWTH = 5000
const GROWTH_PER_CHARACTER = 4

const SUSPECT_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/
/** Takes escapes one after the other, so that the text `\\u0000` (a backslash, then letters) is not mistaken for one. */
const ESCAPE =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[\s\S]/g

/** The same JSON text with the escapes of NUL and of lone surrogates, in keys too, turned into U+FFFD. */
export const repairEscapes = (text: string): string => {
  if (!text.includes('\\u') || !SUSPECT_ESCAPE.test(text)) return text
  return text.replace(ESCAPE, (found) =>
    found === '\\u0000' || (found.length === 6 && SUSPECT_ESCAPE.test(found)) ? '\\ufffd' : found,
  )
}

/** The offset after the string that opens at `open`. */
const skipString = (text: string, open: number): number => {
  let at = open + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code === 0x5c) at++
  }
  return at
}

const EXPONENT = /\d[eE][-+]?\d/

/** Whether there may be a number that `numeric` cannot hold, also by a text's bytes: what has neither an exponent nor room for it has none. */
export const mayHoldVastNumber = (text: string): boolean => text.length > DIGITS_AFTER || EXPONENT.test(text)

/** Whether there are so many opening brackets that the text, or its bytes, may be deeper than is allowed; a search, and no look at each character. */
export const mayBeDeep = (text: string): boolean => {
  let brackets = 0
  for (const bracket of '{[')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++brackets > MAX_DEPTH) return true
  return false
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const digitsEnd = (text: string, from: number): number => {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return at
}

/**
 * Whether a valid JSON text holds a number beyond what `numeric` can, thousands of digits for instance, or numbers like
 * `1e999` that take far more digits without an exponent than the text has. Counts written digits, so a zero with a vast
 * exponent is refused too.
 */
export const hasNumberOutOfRange = (text: string): boolean => {
  let room = GROWTH + GROWTH_PER_CHARACTER * text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = skipString(text, at) - 1
    else if (isDigit(code)) {
      const point = digitsEnd(text, at)
      const end = text[point] === '.' ? digitsEnd(text, point + 1) : point
      const after = Math.max(0, end - point - 1)
      const marked = text[end] === 'e' || text[end] === 'E'
      const signed = marked && (text[end + 1] === '+' || text[end + 1] === '-')
      const last = marked ? digitsEnd(text, end + (signed ? 2 : 1)) : end
      const exponent = marked ? Number(text.slice(end + 1, last)) : 0
      if (point - at + exponent > DIGITS_BEFORE || after - exponent > DIGITS_AFTER) return true
      room -= Math.abs(exponent)
      if (room < 0) return true
      at = last - 1
    }
  }
  return false
}
