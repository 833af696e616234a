import { Buffer } from 'node:buffer'
import { refusal } from '../refusal.ts'
import type { Outcome, Reply } from '../source.ts'
import { carLabel } from './request.ts'

const GONE = [404, 410]

/** One car, and what an answer says around it. Parsed, it may take many times that. */
const MAX_ANSWER_BYTES = 8 << 20

/** The answer as a JSON object, or null; null also where it is larger than any car. */
const objectIn = (body: Uint8Array): Readonly<Record<string, unknown>> | null => {
  if (body.byteLength > MAX_ANSWER_BYTES) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/**
 * Whether the car that was asked for by id is there. "Not found" counts only where the API itself says so, in JSON: a
 * proxy that has lost its way says 404 to everything. An answer about another car is `retry`.
 */
export const readPresence = (reply: Reply, sourceId: string): Outcome<boolean> => {
  const label = carLabel(sourceId)
  const answer = objectIn(reply.body)
  if (GONE.includes(reply.status) && answer !== null && !Object.hasOwn(answer, 'data'))
    return { kind: 'data', data: false }
  const refused = refusal(reply, label, 1)
  if (refused) return refused
  const car = answer?.data as { id?: unknown } | null | undefined
  const id = typeof car === 'object' && car !== null ? car.id : null
  // Anything else than text or number may have no text, or an endless one.
  if ((typeof id === 'string' || typeof id === 'number') && String(id) === sourceId) return { kind: 'data', data: true }
  return { kind: 'retry', why: `Cannot read ${label} as JSON with that car in \`data\`: got something else` }
}
