import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cover, firstGap, type Interval } from '../../src/run/coverage.ts'

const MAX = 40
const interval = fc.tuple(fc.nat(MAX), fc.nat(MAX)).map(([a, b]): Interval => [a, b])
const intervals = fc.array(interval, { maxLength: 12 })

const rowsIn = (set: readonly Interval[]): Set<number> => {
  const rows = new Set<number>()
  for (const [from, to] of set) for (let row = from; row < to; row++) rows.add(row)
  return rows
}

const covered = (parts: readonly Interval[]): Interval[] =>
  parts.reduce<Interval[]>((set, [from, to]) => cover(set, from, to), [])

describe('cover', () => {
  it('holds just the rows that a naive set holds', () => {
    fc.assert(fc.property(intervals, (parts) => assert.deepEqual(rowsIn(covered(parts)), rowsIn(parts))))
  })

  it('keeps intervals sorted, apart and not empty, so that what was read whole is one interval', () => {
    fc.assert(
      fc.property(intervals, (parts) => {
        const set = covered(parts)
        for (const [i, [from, to]] of set.entries()) {
          assert.ok(from < to)
          const next = set[i + 1]
          if (next) assert.ok(to < next[0], `${to} and ${next[0]} touch`)
        }
      }),
    )
  })

  it('does not depend on the order', () => {
    fc.assert(
      fc.property(intervals, fc.infiniteStream(fc.nat(1000)), (parts, keys) => {
        const shuffled = parts
          .map((part) => ({ part, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ part }) => part)
        assert.deepEqual(covered(shuffled), covered(parts))
      }),
    )
  })

  it('leaves the set it was given as it was', () => {
    const set: Interval[] = [[0, 10]]
    cover(set, 5, 20)
    assert.deepEqual(set, [[0, 10]])
  })
})

describe('firstGap', () => {
  it('finds the row that a naive search finds, in sets that may overlap and be unsorted', () => {
    const sets = fc.array(intervals, { maxLength: 3 })
    fc.assert(
      fc.property(sets, fc.nat(MAX + 5), fc.nat(MAX), (given, limit, from) => {
        const taken = rowsIn(given.flat())
        let row = from
        while (taken.has(row)) row++
        assert.equal(firstGap(given, limit, from), row < limit ? row : null)
      }),
    )
  })

  it('looks from row 0 unless told otherwise', () => {
    assert.equal(firstGap([[[1, 5]]], 10), 0)
    assert.equal(firstGap([], 0), null)
  })
})
