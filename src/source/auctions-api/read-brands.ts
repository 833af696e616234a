import type { Buffer } from 'node:buffer'
import { integer, text } from '../../car/field.ts'
import type { Bound } from '../cut-records.ts'
import { recordId } from '../record-id.ts'
import type { Brand, Outcome, Reply } from '../source.ts'
import { readEnvelope } from './envelope.ts'
import { brandsLabel } from './request.ts'

/** A brand has a name and some numbers. Parsed, a text may take many times its memory. */
const MAX_ENTRY_BYTES = 64 << 10

/** null for an entry that cannot be asked for: without an id, not an object, or far too long. Throws SyntaxError. */
const brandIn = (bytes: Buffer, { start, end }: Bound): Brand | null => {
  if (end - start > MAX_ENTRY_BYTES) return null
  const entry = JSON.parse(bytes.toString('utf8', start, end))
  const id = recordId(bytes, start, end).sourceId
  if (id === null) return null
  const count = integer(entry.cars_qty, 'count', [], { min: 0, max: Number.MAX_SAFE_INTEGER })
  return { id, name: text(entry.name, 'name', []) ?? id, count }
}

/** The brands. The list is not paged, so it needs no end mark; an empty one is doubted, since the plan is made of it once. */
export const readBrands = (reply: Reply): Outcome<Brand[]> => {
  const read = readEnvelope(reply, brandsLabel, 1)
  if (read.kind !== 'data') return read
  const { bytes, bounds } = read.data
  if (bounds.length === 0) return { kind: 'retry', why: `Cannot read ${brandsLabel}: got an empty list` }
  try {
    const brands = bounds.map((bound) => brandIn(bytes, bound)).filter((brand) => brand !== null)
    return { kind: 'data', data: brands }
  } catch {
    return { kind: 'retry', why: `Cannot read ${brandsLabel} as JSON with a \`data\` list: got JSON that is broken` }
  }
}
