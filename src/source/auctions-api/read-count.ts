import type { Outcome, Reply } from '../source.ts'
import { readEnvelope } from './envelope.ts'
import { countLabel } from './request.ts'

/** How many cars the filter has; null where the API answers properly but without `meta.total`. */
export const readCount = (reply: Reply): Outcome<number | null> => {
  const read = readEnvelope(reply, countLabel, 1)
  return read.kind === 'data' ? { kind: 'data', data: read.data.total } : read
}
