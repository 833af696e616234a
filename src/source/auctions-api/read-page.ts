import { cutRecord } from '../cut-record.ts'
import type { Outcome, PageAsk, Reply, SourcePage } from '../source.ts'
import { doubt } from './doubt.ts'
import { readEnvelope } from './envelope.ts'
import { pageLabel } from './request.ts'

/**
 * A page of the listing. An empty one is believed only with the source's own end mark; everything doubtful is `retry`,
 * because a page wrongly taken for the end loses all cars behind it.
 */
export const readPage = (reply: Reply, ask: PageAsk): Outcome<SourcePage> => {
  const read = readEnvelope(reply, pageLabel(ask), ask.pageSize, ask.mayGuess)
  if (read.kind !== 'data') return read
  const envelope = read.data
  const wrong = doubt(envelope, ask.page)
  if (wrong !== null) return { kind: 'retry', why: `Cannot read ${pageLabel(ask)} as asked: got ${wrong}` }
  const { bytes, bounds, repaired, total } = envelope
  const hasNext = envelope.hasNext === true
  return {
    kind: 'data',
    data: {
      bytes,
      records: bounds.map((bound) => cutRecord(bytes, bound)),
      hasNext,
      pageSize: envelope.perPage ?? (hasNext ? bounds.length : ask.pageSize),
      total,
      repaired,
    },
  }
}
