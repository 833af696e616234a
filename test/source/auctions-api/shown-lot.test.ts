import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Flags } from '../../../src/car/field.ts'
import { shownLot, statusOf } from '../../../src/source/auctions-api/shown-lot.ts'
import { lotWith } from '../fixture.ts'

const shown = (...lots: unknown[]): unknown => shownLot(lots, []).id

const SOLD = { status: { id: 6, name: 'sold' } }
const early = { created_at: '2026-01-01 00:00:00' }
const late = { created_at: '2026-02-01T00:00:00.000000Z' }

describe('shownLot', () => {
  it('is the one on sale, however old (trap 10)', () => {
    assert.equal(shown(lotWith({ id: 1, ...late, ...SOLD }), lotWith({ id: 2, ...early })), 2)
    assert.equal(shown(lotWith({ id: 2, ...early }), lotWith({ id: 1, ...late, ...SOLD })), 2)
  })

  it('is the latest of several on sale, by time, then by id', () => {
    assert.equal(shown(lotWith({ id: 1, ...late }), lotWith({ id: 2, ...early })), 1)
    assert.equal(shown(lotWith({ id: 9, ...late }), lotWith({ id: 10, ...late }), lotWith({ id: 8, ...late })), 10)
    assert.equal(shown(lotWith({ id: 9, created_at: null }), lotWith({ id: 3, ...early })), 3)
  })

  it('is the latest of all where none is on sale', () => {
    assert.equal(shown(lotWith({ id: 1, ...late, ...SOLD }), lotWith({ id: 2, ...early, ...SOLD })), 1)
  })

  it('passes archived lots over, unless there are no others', () => {
    for (const archived of [
      { archived: true },
      { archived: 1 },
      { archived: '1' },
      { archived_at: '2026-03-01 00:00:00' },
    ])
      assert.equal(shown(lotWith({ id: 1, ...late, ...archived }), lotWith({ id: 2, ...early })), 2)
    for (const archived of [{ archived: false }, { archived: 0 }, { archived: '0' }, { archived: null }])
      assert.equal(shown(lotWith({ id: 1, ...late, ...archived }), lotWith({ id: 2, ...early })), 1)
    assert.equal(shown(lotWith({ id: 1, archived: true })), 1)
  })

  it('is empty without lots, and flags what is no lot', () => {
    const cases: [unknown, Flags][] = [
      [undefined, []],
      [null, []],
      [[], []],
      [{}, ['lots_malformed']],
      ['x', ['lots_malformed']],
      [[null, 5, []], ['lots_malformed']],
    ]
    for (const [lots, wanted] of cases) {
      const flags: Flags = []
      assert.deepEqual([shownLot(lots, flags), flags], [{}, wanted], JSON.stringify(lots))
    }
    assert.equal(shown(null, lotWith({ id: 5 })), 5)
  })
})

describe('statusOf', () => {
  it('maps every id; 3 is on sale, not sold (trap 3)', () => {
    const wanted = ['unknown', 'not_sold', 'on_sale', 'pending', 'upcoming', 'sold', 'not_sold', 'not_sold', 'upcoming']
    for (const [at, status] of wanted.entries())
      for (const given of [{ id: at + 1, name: 'x' }, at + 1, String(at + 1)])
        assert.equal(statusOf({ status: given }), status, JSON.stringify(given))
  })

  it('falls back on the name, then on unknown', () => {
    assert.equal(statusOf({ status: { id: 42, name: 'sale' } }), 'on_sale')
    assert.equal(statusOf({ status: 'Sold ' }), 'sold')
    for (const status of [{ id: 42, name: 'new' }, { id: 0 }, null, undefined, {}, [], true, 'on_sale', '__proto__'])
      assert.equal(statusOf({ status }), 'unknown', JSON.stringify(status))
  })
})
