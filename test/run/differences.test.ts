import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { CAR_FIELDS, type CarField } from '../../src/car/car.ts'
import {
  compareCars,
  compareCounts,
  comparePresence,
  latestStamp,
  type Shown,
  type Stored,
} from '../../src/run/differences.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import { dataOf, listing, READ_AT, recordWith, reply } from '../source/fixture.ts'

const page = dataOf(
  auctionsApi.readPage(reply(listing([recordWith({ id: 1 })])), { filter: {}, pageSize: 50, page: 1 }),
)
const reading = auctionsApi.readRecord(page, page.records[0]!, READ_AT)
assert.ok(reading.kind === 'car')
const { car } = reading

const shown = (sourceId: string, stampedAt: number | null = null): Shown => ({ sourceId, car, stampedAt })
/** As the database answers it: a numeric as text, an instant as one of its own. */
const columns = Object.fromEntries(
  Object.entries(car).map(([field, value]) => {
    const type = CAR_FIELDS[field as CarField]
    if (value === null) return [field, null]
    if (type === 'timestamptz') return [field, new Date(value as number).toISOString()]
    return [field, type === 'numeric' ? `${value}.00` : value]
  }),
)
const stored = (members: Partial<Stored> = {}): Stored => ({ columns, readAt: READ_AT, removed: false, ...members })

const kindsOf = (found: ReturnType<typeof compareCars>) => found.map(({ kind, fault }) => [kind, fault])

describe('cars that are compared with their rows', () => {
  const against = (each: Shown, row: Stored | null, rejected: string[] = []) =>
    compareCars([each], new Map([['0', stored()], ...(row === null ? [] : [['1', row] as const])]), new Set(rejected))

  it('do not differ by how the database writes a figure or an instant', () => {
    assert.deepEqual(against(shown('1'), stored()), [])
  })

  it('differ by any field, and are told with both values', () => {
    const [found] = against(shown('1'), stored({ columns: { ...columns, title: 'bent' } }))
    assert.deepEqual([found!.kind, found!.fault, found!.sourceId], ['differs', true, '1'])
    assert.match(found!.message, /^title is "bent" here and ".*" at the source$/)
  })

  it('are at no fault where the source has moved since they were read', () => {
    const row = stored({ columns: { ...columns, title: 'bent' } })
    assert.deepEqual(kindsOf(against(shown('1', READ_AT + 1), row)), [['newer-at-source', false]])
    assert.deepEqual(kindsOf(against(shown('1', READ_AT), row)), [['differs', true]])
  })

  it('are wrong where they are marked removed', () => {
    assert.deepEqual(kindsOf(against(shown('1'), stored({ removed: true }))), [['marked-removed', true]])
  })

  it('are missing, unless they came later or are kept as rejects', () => {
    assert.deepEqual(kindsOf(against(shown('1'), null)), [['missing', true]])
    assert.deepEqual(kindsOf(against(shown('1', READ_AT + 1), null)), [['missing', false]])
    assert.deepEqual(against(shown('1'), null, ['1']), [])
  })
})

describe('counts that are compared', () => {
  it('may be apart by ten cars or by a hundredth, for an inventory moves', () => {
    assert.deepEqual(compareCounts(100, 90, 0), [])
    assert.equal(compareCounts(100, 89, 0)[0]!.kind, 'count')
    assert.deepEqual(compareCounts(10_000, 9_890, 10), [])
    assert.equal(compareCounts(10_000, 9_889, 10)[0]!.fault, true)
    assert.deepEqual(compareCounts(null, 0, 0), [])
  })
})

describe('cars that were asked for by id', () => {
  it('may have gone since, but not all of them', () => {
    const asked = [
      { sourceId: '1', isThere: true },
      { sourceId: '2', isThere: false },
    ]
    assert.deepEqual(kindsOf(comparePresence(asked)), [['gone', false]])
    assert.deepEqual(kindsOf(comparePresence(asked.slice(1))), [
      ['gone', false],
      ['gone', true],
    ])
    assert.deepEqual(comparePresence([]), [])
  })
})

describe('latestStamp', () => {
  it('is the latest of all stamps in a record, at any depth', () => {
    const text =
      '{"updated_at":"2026-01-02T03:04:05Z","lots":[{"created_at" : "2026-02-03 04:05:06"}],"x":"2027-01-01"}'
    assert.equal(latestStamp(Buffer.from(text)), Date.UTC(2026, 1, 3, 4, 5, 6))
  })

  it('is null without a stamp that is a time', () => {
    assert.equal(latestStamp(Buffer.from('{"updated_at":null}')), null)
    assert.equal(latestStamp(Buffer.from('{"updated_at":"2026-99-99T00:00:00"}')), null)
  })
})
