import { Buffer } from 'node:buffer'
import { isObject } from '../../car/field.ts'
import { withoutMark } from '../read-list.ts'
import { memberAt, recordId } from '../record-id.ts'
import { refusal } from '../refusal.ts'
import { skipSpace } from '../skip-value.ts'
import type { Outcome, Reply } from '../source.ts'
import { carLabel } from './request.ts'

const GONE = [404, 410]

/** One car, and what an answer says around it. Parsed, it may take many times that. */
const MAX_ANSWER_BYTES = 8 << 20

/** Whether this is a JSON object; one that is larger than any car is none. */
const holdsObject = (bytes: Buffer): boolean => {
  if (bytes.byteLength > MAX_ANSWER_BYTES) return false
  try {
    return isObject(JSON.parse(bytes.toString()))
  } catch {
    return false
  }
}

/**
 * Whether the car that was asked for by id is there. "Not found" counts only where the API itself says so, in JSON: a
 * proxy that has lost its way says 404 to everything. An answer about another car is `retry`.
 */
export const readPresence = (reply: Reply, sourceId: string): Outcome<boolean> => {
  const label = carLabel(sourceId)
  const { buffer, byteOffset, byteLength } = reply.body
  const bytes = withoutMark(Buffer.from(buffer, byteOffset, byteLength))
  const answers = holdsObject(bytes)
  const car = answers ? memberAt(bytes, skipSpace(bytes, 0), bytes.length, 'data') : null
  if (GONE.includes(reply.status) && answers && car === null) return { kind: 'data', data: false }
  const refused = refusal(reply, label, 1)
  if (refused) return refused
  if (car !== null && recordId(bytes, car.start, car.end).sourceId === sourceId) return { kind: 'data', data: true }
  return { kind: 'retry', why: `Cannot read ${label} as JSON with that car in \`data\`: got something else` }
}
