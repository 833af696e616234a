import { type Members, numeric } from '../../car/field.ts'
import { objectOf, type ReadList, readList } from '../read-list.ts'
import type { Outcome, Reply } from '../source.ts'

/**
 * A list of records with what stands around it. `hasNext` is null where the envelope does not tell; the numbers of `meta` are
 * null where it lacks them.
 */
export type Envelope = Omit<ReadList, 'envelope'> & {
  hasNext: boolean | null
  currentPage: number | null
  perPage: number | null
  total: number | null
}

const countIn = (value: unknown, least: number): number | null => {
  const count = numeric(value)
  return count !== undefined && Number.isSafeInteger(count) && count >= least ? count : null
}

const perPageIn = (envelope: Members): number | null => countIn(objectOf(envelope.meta).per_page, 1)

/** `links.next` is the end mark: null at the end, an address before it. Only where it is missing may page numbers tell. */
const hasNextIn = (links: Members, meta: Members): boolean | null => {
  if (links.next === null) return false
  if (typeof links.next === 'string' && links.next !== '') return true
  const current = countIn(meta.current_page, 1)
  const last = countIn(meta.last_page, 1)
  return links.next !== undefined || current === null || last === null ? null : current < last
}

/**
 * Reads an answer as `{data: [records], links, meta}`. `wanted` names what was asked for, `pageSize` how much; `mayGuess` as
 * `PageAsk` has it.
 */
export const readEnvelope = (reply: Reply, wanted: string, pageSize: number, mayGuess = false): Outcome<Envelope> => {
  const read = readList(reply, { wanted, pageSize, guess: mayGuess ? perPageIn : undefined })
  if (read.kind !== 'data') return read
  const { envelope, ...list } = read.data
  const meta = objectOf(envelope.meta)
  return {
    kind: 'data',
    data: {
      ...list,
      hasNext: hasNextIn(objectOf(envelope.links), meta),
      currentPage: countIn(meta.current_page, 1),
      perPage: perPageIn(envelope),
      total: countIn(meta.total, 0),
    },
  }
}
