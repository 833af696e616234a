/** Answers of every kind, bent in their members, to every reader of answers: an outcome each time, never a throw. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cutRecords } from '../../src/source/cut-records.ts'
import { hasNumberOutOfRange, repairEscapes } from '../../src/source/jsonb-text.ts'
import { recordId } from '../../src/source/record-id.ts'
import { skipValue } from '../../src/source/skip-value.ts'
import type { Outcome } from '../../src/source/source.ts'
import { sources } from '../../src/source/sources.ts'
import { listing, NEXT, recordWith, reply } from '../source/fixture.ts'
import { anyJson, bendingOf } from '../support/bending.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 1)
const SOURCE = sources.auctionsapi
const ASK = { filter: {}, pageSize: 50, page: 1 }
const ACCESS = { baseUrl: 'https://api.example/v1', apiKey: 'c4nary-key' }

const gone = { car_id: 1001, lot: '70000501', archived_at: '2026-09-09T19:37:39.000000Z' }
const brand = { id: 9, name: 'Audi', cars_qty: 4711 }

const KINDS = ['data', 'slow-down', 'retry', 'smaller-page', 'stop']
const judged = <T>(outcome: Outcome<T>): T | null => {
  assert.ok(KINDS.includes(outcome.kind))
  if (outcome.kind === 'data') return outcome.data
  assert.ok(outcome.why.length < 600 && !/[\p{Cc}]/u.test(outcome.why), outcome.why)
  return null
}

describe('an answer that is bent in its members', () => {
  const statuses = fc.constantFrom(200, 200, 200, 200, 404, 429)

  it('is a page of the listing, a number of cars or brands, or none of it', () => {
    const page = bendingOf(listing([recordWith(), { id: 'x' }, 5], { next: NEXT, meta: { total: 3, last_page: 2 } }))
    fc.assert(
      fc.property(page, statuses, (body, status) => {
        const answer = reply(body, status)
        const read = judged(SOURCE.readPage(answer, ASK))
        if (read !== null) assert.ok(read.pageSize >= 1 && (read.total ?? 0) >= 0)
        const total = judged(SOURCE.readCount(answer))
        assert.ok(total === null || (Number.isSafeInteger(total) && total >= 0))
        judged(SOURCE.readBrands(answer))
      }),
      { numRuns: 1500 * RUNS },
    )
  })

  it('is a list of what is gone, of brands that can be asked for, or neither', () => {
    fc.assert(
      fc.property(bendingOf(listing([gone, gone])), bendingOf(listing([brand, brand])), (feed, brands) => {
        for (const { sourceId, at } of judged(SOURCE.feeds!.readGone(reply(feed), ASK))?.gone ?? []) {
          assert.ok(sourceId.trim() !== '' && at > 0 && Number.isFinite(at))
          assert.ok(URL.canParse(SOURCE.lookup!.request(ACCESS, sourceId).url))
        }
        for (const { id, name, count } of judged(SOURCE.readBrands(reply(brands))) ?? []) {
          assert.ok(id.trim() !== '' && name !== '' && (count === null || count >= 0))
          const asked = SOURCE.pageRequest(ACCESS, { filter: SOURCE.brandFilter([id]), pageSize: 50, page: 1 })
          assert.equal(new URL(asked.url).origin, 'https://api.example')
          assert.ok(!asked.url.includes('c4nary'))
        }
      }),
      { numRuns: 1500 * RUNS },
    )
  })

  it('is a car that is there or not, or tells nothing', () => {
    fc.assert(
      fc.property(bendingOf({ data: recordWith() }), statuses, anyJson, (body, status, other) => {
        judged(SOURCE.lookup!.read(reply(body, status), '1001'))
        judged(SOURCE.lookup!.read(reply(JSON.stringify({ data: { id: other } }), status), '1001'))
      }),
      { numRuns: 1500 * RUNS },
    )
  })

  it('never leads elsewhere, whatever `links.next` says', () => {
    const address = fc.oneof(
      fc.webUrl(),
      fc.constantFrom(
        'http://169.254.169.254/',
        '//evil.example/',
        'javascript:1',
        'file:///etc/passwd',
        '\\\\evil',
        '..',
      ),
      anyJson,
    )
    fc.assert(
      fc.property(address, (next) => {
        const read = judged(SOURCE.readPage(reply(listing([recordWith()], { next })), ASK))
        // Whether there is more is all that is taken from it: no page carries an address.
        assert.ok(read === null || read.hasNext === (typeof next === 'string'))
        if (read !== null) assert.ok(Object.values(read).every((each) => typeof each !== 'string'))
      }),
      { numRuns: 1000 * RUNS },
    )
  })
})

describe('a text that is no JSON, or half of one', () => {
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      ' ',
      '1e999',
      '-',
      '0',
      'null',
      '"data"',
      '"id"',
      '"id":1',
      '\\u0000',
      '\\ud800',
    ],
    ...['"updated_at":', '{"data":[', ']}', '{"id":1,', 'é', '\ufeff', '\u0000'],
  )
  it('is cut and skipped within its bounds', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('')
        const bytes = Buffer.from(text)
        const cut = cutRecords(bytes)
        let before = 0
        if (cut.kind === 'cut')
          for (const { start, end } of cut.bounds) {
            assert.ok(start >= before && end > start && end <= bytes.length)
            before = end
            const id = recordId(bytes, start, end)
            assert.ok(id.sourceId === null || (id.sourceId.length <= 200 && id.sourceId.isWellFormed()))
          }
        for (let at = 0; at < bytes.length; at += 7) assert.ok(skipValue(bytes, at) <= bytes.length)
        assert.equal(typeof hasNumberOutOfRange(text), 'boolean')
        const repaired = repairEscapes(text)
        assert.equal(repairEscapes(repaired), repaired)
      }),
      { numRuns: 4000 * RUNS },
    )
  })
})
