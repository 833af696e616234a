/** The one place where a key is struck out of what a source has said, before anything is made of it. */
import { Buffer } from 'node:buffer'

export type Redact = {
  /** The text with the key struck out, however it is written. */
  text(text: string): string
  /** Strikes the key out of these bytes, in place and byte for byte, so that JSON stays the JSON it was. */
  bytes(bytes: Uint8Array): void
  /** The same headers, which are read through `get`, with the key struck out of their values. */
  headers(headers: Heads): Heads
}

type Heads = { get(name: string): string | null }

/** A shorter key may well be a word of the inventory ("demo"), and striking that out would falsify records. */
const LEAST_IN_RECORDS = 12
/** What is left of a short key in base64 may be two characters, which are everywhere. */
const LEAST_IN_BASE64 = 8
const STAR = 0x2a
const NINE = 0x39

/** The key within base64 of something longer (`user:key`): the characters that it alone decides, at each of three places. */
const withinBase64 = (key: string): string[] => {
  const length = Buffer.byteLength(key)
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.from('\0'.repeat(before) + key).toString('base64')
    const sure = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + length) * 8) / 6))
    return sure.length < LEAST_IN_BASE64 ? [] : [sure, sure.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** The longest first: one may be the beginning of another. */
const distinct = (all: readonly string[]): string[] => [...new Set(all)].sort((a, b) => b.length - a.length)

/** The ways in which a source that repeats a key may write it: as it is, in an address, in JSON, in base64. */
const spellings = (key: string): string[] => {
  const inJson = JSON.stringify(key).slice(1, -1)
  const inAddress = encodeURIComponent(key.toWellFormed())
  const inForm = new URLSearchParams({ k: key }).toString().slice(2)
  const lower = (text: string): string => text.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase())
  return distinct([
    key,
    ...[inAddress, inForm].flatMap((each) => [each, lower(each)]),
    inJson,
    inJson.replaceAll('/', '\\/'),
    Buffer.from(key).toString('base64'),
  ])
}

/** `key` null or blank: there is nothing to strike out. Blanks around it are not sent, so they are not repeated either. */
export const redactOf = (given: string | null): Redact => {
  const key = given?.trim()
  if (!key) return { text: (text) => text, bytes: () => {}, headers: (headers) => headers }
  const repeated = spellings(key)
  // Within credentials it is sought in sentences and headers only: each spelling costs a search of every page.
  const written = distinct([...repeated, ...withinBase64(key)])
  const sought = key.length < LEAST_IN_RECORDS ? [] : repeated.map((spelling) => Buffer.from(spelling))
  // A number must stay one, or the page could never be read.
  const filler = /^\d+$/.test(key) ? NINE : STAR
  const strike = (text: string): string => written.reduce((left, spelling) => left.replaceAll(spelling, '***'), text)
  return {
    text: strike,
    bytes: (bytes) => {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (const spelling of sought) {
        for (let at = view.indexOf(spelling); at >= 0; at = view.indexOf(spelling, at + spelling.length))
          view.fill(filler, at, at + spelling.length)
      }
    },
    headers: (headers) => ({
      get: (name) => {
        const value = headers.get(name)
        return value === null ? null : strike(value)
      },
    }),
  }
}
