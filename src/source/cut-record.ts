import { Buffer } from 'node:buffer'
import type { Bound } from './cut-records.ts'
import { fingerprintOf } from './fingerprint.ts'
import { recordId } from './record-id.ts'
import type { CutRecord, SourcePage } from './source.ts'

/** The record that lies there, with its fingerprint and its id, which is its member `idName`. */
export const cutRecord = (bytes: Buffer, { start, end }: Bound, idName = 'id'): CutRecord => ({
  start,
  end,
  sourceId: recordId(bytes, start, end, idName).sourceId,
  fingerprint: fingerprintOf(bytes.subarray(start, end)),
})

/**
 * One record that was kept as text, as the only one of a page. What the text could not hold was replaced by U+FFFD when it
 * was kept.
 */
export const keptRecord = (payload: string, idName = 'id'): SourcePage => {
  const bytes = Buffer.from(payload)
  const records = [cutRecord(bytes, { start: 0, end: bytes.length }, idName)]
  return { bytes, records, hasNext: true, pageSize: 1, total: null, repaired: true }
}
