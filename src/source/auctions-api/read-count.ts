import type { Outcome, Reply } from '../source.ts'
import { doubt } from './doubt.ts'
import { readEnvelope } from './envelope.ts'
import { countLabel } from './request.ts'

/**
 * How many cars the filter has; null where the API answers properly but without `meta.total`. An answer that could not be
 * the page that was asked for tells no count: to believe that there is none would cost the run its proof.
 */
export const readCount = (reply: Reply): Outcome<number | null> => {
  const read = readEnvelope(reply, countLabel, 1)
  if (read.kind !== 'data') return read
  const wrong = doubt(read.data, 1)
  if (wrong !== null) return { kind: 'retry', why: `Cannot read ${countLabel}: got ${wrong}` }
  return { kind: 'data', data: read.data.total }
}
