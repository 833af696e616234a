import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dueInMs, type Gathered, gather, isEnough, joinCommits } from '../../src/commit/gathered.ts'
import type { CarWrite } from '../../src/store/cars-sql.ts'
import type { PageCommit, PageEntry } from '../../src/store/commit-pages.ts'

const entry = (page: number): PageEntry => ({
  sweep: 0,
  segment: 'all',
  pageSize: 50,
  page,
  readAt: 0,
  last: false,
  records: 1,
  ids: [],
  rejects: [],
  positions: new Map(),
})
const write = (sourceId: string, members: Partial<CarWrite> = {}): CarWrite => ({
  sourceId,
  fields: new Uint8Array(10),
  record: new Uint8Array(90),
  keepsRaw: true,
  fingerprint: '0'.repeat(32),
  readAt: 0,
  isNew: false,
  silent: false,
  ...members,
})
/** One page with these cars. */
const commitOf = (page: number, cars: readonly CarWrite[], drift: readonly [string, number][] = []): PageCommit => ({
  pages: [entry(page)],
  cars,
  pageOf: new Map(cars.map(({ sourceId }) => [sourceId, 0])),
  drift: new Map(drift),
})
const gathered = (before: Gathered | null, page: number, cars: readonly CarWrite[], bytes = 0, records = 50, at = 0) =>
  gather(
    before,
    {
      places: [{ ask: { segment: 0, pageSize: 50, page, attempt: 1 }, records }],
      batch: commitOf(page, cars),
      bytes,
    },
    at,
  )
const manyCars = (count: number): CarWrite[] => Array.from({ length: count }, (_, i) => write(`${i}`))

describe('joinCommits', () => {
  it('has the pages of both, the cars of both, and the drift of both', () => {
    const joined = joinCommits(commitOf(1, [write('a')], [['new', 1]]), commitOf(2, [write('b')], [['new', 2]]))
    assert.deepEqual(
      joined.pages.map(({ page }) => page),
      [1, 2],
    )
    assert.deepEqual([...joined.pageOf], [['a', 0], ['b', 1]]) // biome-ignore format: pairs
    assert.deepEqual([...joined.drift], [['new', 3]])
  })

  it('has a car that is in both as it was read last, counted on that page', () => {
    const [early, late] = [write('a', { readAt: 1 }), write('a', { readAt: 2 })]
    for (const [first, second, page] of [
      [early, late, 1],
      [late, early, 0],
      [early, early, 1],
    ] as const) {
      // biome-ignore format: triples
      const joined = joinCommits(commitOf(1, [first]), commitOf(2, [second]))
      assert.deepEqual([joined.cars.length, joined.cars[0]!.readAt], [1, Math.max(first.readAt, second.readAt)])
      assert.equal(joined.pageOf.get('a'), page)
    }
  })
})

describe('gather', () => {
  it('lets go of a page of which little is to be written, and keeps the bytes of one that is written whole', () => {
    const page = new Uint8Array(1000)
    const record = page.subarray(0, 90)
    const light = gathered(null, 1, [write('a', { record })], 1000)
    assert.notEqual(light.batch.cars[0]!.record.buffer, page.buffer)
    assert.equal(light.bytes, 100)
    const heavy = gathered(null, 1, [write('a', { record })], 150)
    assert.equal(heavy.batch.cars[0]!.record.buffer, page.buffer)
    assert.equal(heavy.bytes, 150)
    assert.equal(gathered(light, 2, [write('b')], 150).bytes, 250)
  })

  it('is enough by cars, by bytes, or by records that were read', () => {
    assert.ok(!isEnough(gathered(null, 1, manyCars(499))))
    assert.ok(isEnough(gathered(null, 1, manyCars(500))))
    assert.ok(isEnough(gathered(null, 1, [write('a', { record: new Uint8Array(9 << 20) })], 9 << 20)))
    const almost = gathered(null, 1, [], 0, 7999)
    assert.ok(!isEnough(almost))
    assert.ok(isEnough(gathered(almost, 2, [], 0, 1)))
  })

  it('is due 200 ms after the first page of it came', () => {
    const both = gathered(gathered(null, 1, [], 0, 50, 1000), 2, [], 0, 50, 1150)
    assert.equal(dueInMs(both, 1150), 50)
    assert.equal(dueInMs(both, 1300), 0)
  })
})
