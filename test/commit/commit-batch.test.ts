import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Arrived, type CommitSettings, commitBatch, takeBatch } from '../../src/commit/commit-batch.ts'
import type { ReadPage } from '../../src/commit/examine-pages.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import { cutRecords } from '../../src/source/cut-records.ts'
import type { SourcePage } from '../../src/source/source.ts'
import type { Known } from '../../src/store/known-cars.ts'
import { recordWith } from '../source/fixture.ts'

const pageOf = (page: number, bytes: Buffer, records: SourcePage['records']): Arrived => ({
  ask: { segment: 0, pageSize: 50, page, attempt: 1 },
  page: {
    sweep: 0,
    segment: 'all',
    pageSize: 50,
    page,
    readAt: 0,
    content: { bytes, records, hasNext: true, pageSize: 50, total: null, repaired: false },
  } satisfies ReadPage,
  bytes: bytes.length,
})

const sized = (page: number, rows: number, bytes = 1): Arrived => ({
  ...pageOf(page, Buffer.alloc(1), Array(rows)),
  bytes,
})

/** The pages of one batch after the other. */
const batches = (ready: Arrived[]): number[][] => {
  const all: number[][] = []
  while (ready.length > 0) all.push(takeBatch(ready).map(({ page }) => page.page))
  return all
}

describe('takeBatch', () => {
  it('takes pages in their order up to a thousand rows', () => {
    assert.deepEqual(batches([sized(1, 400), sized(2, 600), sized(3, 1), sized(4, 999), sized(5, 1)]), [
      [1, 2],
      [3, 4],
      [5],
    ])
  })

  it('takes pages up to 8 MB', () => {
    assert.deepEqual(batches([sized(1, 1, 5 << 20), sized(2, 1, 3 << 20), sized(3, 1, 1)]), [[1, 2], [3]])
  })

  it('takes one page, however large', () => {
    assert.deepEqual(batches([sized(1, 5000, 50 << 20), sized(2, 1)]), [[1], [2]])
  })
})

describe('commitBatch', () => {
  const arrivedWith = (page: number, text: string): Arrived => {
    const bytes = Buffer.from(`{"data":[${text}]}`)
    const cut = cutRecords(bytes)
    assert.ok(cut.kind !== 'broken')
    const records = cut.bounds.map((bound) => ({ ...bound, sourceId: `${page}`, fingerprint: '0'.repeat(32) }))
    return pageOf(page, bytes, records)
  }
  const settings = (
    written: number[][],
    repeated = false,
    told = { distrust: 0 },
    took: number[] = [],
  ): CommitSettings => {
    let now = 0
    return {
      world: { now: () => now },
      source: auctionsApi,
      store: {
        commitPages: async (_: unknown, batch: { pages: { page: number }[] }) => {
          written.push(batch.pages.map(({ page }) => page))
          now += 40
          return { pages: batch.pages.map(({ page }) => ({ inserted: page, updated: 0, rejected: 0 })), repeated }
        },
      },
      lookUps: {
        knownCars: async ({ records }: { records: unknown[] }) =>
          records.map((_, index): Known => ({ index, kind: 'new' })),
        distrust: () => told.distrust++,
      },
      commit: {},
      wantRaw: true,
      onCommit: (tookMs: number) => took.push(tookMs),
    } as unknown as CommitSettings
  }

  it('writes what can be read, and tells each page what came of it', async () => {
    const [good, bad, other] = [
      arrivedWith(1, JSON.stringify(recordWith())),
      arrivedWith(2, '{"id":2,"year":01}'),
      arrivedWith(3, JSON.stringify(recordWith())),
    ]
    const written: number[][] = []
    const took: number[] = []
    const { committed, broken } = await commitBatch(settings(written, false, undefined, took), [good, bad, other])
    assert.deepEqual(took, [40], 'one transaction')
    assert.deepEqual(written, [[1, 3]])
    assert.deepEqual(
      committed.map(({ arrived, counts }) => [arrived.page.page, counts.inserted]),
      [
        [1, 1],
        [3, 3],
      ],
    )
    assert.equal(broken.length, 1)
    assert.equal(broken[0]!.arrived, bad)
  })

  it('tells when a car that was taken for new was stored already', async () => {
    const told = { distrust: 0 }
    const page = arrivedWith(1, JSON.stringify(recordWith()))
    await commitBatch(settings([], false, told), [page])
    assert.equal(told.distrust, 0)
    await commitBatch(settings([], true, told), [page])
    assert.equal(told.distrust, 1)
  })

  it('writes nothing when no page can be read', async () => {
    const written: number[][] = []
    const { committed, broken } = await commitBatch(settings(written), [arrivedWith(2, '{"id":2,"year":01}')])
    assert.deepEqual([committed.length, broken.length, written.length], [0, 1, 0])
  })
})
