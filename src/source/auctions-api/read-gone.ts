import type { Buffer } from 'node:buffer'
import { moment } from '../../car/field.ts'
import type { Bound } from '../cut-records.ts'
import { idAt } from '../record-id.ts'
import type { Gone, GonePage, Outcome, Reply } from '../source.ts'
import { readEnvelope } from './envelope.ts'
import { goneLabel } from './request.ts'

/** A row has a few numbers and dates. Parsed, a text may take many times its memory. */
const MAX_ROW_BYTES = 64 << 10

/** null for a row that names no car or no instant: a hint that cannot be used is none. Throws SyntaxError. */
const goneIn = (bytes: Buffer, { start, end }: Bound): Gone | null => {
  if (end - start > MAX_ROW_BYTES) return null
  const row: unknown = JSON.parse(bytes.toString('utf8', start, end))
  if (typeof row !== 'object' || row === null) return null
  const { sourceId } = idAt(bytes, start, end, 'car_id')
  const at = moment((row as { archived_at?: unknown }).archived_at, 'archived_at', [])
  return sourceId === null || at === null ? null : { sourceId, at }
}

/** A page of the removal feed: flat rows that name a car by `car_id`. */
export const readGone = (reply: Reply, ask: { pageSize: number; page: number }): Outcome<GonePage> => {
  const label = goneLabel(ask.page)
  const read = readEnvelope(reply, label, ask.pageSize)
  if (read.kind !== 'data') return read
  const { bytes, bounds, hasNext, currentPage } = read.data
  const doubtful = (got: string): Outcome<never> => ({
    kind: 'retry',
    why: `Cannot read ${label} as asked: got ${got}`,
  })
  if (hasNext === null) return doubtful('no `links.next` that says whether this is the last page')
  if (currentPage !== null && currentPage !== ask.page) return doubtful(`page ${currentPage}`)
  if (bounds.length === 0 && hasNext) return doubtful('an empty page that is not the last one')
  try {
    const gone = bounds.map((bound) => goneIn(bytes, bound)).filter((each) => each !== null)
    return { kind: 'data', data: { gone, hasNext } }
  } catch {
    return doubtful('JSON that is broken')
  }
}
