/**
 * An answer that is a list of records within an object, read with nothing taken on trust: refusals, other encodings,
 * bodies that are cut off or are something else. What the object says beside the list is its source's to judge.
 */
import { Buffer, isUtf8 } from 'node:buffer'
import { isObject, type Members, NO_MEMBERS } from '../car/field.ts'
import { type Bound, type Cut, cutRecords } from './cut-records.ts'
import { guessList } from './guess-list.ts'
import { refusal } from './refusal.ts'
import type { Outcome, Reply } from './source.ts'

/** The records of a list, and the object around it with the list emptied. `bytes` are UTF-8, those of the reply where it was. */
export type ReadList = { bytes: Buffer; repaired: boolean; bounds: Bound[]; envelope: Members }

/**
 * `wanted` is what was asked for, in words, and `pageSize` how many records of it: 1 where nothing can be asked for in smaller
 * pieces. `name` is the member that holds the list. `guess`: its records may be found by a guess, which is believed only where
 * there are as many as a full page has by what the object says; null: it does not say.
 */
export type ListAsk = {
  wanted: string
  pageSize: number
  name?: string
  guess?: ((envelope: Members) => number | null) | undefined
}

export const objectOf = (value: unknown): Members => (isObject(value) ? value : NO_MEMBERS)

/** Without the byte order mark that some put before UTF-8. */
export const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes

const mediaType = (reply: Reply): string =>
  (reply.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase().slice(0, 60)

/** The page as it was cut, with what its envelope says: null where that is broken. */
type Read = { cut: Cut; envelope: Members | null }

const withEnvelope = (cut: Cut): Read => {
  if (cut.kind === 'broken') return { cut, envelope: null }
  try {
    return { cut, envelope: objectOf(JSON.parse(cut.envelope)) }
  } catch {
    return { cut, envelope: null }
  }
}

/**
 * The page cut by a guess; null where it cannot be right. As many records as the page is large: a guess that sees too many or
 * too few shows.
 */
const guessed = (bytes: Buffer, { name, pageSize, guess }: ListAsk): Read | null => {
  if (guess === undefined) return null
  const { cut, envelope } = withEnvelope(cutRecords(bytes, guessList, name))
  if (cut.kind === 'broken' || envelope === null) return null
  return cut.bounds.length === (guess(envelope) ?? pageSize) ? { cut, envelope } : null
}

/**
 * Reads an answer as an object with a list of records. Whatever is not just that is `retry` (an API may also say 200 to
 * an error), except where the status already says more.
 */
export const readList = (reply: Reply, ask: ListAsk): Outcome<ReadList> => {
  const { wanted, pageSize, name = 'data' } = ask
  const refused = refusal(reply, wanted, pageSize)
  if (refused) return refused
  const given = withoutMark(Buffer.from(reply.body.buffer, reply.body.byteOffset, reply.body.byteLength))
  const repaired = !isUtf8(given)
  const bytes = repaired ? Buffer.from(new TextDecoder().decode(given)) : given
  const unreadable = (got: string): Outcome<never> => ({
    kind: 'retry',
    why: `Cannot read ${wanted} as JSON with a \`${name}\` list: got ${got}`,
  })
  const { cut, envelope } = guessed(bytes, ask) ?? withEnvelope(cutRecords(bytes, undefined, name))
  if (cut.kind === 'broken') {
    const type = mediaType(reply)
    return unreadable(type === '' || type.includes('json') ? cut.why : `${type}, ${cut.why}`)
  }
  if (envelope === null) return unreadable(`JSON that is broken outside of \`${name}\``)
  return { kind: 'data', data: { bytes, repaired, bounds: cut.bounds, envelope } }
}
