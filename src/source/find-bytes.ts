/** Where some bytes stand in others, by the fastest search that the runtime has. */
import type { Buffer } from 'node:buffer'

/** What is searched for, as bytes and as text of one character a byte. */
export type Needle = { bytes: Buffer; text: string }

export const needleOf = (bytes: Buffer): Needle => ({ bytes, text: bytes.toString('latin1') })

/** The offset of the first place at or after `from` where the needle stands; -1: none. */
export type Find = (needle: Needle, from: number) => number

/** Deno searches bytes in JavaScript, ten times slower than a string; Node searches both alike, and a string is garbage. */
const searchesBytes = !('Deno' in globalThis)

/** Prepares to search these bytes. */
export const findIn = (bytes: Buffer): Find => {
  if (searchesBytes) return (needle, from) => bytes.indexOf(needle.bytes, from)
  const text = bytes.toString('latin1')
  return (needle, from) => text.indexOf(needle.text, from)
}
