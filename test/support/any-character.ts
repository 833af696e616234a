/**
 * Any character there is, for strings: the unit `binary` of fast-check with the same characters in the same order. That one
 * makes a table of all 1,112,064 to tell where a character stands, which takes two seconds of computing in each process.
 */
import fc from 'fast-check'

/** The halves of pairs (surrogates) are no characters by themselves. */
const HALVES = { from: 0xd800, count: 0x800 }
const LAST = 0x10ffff

const characterAt = (at: number): string => String.fromCodePoint(at < HALVES.from ? at : at + HALVES.count)

/** Throws where this is no single character, as fast-check expects of it. */
const placeOf = (character: unknown): number => {
  const code = typeof character === 'string' ? (character.codePointAt(0) ?? -1) : -1
  const place = code < HALVES.from ? code : code - HALVES.count
  if (place < 0 || characterAt(place) !== character) throw new Error(`wanted one character, got ${String(character)}`)
  return place
}

export const anyCharacter = fc.nat(LAST - HALVES.count).map(characterAt, placeOf)
