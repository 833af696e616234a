import { Buffer, isUtf8 } from 'node:buffer'
import { numeric } from '../../car/field.ts'
import { type Bound, type Cut, cutRecords } from '../cut-records.ts'
import { guessList } from '../guess-list.ts'
import type { Outcome, Reply } from '../source.ts'
import { refusal } from './refusal.ts'

/**
 * What stands around a list of records. `hasNext` is null where the envelope does not tell; the numbers of `meta` are
 * null where it lacks them. `bytes` are UTF-8, those of the reply where it was.
 */
export type Envelope = {
  bytes: Buffer
  repaired: boolean
  bounds: Bound[]
  hasNext: boolean | null
  currentPage: number | null
  perPage: number | null
  total: number | null
}

type Members = Readonly<Record<string, unknown>>

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}

const countIn = (value: unknown, least: number): number | null => {
  const count = numeric(value)
  return count !== undefined && Number.isSafeInteger(count) && count >= least ? count : null
}

/** `links.next` is the end mark: null at the end, an address before it. Only where it is missing may page numbers tell. */
const hasNextIn = (links: Members, meta: Members): boolean | null => {
  if (links.next === null) return false
  if (typeof links.next === 'string' && links.next !== '') return true
  const current = countIn(meta.current_page, 1)
  const last = countIn(meta.last_page, 1)
  return links.next !== undefined || current === null || last === null ? null : current < last
}

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
    return { cut, envelope: members(JSON.parse(cut.envelope)) }
  } catch {
    return { cut, envelope: null }
  }
}

/**
 * The page cut by a guess; null where it cannot be right. As many records as the page is large: a guess that sees too many or
 * too few shows.
 */
const guessed = (bytes: Buffer, pageSize: number): Read | null => {
  const { cut, envelope } = withEnvelope(cutRecords(bytes, guessList))
  if (cut.kind === 'broken' || envelope === null) return null
  return cut.bounds.length === (countIn(members(envelope.meta).per_page, 1) ?? pageSize) ? { cut, envelope } : null
}

/**
 * Reads an answer as `{data: [records], links, meta}`. Whatever is not just that is `retry` (the API also says 200 to
 * an error), except where the status already says more. `wanted` names what was asked for, `pageSize` how much; `mayGuess` as
 * `PageAsk` has it.
 */
export const readEnvelope = (reply: Reply, wanted: string, pageSize: number, mayGuess = false): Outcome<Envelope> => {
  const refused = refusal(reply, wanted, pageSize)
  if (refused) return refused
  const given = withoutMark(Buffer.from(reply.body.buffer, reply.body.byteOffset, reply.body.byteLength))
  const repaired = !isUtf8(given)
  const bytes = repaired ? Buffer.from(new TextDecoder().decode(given)) : given
  const unreadable = (got: string): Outcome<never> => ({
    kind: 'retry',
    why: `Cannot read ${wanted} as JSON with a \`data\` list: got ${got}`,
  })
  const { cut, envelope } = (mayGuess ? guessed(bytes, pageSize) : null) ?? withEnvelope(cutRecords(bytes))
  if (cut.kind === 'broken') {
    const type = mediaType(reply)
    return unreadable(type === '' || type.includes('json') ? cut.why : `${type}, ${cut.why}`)
  }
  if (envelope === null) return unreadable('JSON that is broken outside of `data`')
  const meta = members(envelope.meta)
  return {
    kind: 'data',
    data: {
      bytes,
      repaired,
      bounds: cut.bounds,
      hasNext: hasNextIn(members(envelope.links), meta),
      currentPage: countIn(meta.current_page, 1),
      perPage: countIn(meta.per_page, 1),
      total: countIn(meta.total, 0),
    },
  }
}
