/**
 * Values as Postgres reads them in binary. Formats: PostgreSQL documentation, "COPY, Binary Format", and the `*_recv`
 * functions of its types.
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

const TEXT_OID = 25
/** Microseconds from 1970 to 2000, where Postgres begins to count. */
const EPOCH_US = 946_684_800_000_000
/** Below this many characters a loop is quicker than a call into the runtime. */
const SHORT = 32
const TWO_32 = 2 ** 32

type Numeric = { negative: boolean; weight: number; scale: number; groups: readonly number[] }

const SMALL = /^[1-9]\d{0,7}$/

/** The digits of a decimal number as Postgres holds a numeric: groups of four, counted from the decimal point. */
const numericOf = (text: string): Numeric => {
  if (SMALL.test(text)) {
    const [high, low] = [Math.floor(Number(text) / 10_000), Number(text) % 10_000]
    const groups = high === 0 ? [low] : low === 0 ? [high] : [high, low]
    return { negative: false, weight: high === 0 ? 0 : 1, scale: 0, groups }
  }
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

/** Writes one value after the other into a buffer that grows. */
export type BinaryWriter = {
  int16(value: number): void
  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void
  /** A value with its length before it. It must fit the type: readers see to that. */
  value(type: ColumnType, value: Value): void
  /** How many bytes were written since the last `restart`. */
  size(): number
  /** What was written; valid until the next `restart`. */
  written(): Uint8Array
  restart(): void
}

/** `size`: bytes to begin with. */
export const openWriter = (size: number): BinaryWriter => {
  let buffer = Buffer.allocUnsafe(size)
  let view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  let at = 0

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }
  const int16 = (value: number): void => {
    view.setInt16(at, value)
    at += 2
  }
  const int32 = (value: number): void => {
    view.setInt32(at, value)
    at += 4
  }
  const int64 = (value: number): void => {
    const high = Math.floor(value / TWO_32)
    view.setInt32(at, high)
    view.setUint32(at + 4, value - high * TWO_32)
    at += 8
  }
  const text = (value: string): void => {
    const { length } = value
    // One unit of UTF-16 is at most three bytes of UTF-8.
    room(4 + length * 3)
    let bytes = 0
    if (length < SHORT) {
      const from = at + 4
      for (; bytes < length; bytes++) {
        const code = value.charCodeAt(bytes)
        if (code > 0x7f) break
        buffer[from + bytes] = code
      }
    }
    if (bytes < length) bytes = buffer.write(value, at + 4)
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
    room(32)
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
    view.setInt32(start, at - start - 4)
  }
  const numeric = (value: string): void => {
    const { negative, weight, scale, groups } = numericOf(value)
    room(12 + groups.length * 2)
    int32(8 + groups.length * 2)
    int16(groups.length)
    int16(weight)
    view.setUint16(at, negative ? 0x4000 : 0)
    at += 2
    int16(scale)
    for (const group of groups) int16(group)
  }
  const instant = (ms: number): void => {
    const us = Math.round(ms * 1000)
    if (Number.isSafeInteger(us)) int64(us - EPOCH_US)
    else {
      view.setBigInt64(at, BigInt(us) - BigInt(EPOCH_US))
      at += 8
    }
  }
  const fixed = (type: FixedType, value: string | number | boolean): void => {
    int32(FIXED_BYTES[type])
    if (type === 'int') int32(value as number)
    else if (type === 'smallint') int16(value as number)
    else if (type === 'boolean') buffer[at++] = value ? 1 : 0
    else if (type === 'bigint') int64(value as number)
    else if (type === 'timestamptz') instant(value as number)
    else at += buffer.write(value as string, at, 'hex')
  }
  return {
    int16: (value) => {
      room(2)
      int16(value)
    },
    bytes: (bytes) => {
      room(bytes.byteLength)
      buffer.set(bytes, at)
      at += bytes.byteLength
    },
    value: (type, value) => {
      // The longest of fixed length: a uuid and the four bytes that say so.
      room(20)
      if (value === null) int32(-1)
      else if (type === 'text') text(value as string)
      else if (type === 'numeric') numeric(value as string)
      else if (type === 'text[]') texts(value as readonly string[])
      else if (type === 'jsonb') json(value as Uint8Array)
      else fixed(type, value as string | number | boolean)
    },
    size: () => at,
    written: () => buffer.subarray(0, at),
    restart: () => {
      at = 0
    },
  }
}
