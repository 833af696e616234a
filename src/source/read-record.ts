import { Buffer, isAscii } from 'node:buffer'
import type { Car } from '../car/car.ts'
import { type Flags, isObject, type Members } from '../car/field.ts'
import { hasNumberOutOfRange, MAX_DEPTH, mayBeDeep, mayHoldVastNumber, repairEscapes } from './jsonb-text.ts'
import { recordId } from './record-id.ts'
import { type Seen, skipValue } from './skip-value.ts'
import type { CutRecord, Reading, SourcePage } from './source.ts'

/** No car is described by so many bytes. */
const MAX_RECORD_BYTES = 4 << 20

/**
 * What a source knows of its records. `idName`: the member that has the id. `carOf` reads one as a car; `readAt` is in
 * milliseconds since 1970, and `flags` is filled and becomes the car's own. `driftOf` finds what is not as known. Neither throws.
 */
export type RecordKind = {
  idName: string
  carOf(record: Members, readAt: number, flags: Flags): Car
  driftOf(record: Members): readonly string[]
}

/**
 * One record of a page as a car, or why it is none: `not_an_object`, `id_missing`, `id_malformed`, `too_large`
 * (more than 4 MB), `too_deep` (more than 512 levels), `number_out_of_range` (`jsonb` cannot hold it). `raw` is a view of the page's own bytes wherever
 * `jsonb` takes them as they are, so the page lives as long as it does. `readAt` in milliseconds since 1970. Throws
 * SyntaxError when the bytes are not JSON.
 */
export const readRecord = (
  page: SourcePage,
  record: CutRecord,
  readAt: number,
  { idName, carOf, driftOf }: RecordKind,
): Reading => {
  const bytes = page.bytes.subarray(record.start, record.end)
  const { sourceId } = record
  // A character a byte: one beyond ASCII makes a string twice as wide, and slower to search and to parse.
  const narrow = bytes.toString('latin1')
  const given = isAscii(bytes) ? narrow : bytes.toString('utf8')
  const monstrous = (reason: string): Reading => ({
    kind: 'rejected',
    sourceId,
    rejection: { reason, path: '' },
    payload: given,
    drift: [],
  })
  // Before it is parsed: a parsed record may take many times the memory of its text.
  if (bytes.length > MAX_RECORD_BYTES || mayBeDeep(narrow)) {
    const seen: Seen = { depth: 0 }
    if (skipValue(bytes, 0, seen) < 0) throw new SyntaxError('the record does not end')
    if (bytes.length > MAX_RECORD_BYTES) return monstrous('too_large')
    if (seen.depth > MAX_DEPTH) return monstrous('too_deep')
  }
  const text = repairEscapes(given)
  const parsed: unknown = JSON.parse(text)
  const drift = isObject(parsed) ? driftOf(parsed) : []
  const reject = (reason: string, path = ''): Reading => ({
    kind: 'rejected',
    sourceId,
    rejection: { reason, path },
    payload: given,
    drift,
  })
  if (sourceId === null) {
    const id = recordId(page.bytes, record.start, record.end, idName)
    const reason = id.sourceId === null ? id.reason : 'id_malformed'
    return reject(reason, reason === 'not_an_object' ? '' : idName)
  }
  if (mayHoldVastNumber(narrow) && hasNumberOutOfRange(text)) return reject('number_out_of_range')
  const flags: Flags = []
  // Bytes that were no UTF-8 were replaced in the page as a whole; this tells whether in this record.
  if (text !== given || (page.repaired && given.includes('\ufffd'))) flags.push('text_repaired')
  const car = carOf(parsed as Members, readAt, flags)
  return { kind: 'car', sourceId, car, raw: text === given ? bytes : Buffer.from(text), parsed, drift }
}
