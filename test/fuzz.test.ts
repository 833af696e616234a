/**
 * Listings as the source sends them, bent in thousands of ways, from the bytes to the table: nothing throws, nothing is
 * lost, and the database takes whatever the readers let through. `FUZZ_RUNS` multiplies the tries.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { examinePages } from '../src/commit/examine-pages.ts'
import { readLimits, retryAfterMs } from '../src/pace/header/limit-headers.ts'
import type { Outcome, Reply, SourcePage } from '../src/source/source.ts'
import { sources } from '../src/source/sources.ts'
import { commitPages } from '../src/store/commit-pages.ts'
import { textArray } from '../src/store/database.ts'
import { knownCars } from '../src/store/known-cars.ts'
import { listing, lotWith, READ_AT, recordWith } from './source/fixture.ts'
import { begin } from './store/fixture.ts'
import { anyCharacter } from './support/any-character.ts'
import { newDatabase } from './support/databases.ts'

const SOURCE = sources.auctionsapi
const ASK = { filter: {}, pageSize: 50, page: 1 }
const TRIES = Number(process.env.FUZZ_RUNS ?? 1)

const replyOf = (status: number, body: Uint8Array, headers: Record<string, string> = {}): Reply => ({
  kind: 'reply',
  status,
  headers: new Headers({ 'content-type': 'application/json', ...headers }),
  body,
  sentAt: READ_AT,
  receivedAt: READ_AT,
})

/** What fields hold in real life, and what they might. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    '0',
    '-1',
    'null',
    'NaN',
    '1e5',
    '١٢٣',
    '\u0000',
    '\ud800',
    '2026-02-30',
    '9999-12-31 24:61:61',
  ),
  fc.constantFrom<unknown>(0, -0, -1, 1e21, 1e308, 5e-324, 2 ** 53, 4.5, Number.MAX_SAFE_INTEGER, true, false),
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
)

type Json = Record<string, unknown>

/** Puts `value` where `path` leads, or takes away what is there; the path is made to fit. */
const bend = (root: Json, path: readonly number[], value: unknown, remove: boolean): void => {
  let at: unknown = root
  for (const [depth, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) return
    const keys = Object.keys(at)
    if (keys.length === 0) return
    const key = keys[step % keys.length]!
    const inner: unknown = (at as Json)[key]
    const last = depth === path.length - 1 || typeof inner !== 'object' || inner === null
    if (!last) at = inner
    else if (remove) return void delete (at as Json)[key]
    else {
      ;(at as Json)[key] = value
      return
    }
  }
}

const bends = fc.array(fc.tuple(fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), odd, fc.boolean()), {
  maxLength: 6,
})
const bentRecord = (id: number) =>
  bends.map((all) => {
    const record = recordWith({ id, lots: [lotWith({ id: id * 10 }), lotWith({ id: id * 10 + 1, status: { id: 6 } })] })
    const copy = structuredClone(record) as Json
    for (const [path, value, remove] of all) bend(copy, path, value, remove)
    return copy
  })

/** Bytes turned, cut out or doubled. */
const scratch = fc.array(
  fc.tuple(fc.constantFrom('turn', 'cut', 'double'), fc.nat(), fc.integer({ min: 0, max: 255 })),
  { maxLength: 4 },
)
const scratched = (body: Buffer, marks: readonly (readonly [string, number, number])[]): Buffer => {
  let bytes = Buffer.from(body)
  for (const [kind, where, what] of marks) {
    const at = where % Math.max(1, bytes.length)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    if (kind === 'turn') bytes[at] = what
    else if (kind === 'cut') bytes = Buffer.concat([before, after.subarray(what)])
    else bytes = Buffer.concat([before, after.subarray(0, what), after])
  }
  return bytes
}

const KINDS = ['data', 'slow-down', 'retry', 'smaller-page', 'stop']

/** Reads a page to the last record; anything but a SyntaxError of a record is a defect. */
const readAll = (outcome: Outcome<SourcePage>): number => {
  assert.ok(KINDS.includes(outcome.kind))
  if (outcome.kind !== 'data') return 0
  for (const record of outcome.data.records)
    try {
      const reading = SOURCE.readRecord(outcome.data, record, READ_AT)
      if (reading.kind === 'rejected') assert.ok(reading.rejection.reason.length > 0)
      else JSON.parse(Buffer.from(reading.raw).toString())
    } catch (error) {
      assert.ok(error instanceof SyntaxError, String(error))
    }
  return outcome.data.records.length
}

describe('a listing that is bent', () => {
  it('in its bytes is read or not believed, never more', () => {
    const body = Buffer.from(
      JSON.stringify(listing([recordWith(), recordWith({ id: 1002 }), recordWith({ id: 1003 })])),
    )
    fc.assert(
      fc.property(
        scratch,
        fc.constantFrom(200, 200, 200, 204, 301, 400, 401, 404, 429, 500, 503, 999),
        (marks, status) => {
          const reply = replyOf(status, scratched(body, marks))
          readAll(SOURCE.readPage(reply, ASK))
          for (const outcome of [
            SOURCE.readCount(reply),
            SOURCE.readBrands(reply),
            SOURCE.feeds!.readGone(reply, ASK),
            SOURCE.lookup!.read(reply, '1001'),
          ])
            assert.ok(KINDS.includes(outcome.kind))
        },
      ),
      { numRuns: 3000 * TRIES },
    )
  })

  it('in its members, and in its headers, is read or not believed', () => {
    const header = fc.oneof(
      odd.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
      fc.constantFrom('120', '-5', 'Wed, 25 Nov 2026 00:00:00 GMT', '1;w=60', '"a";r=0;t=9'),
    )
    const names = [
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'date',
      'age',
    ]
    fc.assert(
      fc.property(bends, fc.array(header, { minLength: names.length, maxLength: names.length }), (all, values) => {
        const root = structuredClone(listing([recordWith()], { next: 'x', meta: { total: 5 } })) as Json
        for (const [path, value, remove] of all) bend(root, path, value, remove)
        const outcome = SOURCE.readPage(replyOf(200, Buffer.from(JSON.stringify(root))), ASK)
        readAll(outcome)
        const headers = { get: (name: string) => values[names.indexOf(name)] ?? null }
        for (const limit of readLimits(headers, READ_AT))
          assert.ok(Object.values(limit).every((each) => typeof each !== 'number' || each >= 0))
        const wait = retryAfterMs(headers, READ_AT)
        assert.ok(wait === null || (Number.isFinite(wait) && wait >= 0))
      }),
      { numRuns: 2000 * TRIES },
    )
  })

  it('in its records is stored, every record as a car or a reject', async () => {
    const db = await newDatabase('postgres')
    const begun = await begin(db)
    let page = 0
    await fc.assert(
      fc.asyncProperty(fc.tuple(...Array.from({ length: 25 }, (_, i) => bentRecord(1000 + i))), async (records) => {
        const outcome = SOURCE.readPage(replyOf(200, Buffer.from(JSON.stringify(listing(records)))), ASK)
        if (outcome.kind !== 'data') return assert.fail(outcome.why)
        const read = {
          sweep: 0,
          segment: 'all',
          pageSize: 50,
          page: ++page,
          readAt: READ_AT + page * 1000,
          content: outcome.data,
        }
        const store = {
          knownCars: (question: Parameters<Parameters<typeof examinePages>[1]['knownCars']>[0]) =>
            knownCars(db, begun.names, question.reader, question.wantRaw, question.records),
        }
        const { batch, broken } = await examinePages(SOURCE, store, [read], true)
        assert.deepEqual(broken, [])
        await commitPages(db, begun.context, batch)
        const ids = batch.pages[0]!.ids
        const [kept] = await db.query(
          `select (select count(*)::int from cars where source = $1 and source_id = any($2::text::text[])) as cars,
                  (select count(*)::int from carsync.rejects where source = $1 and page = $3::int) as rejects`,
          [begun.source, textArray(ids), page],
        )
        const distinct = new Set(ids).size
        // A car that was stored by an earlier page may be a reject now: it counts on both sides.
        assert.ok(kept!.cars + kept!.rejects >= distinct, JSON.stringify({ ...kept, distinct }))
        assert.ok(kept!.rejects >= 25 - ids.length)
      }),
      { numRuns: 60 * TRIES },
    )
  })
})
