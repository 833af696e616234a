import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordId } from '../../src/source/record-id.ts'
import { anyCharacter } from '../support/any-character.ts'

/** Stands in the middle of a page, so that offsets matter. */
const idOf = (text: string): string | null => {
  const bytes = Buffer.from(`[{"id":7},${text},{"id":8}]`)
  const start = 10
  const id = recordId(bytes, start, start + Buffer.byteLength(text))
  return id.sourceId ?? id.reason
}

describe('recordId', () => {
  it('is the exact text of the id, also above 2^53', () => {
    for (const id of ['1', '0', '-5', '9007199254740993', '123456789012345678901234567890'])
      for (const text of [`{"id":${id}}`, `{"id":${id},"year":1}`, `{ "id" : ${id} }`, `{"year":{"id":3},"id":${id}}`])
        assert.equal(idOf(text), id, text)
  })

  it('may be text', () => {
    assert.equal(idOf('{"id":"a-1"}'), 'a-1')
    assert.equal(idOf('{"id":"\\u00e9\\"x"}'), 'é"x')
    assert.equal(idOf('{"id":"성능"}'), '성능')
    assert.equal(idOf('{"\\u0069d":5}'), '5')
    assert.equal(idOf(`{"id":"${'x'.repeat(200)}"}`), 'x'.repeat(200))
  })

  it('is that of another member where the source has it there', () => {
    const named = (text: string) => recordId(Buffer.from(text), 0, text.length, 'inner_id')
    assert.deepEqual(named('{"id":7,"inner_id":"a1"}'), { sourceId: 'a1' })
    assert.deepEqual(named('{"id":7}'), { sourceId: null, reason: 'id_missing' })
  })

  it('holds nothing that Postgres cannot hold', () => {
    assert.equal(idOf('{"id":"a\\u0000\\ud800"}'), 'a\ufffd\ufffd')
  })

  it('says what is wrong', () => {
    for (const text of [
      '{}',
      '{"year":1}',
      '{"id":null}',
      '{"id":""}',
      '{"id":"  "}',
      '{"lots":[{"id":1}]}',
      '{"a":"id"}',
    ])
      assert.equal(idOf(text), 'id_missing', text)
    for (const id of [
      '1.5',
      '1e3',
      '1.0',
      '-0',
      '01',
      'true',
      '[1]',
      '{"id":1}',
      `"${'x'.repeat(201)}"`,
      '1'.repeat(201),
    ])
      assert.equal(idOf(`{"id":${id}}`), 'id_malformed', id)
    for (const text of ['null', '5', '"id"', '[{"id":1}]', 'true']) assert.equal(idOf(text), 'not_an_object', text)
  })

  it('is the id that a parser would find', () => {
    const key = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom('id', 'ID', 'i\\d'))
    const value = fc.oneof(fc.integer(), fc.stringMatching(/^[a-z]{1,9}$/))
    const members = fc.array(fc.tuple(key, fc.oneof(value, fc.jsonValue())), { maxLength: 6 })
    fc.assert(
      fc.property(members, value, fc.nat(), fc.constantFrom(0, 1), (others, id, at, space) => {
        const entries: [string, unknown][] = others.filter(([name]) => name !== 'id')
        entries.splice(at % (entries.length + 1), 0, ['id', id])
        assert.equal(idOf(JSON.stringify(Object.fromEntries(entries), null, space)), String(id))
      }),
    )
  })

  it('neither throws nor hangs on any text', () => {
    const piece = fc.constantFrom('{', '}', '"id"', ':', ',', '"', '\\', '1', ' ', '{"id":', '[', ']')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => void idOf(pieces.join(''))),
      { numRuns: 1000 },
    )
  })
})
