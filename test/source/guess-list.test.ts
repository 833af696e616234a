import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cutRecords } from '../../src/source/cut-records.ts'
import { guessList } from '../../src/source/guess-list.ts'
import { anyCharacter } from '../support/any-character.ts'
import { listing, recordWith } from './fixture.ts'

const cuts = (bytes: Buffer) => ({ exact: cutRecords(bytes), guessed: cutRecords(bytes, guessList) })

const assertSame = (value: unknown, space?: number | string): void => {
  const { exact, guessed } = cuts(Buffer.from(JSON.stringify(value, null, space)))
  assert.deepEqual(guessed, exact)
}

describe('guessList', () => {
  it('finds what a look at every byte finds, laid out in any way', () => {
    const records = Array.from({ length: 40 }, (_, i) => recordWith({ id: i + 1 }))
    for (const count of [0, 1, 2, 3, 40])
      for (const space of [undefined, 1, '\t'])
        assertSame({ meta: { total: 7 }, ...listing(records.slice(0, count)), more: [{ id: 1 }, { id: 2 }] }, space)
  })

  it('finds records of any kind that begin alike, whatever is in their texts', () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom('},{"id":5,"year":', '"},{"id":1,"year":2', '}]', '\\'),
    )
    const record = fc.record({
      id: fc.integer(),
      year: fc.oneof(fc.nat(), text),
      rest: fc.jsonValue({ stringUnit: anyCharacter }),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.constantFrom(undefined, 2), (data, space) => {
        assertSame({ data, links: { next: null } }, space)
      }),
      { numRuns: 300 },
    )
  })

  it('is not misled by objects within a record that begin with an id as well', () => {
    const lots = Array.from({ length: 3 }, (_, i) => ({ id: i, lot: 'a' }))
    assertSame({ data: [1, 2, 3].map((id) => ({ id, year: 2020, lots })) })
  })

  it('makes no guess where the first two records, or the last, do not begin as they should', () => {
    for (const data of [
      [1, 2],
      [{ id: 1 }, { id: 2 }],
      [{ id: 1, year: 2 }, 3],
      [
        { id: 1, year: 2 },
        { id: { id: 3 }, year: 4 },
      ],
      [[{ id: 1, year: 2 }], { id: 2, year: 3 }],
      [{}, {}],
      [
        {
          id: 1,
          year: 2,
          of: [
            { id: 3, year: 4 },
            { id: 5, year: 6 },
          ],
        },
      ],
    ])
      assertSame({ data })
  })

  it('leaves pieces that are not JSON where it is wrong, so that whoever parses them notices', () => {
    const within = [1, 2].map((id) => ({ id, year: 1 }))
    const bytes = Buffer.from(JSON.stringify({ data: [1, 2, 3].map((id) => ({ id, year: 2020, within })) }))
    const { exact, guessed } = cuts(bytes)
    assert.ok(exact.kind === 'cut')
    if (guessed.kind === 'broken') return
    assert.ok(guessed.bounds.length > exact.bounds.length)
    assert.throws(
      () => guessed.bounds.map(({ start, end }) => JSON.parse(bytes.toString('utf8', start, end))),
      SyntaxError,
    )
  })

  it('takes no page that was cut off behind its list, and never looks beyond its end', () => {
    const bytes = Buffer.from(JSON.stringify(listing([1, 2, 3].map((id) => recordWith({ id })))))
    for (let length = 0; length < bytes.length; length += 3)
      assert.equal(cutRecords(bytes.subarray(0, length), guessList).kind, 'broken')
  })
})
