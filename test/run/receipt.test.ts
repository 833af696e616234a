import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  accountedFor,
  balances,
  lackingIn,
  nextPass,
  type Receipt,
  type Suspects,
  startReceipt,
} from '../../src/run/receipt.ts'

/** After a first pass over 1,000 cars of which `lacking` were not met. */
const receipt = (lacking: number, members: Partial<Receipt> = {}): Receipt => ({
  ...startReceipt(1000),
  totalAfter: 1000,
  distinct: 1000 - lacking,
  changed: 5,
  ...members,
})
const seams = (n: number) => Array.from({ length: n }, (_, i) => ({ segment: 'all', page: i + 1 }))
const suspects = (slipped: Suspects['seams'], hollow: Suspects['hollow'] = []): Suspects => ({
  pageSize: 50,
  pages: 20,
  seams: slipped,
  hollow,
})

describe('the books', () => {
  it('balance when what was seen, less what went, and what has no id are as many as the source counts', () => {
    assert.equal(balances(receipt(0)), true)
    assert.equal(balances(receipt(1)), false)
    const moved = receipt(0, { distinct: 1003, gone: 5, withoutId: 2 })
    assert.deepEqual([accountedFor(moved), balances(moved), lackingIn(moved)], [1000, true, 0])
  })

  it('never balance where the source does not count', () => {
    assert.equal(balances(receipt(0, { totalAfter: null })), false)
  })
})

describe('nextPass', () => {
  it('reads the seams again where they are few', () => {
    assert.deepEqual(nextPass(receipt(3), suspects(seams(2))), { kind: 'seams', pageSize: 50, pages: seams(2) })
    assert.deepEqual(nextPass(receipt(3), suspects(seams(5)))?.kind, 'seams')
  })

  it('reads everything from its end where seams are many, none, or have been read', () => {
    assert.deepEqual(nextPass(receipt(3), suspects(seams(6))), { kind: 'reverse', pageSize: 50 })
    assert.deepEqual(nextPass(receipt(3), suspects([]))?.kind, 'reverse')
    const { passes } = receipt(3)
    const had = receipt(3, { passes: [...passes, { sweep: 1, kind: 'seams', pageSize: 50, pages: seams(1) }] })
    assert.equal(nextPass(had, suspects(seams(1)))?.kind, 'reverse')
  })

  it('gives up after that, and where nothing is lacking', () => {
    const { passes } = receipt(3)
    const had = receipt(3, { passes: [...passes, { sweep: 1, kind: 'reverse', pageSize: 50 }] })
    assert.equal(nextPass(had, suspects(seams(1))), null)
    assert.equal(nextPass(receipt(-2), suspects(seams(1))), null)
  })

  it('reads what is under suspicion again where the source does not count, once: few seams, hollow pages and those behind', () => {
    const uncounted = receipt(0, { totalBefore: null, totalAfter: null })
    const at = (...pages: number[]) => pages.map((page) => ({ segment: 'all', page }))
    const again = (pages: Suspects['seams']) => ({ kind: 'seams' as const, pageSize: 50, pages: [...pages] })
    assert.equal(nextPass(uncounted, suspects([])), null)
    assert.deepEqual(nextPass(uncounted, suspects(at(2))), again(at(2)))
    assert.deepEqual(nextPass(uncounted, suspects([], at(3, 4, 9))), again(at(3, 4, 5, 9, 10)))
    assert.deepEqual(nextPass(uncounted, suspects(at(2, 3), at(3))), again(at(2, 3, 4)))
    assert.equal(nextPass(uncounted, suspects(seams(9))), null, 'that would be all of it, each time')
    assert.deepEqual(nextPass(uncounted, suspects(seams(9), at(3))), again(at(3, 4)))
    const had = [...uncounted.passes, { sweep: 1, ...again(at(3, 4)) }]
    assert.equal(nextPass({ ...uncounted, passes: had }, suspects([], at(3))), null)
  })

  it('does not read again what merely lists cars twice', () => {
    assert.equal(nextPass(receipt(3, { changed: 0, repeats: 3 }), suspects([])), null)
    assert.notEqual(nextPass(receipt(4, { changed: 0, repeats: 3 }), suspects([])), null, 'more than repeats explain')
  })

  it('reads a page without records before others that have some once more, even where repeats explain what is lacking', () => {
    const still = receipt(3, { changed: 0, repeats: 3 })
    const hollow = { kind: 'seams', pageSize: 50, pages: seams(1) } as const
    assert.deepEqual(nextPass(still, suspects([], seams(1))), hollow)
    assert.deepEqual(nextPass(still, suspects(seams(9), seams(1))), hollow, 'what stood still has no seams')
    assert.deepEqual(nextPass(receipt(3), suspects(seams(2), seams(1))), {
      kind: 'seams',
      pageSize: 50,
      pages: seams(2),
    })
  })
})
