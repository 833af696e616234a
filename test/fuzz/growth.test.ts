/** Texts that are made to take long: no reader may take more than in proportion to what it reads. */
import { describe, it } from 'node:test'
import { sameRecord } from '../../src/car/same-record.ts'
import { readLimits, retryAfterMs } from '../../src/pace/header/limit-headers.ts'
import { redactOf } from '../../src/request/redact.ts'
import { cutRecords } from '../../src/source/cut-records.ts'
import { fingerprintOf } from '../../src/source/fingerprint.ts'
import { guessList } from '../../src/source/guess-list.ts'
import { hasNumberOutOfRange, repairEscapes } from '../../src/source/jsonb-text.ts'
import { recordId } from '../../src/source/record-id.ts'
import { sources } from '../../src/source/sources.ts'
import { READ_AT } from '../source/fixture.ts'
import { assertLinear } from '../support/growth.ts'

/** `n` is about the number of characters. */
const many = (n: number, piece: string): string => piece.repeat(Math.ceil(n / piece.length))

/** Records as a source could send them, and what only looks like one: records are fingerprinted before they are parsed. */
const MONSTERS: Record<string, (n: number) => string> = {
  'stamps that are alone in their object': (n) => `{"id":1,"a":[${many(n, '{"updated_at":1},')}0]}`,
  'stamps at the end of their object': (n) => `{"id":1,"a":[${many(n, '{"b":1 , "x_updated_at":"y"},')}0]}`,
  'stamps behind each other': (n) => `{"id":1,${many(n, '"updated_at":1 , ')}"b":2}`,
  'stamps without commas': (n) => `{"id":1,"b":[${many(n / 2, ' ')}${many(n / 2, '"updated_at":1 ')}]}`,
  'commas before stamps': (n) => `{"id":1${many(n / 2, ', ')}${many(n / 2, '"updated_at":1 ')}}`,
  'commas that come and go': (n) => `{"id":1${many(n, ', "updated_at":1 "updated_at":1 ')}}`,
  'a stamp without an end': (n) => `{"id":1,"a_updated_at":"${many(n, 'x\\"')}"}`,
  'a key without an end': (n) => `{"id":1,"${many(n, '\\"_')}_updated_at":1}`,
  'runs of digits': (n) => `{"id":1,"a":"${many(n, `${'9'.repeat(16_382)} `)}"}`,
  'numbers of many digits': (n) => `{"id":1,"a":[${many(n, `${'9'.repeat(16_000)},`)}0]}`,
  'digits and points': (n) => `{"id":1,"a":[${many(n, '1.1.1.1')}]}`,
  exponents: (n) => `{"id":1,"a":[${many(n, '1e1,')}0]}`,
  backslashes: (n) => `{"id":1,"a":"${many(n, '\\\\')}"}`,
  escapes: (n) => `{"id":1,"a":"${many(n, '\\ud800\\u0000')}"}`,
  'half escapes': (n) => `{"id":1,"a":"${many(n, '\\\\ud800')}"}`,
  brackets: (n) => `{"id":1,"a":[${many(n, '[],')}0]}`,
  depth: (n) => `{"id":1,"a":${'['.repeat(n / 2)}${']'.repeat(n / 2)}}`,
  quotes: (n) => `{"id":1,"a":[${many(n, '"",')}0]}`,
  blanks: (n) => `{"id":1,"a":[${many(n, ' ')}0]}`,
  ids: (n) => `{"a":1,${many(n, '"id":7,')}"id":8}`,
  'escaped keys': (n) => `{"a":1,${many(n, '"\\u0069d":7,')}"b":8}`,
  lots: (n) => `{"id":1,"lots":[${many(n, '{"id":1,"status":{"id":3}},')}0]}`,
  images: (n) => `{"id":1,"lots":[{"images":{"normal":[${many(n, '"a",0,')}0]}}]}`,
  'keys of every kind': (n) =>
    `{"id":1,${Array.from({ length: n / 16 }, (_, i) => `"k${i}_updated_at":${i},"j${i}":0`).join()}}`,
}

const READERS: Record<string, (text: string) => unknown> = {
  fingerprintOf: (text) => fingerprintOf(Buffer.from(text)),
  hasNumberOutOfRange,
  repairEscapes,
  cutRecords: (text) => cutRecords(Buffer.from(`{"data":[${text}]}`)),
  guessList: (text) => cutRecords(Buffer.from(`{"data":[{"id":1,"a":2},{"id":2,"a":${text}}]}`), guessList),
  recordId: (text) => recordId(Buffer.from(text), 0, text.length),
  redactOf: (text) => redactOf('updated_at":1').bytes(Buffer.from(text)),
  readRecord: (text) => {
    const bytes = Buffer.from(text)
    const page = { bytes, records: [], hasNext: false, pageSize: 1, total: null, repaired: false }
    try {
      const record = { start: 0, end: bytes.length, sourceId: '1', fingerprint: '' }
      sources.auctionsapi.readRecord(page, record, READ_AT)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  },
}

describe('a text that is made to take long', () => {
  for (const [name, reader] of Object.entries(READERS))
    it(`does not (${name})`, () => {
      for (const [kind, make] of Object.entries(MONSTERS))
        assertLinear(kind, 64_000, (size) => {
          const text = make(size)
          return () => reader(text)
        })
    })

  it('does not when it is compared', () => {
    assertLinear('sameRecord', 8000, (size) => {
      const parse = (): unknown => JSON.parse(`{${Array.from({ length: size }, (_, i) => `"k${i}":[{"a":${i}}]`)}}`)
      const [one, other] = [parse(), parse()]
      return () => sameRecord(one, other)
    })
  })

  it('does not in a header', () => {
    const pieces = ['"a";', '1,', '1;w=1,', 'a=1,', ' ', '\t;', '"\\"', '1s', '9', '0.', ':', '00:00 ', '(', 'Z', '?1,']
    for (const piece of pieces)
      assertLinear(piece, 4000, (size) => {
        const headers = { get: () => many(size, piece) }
        return () => [readLimits(headers, READ_AT), retryAfterMs(headers, READ_AT)]
      })
  })
})
