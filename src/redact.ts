/** The one place where a key is struck out of what a source has said, before anything is made of it. */
import { Buffer } from 'node:buffer'

export type Redact = {
  /** The text with the key struck out, however it is written. */
  text(text: string): string
  /** Strikes the key out of these bytes, in place and byte for byte, so that JSON stays the JSON it was. */
  bytes(bytes: Uint8Array): void
}

/** A shorter key may well be a word of the inventory ("demo"), and striking that out would falsify records. */
const LEAST_IN_RECORDS = 12
const STAR = 0x2a

/** The ways in which a source that repeats a key may write it: as it is, in an address, in JSON, as credentials. */
const spellings = (key: string): string[] => {
  const inJson = JSON.stringify(key).slice(1, -1)
  const all = [key, encodeURIComponent(key), inJson, inJson.replaceAll('/', '\\/'), Buffer.from(key).toString('base64')]
  // The longest first: one may be the beginning of another.
  return [...new Set(all)].sort((a, b) => b.length - a.length)
}

/** `key` null or empty: there is nothing to strike out. */
export const redactOf = (key: string | null): Redact => {
  if (!key) return { text: (text) => text, bytes: () => {} }
  const written = spellings(key)
  const sought = key.length < LEAST_IN_RECORDS ? [] : written.map((spelling) => Buffer.from(spelling))
  return {
    text: (text) => written.reduce((left, spelling) => left.replaceAll(spelling, '***'), text),
    bytes: (bytes) => {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (const spelling of sought)
        for (let at = view.indexOf(spelling); at >= 0; at = view.indexOf(spelling, at))
          view.fill(STAR, at, at + spelling.length)
    },
  }
}
