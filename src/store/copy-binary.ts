/**
 * Rows in the binary format of COPY: about a third of the cost of text, and the source's own bytes go through as `raw`
 * without being decoded. Formats: PostgreSQL documentation, "COPY, Binary Format", and the `*_recv` functions.
 */
import { Buffer } from 'node:buffer'
import type { FieldType } from '../car/car.ts'

export type ColumnType = FieldType | 'jsonb' | 'uuid' | 'smallint' | 'boolean'

type FixedType = Exclude<ColumnType, 'text' | 'numeric' | 'text[]' | 'jsonb'>

const FIXED_BYTES: Readonly<Record<FixedType, number>> = {
  int: 4,
  smallint: 2,
  boolean: 1,
  bigint: 8,
  timestamptz: 8,
  uuid: 16,
}

export type Value = string | number | boolean | Uint8Array | readonly string[] | null

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TEXT_OID = 25
/** Microseconds from 1970 to 2000, where Postgres begins to count. */
const EPOCH_US = 946_684_800_000_000n
const PART_BYTES = 256 * 1024

/** The digits of a decimal number as Postgres holds a numeric: groups of four, counted from the decimal point. */
const numericGroups = (text: string): { negative: boolean; weight: number; scale: number; groups: number[] } => {
  const negative = text.startsWith('-')
  const [whole = '', fraction = ''] = (negative ? text.slice(1) : text).split('.')
  const left = whole.replace(/^0+/, '')
  const padded =
    left.padStart(Math.ceil(left.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')
  const groups: number[] = []
  for (let i = 0; i < padded.length; i += 4) groups.push(Number(padded.slice(i, i + 4)))
  let weight = Math.ceil(left.length / 4) - 1
  while (groups.length > 0 && groups[0] === 0) {
    groups.shift()
    weight--
  }
  while (groups.length > 0 && groups.at(-1) === 0) groups.pop()
  return {
    negative: negative && groups.length > 0,
    weight: groups.length === 0 ? 0 : weight,
    scale: fraction.length,
    groups,
  }
}

/**
 * The rows as COPY wants them, in parts of about a quarter of a megabyte. The parts are made while they are sent and
 * share one buffer: each is valid only until the next is asked for. Values must fit the types: readers see to that.
 */
export function* copyRows(types: readonly ColumnType[], rows: Iterable<readonly Value[]>): Generator<Uint8Array> {
  let buffer = Buffer.allocUnsafe(PART_BYTES * 2)
  let at = HEADER.copy(buffer)

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }
  const int32 = (value: number): void => {
    at = buffer.writeInt32BE(value, at)
  }
  const text = (value: string): void => {
    // One unit of UTF-16 is at most three bytes of UTF-8.
    room(4 + value.length * 3)
    const bytes = buffer.write(value, at + 4)
    int32(bytes)
    at += bytes
  }
  const json = (value: Uint8Array): void => {
    room(5 + value.byteLength)
    int32(value.byteLength + 1)
    // The version of jsonb's wire format; the text follows.
    buffer[at++] = 1
    buffer.set(value, at)
    at += value.byteLength
  }
  const texts = (items: readonly string[]): void => {
    let size = 20
    for (const item of items) size += 4 + item.length * 3
    room(4 + size)
    const start = at
    at += 4
    int32(items.length === 0 ? 0 : 1)
    int32(0)
    int32(TEXT_OID)
    if (items.length > 0) {
      int32(items.length)
      int32(1)
      for (const item of items) text(item)
    }
    buffer.writeInt32BE(at - start - 4, start)
  }
  const numeric = (value: string): void => {
    const { negative, weight, scale, groups } = numericGroups(value)
    room(12 + groups.length * 2)
    int32(8 + groups.length * 2)
    at = buffer.writeInt16BE(groups.length, at)
    at = buffer.writeInt16BE(weight, at)
    at = buffer.writeUInt16BE(negative ? 0x4000 : 0, at)
    at = buffer.writeInt16BE(scale, at)
    for (const group of groups) at = buffer.writeInt16BE(group, at)
  }
  const fixed = (type: FixedType, value: string | number | boolean): void => {
    int32(FIXED_BYTES[type])
    switch (type) {
      case 'int':
        at = buffer.writeInt32BE(value as number, at)
        break
      case 'smallint':
        at = buffer.writeInt16BE(value as number, at)
        break
      case 'boolean':
        buffer[at++] = value ? 1 : 0
        break
      case 'bigint':
        at = buffer.writeBigInt64BE(BigInt(value as number), at)
        break
      case 'timestamptz':
        at = buffer.writeBigInt64BE(BigInt(Math.round((value as number) * 1000)) - EPOCH_US, at)
        break
      case 'uuid':
        at += buffer.write(value as string, at, 'hex')
        break
    }
  }
  const field = (type: ColumnType, value: Value): void => {
    // The longest of fixed length: a uuid and the four bytes that say so.
    room(20)
    if (value === null) int32(-1)
    else if (type === 'text') text(value as string)
    else if (type === 'numeric') numeric(value as string)
    else if (type === 'text[]') texts(value as readonly string[])
    else if (type === 'jsonb') json(value as Uint8Array)
    else fixed(type, value as string | number | boolean)
  }
  for (const row of rows) {
    room(2)
    at = buffer.writeInt16BE(types.length, at)
    for (let i = 0; i < types.length; i++) field(types[i]!, row[i] ?? null)
    if (at < PART_BYTES) continue
    yield buffer.subarray(0, at)
    at = 0
  }
  room(2)
  at = buffer.writeInt16BE(-1, at)
  yield buffer.subarray(0, at)
}
