import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Seen, skipSpace, skipValue } from '../../src/source/skip-value.ts'
import { anyCharacter } from '../support/any-character.ts'

const skip = (text: string, from = 0): number => skipValue(Buffer.from(text), from)

describe('skipValue', () => {
  it('ends where the JSON value ends, whatever follows', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: anyCharacter }),
        fc.constantFrom('', ',1', '}', ']', ' x'),
        (value, rest) => {
          for (const space of [0, 2]) {
            const text = JSON.stringify(value, null, space)
            assert.equal(skip(text + rest), Buffer.byteLength(text))
          }
        },
      ),
    )
  })

  it('is -1 where a value is cut off, missing or closed by the wrong bracket', () => {
    for (const text of ['', '"a', '"a\\"', '"\\', '{"a":1', '[[]', '{"a":"}', '[1}', '{]', ',', ']', '}'])
      assert.equal(skip(text), -1, text)
  })

  it('is -1 for every beginning of a list or an object', () => {
    const container = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(container, fc.nat(), (value, cut) => {
        const bytes = Buffer.from(JSON.stringify(value))
        assert.equal(skipValue(bytes.subarray(0, cut % bytes.length), 0), -1)
      }),
    )
  })

  it('tells how deep a value nests', () => {
    const look = (text: string): Seen => {
      const seen: Seen = { depth: 0 }
      skipValue(Buffer.from(text), 0, seen)
      return seen
    }
    assert.equal(look('{"a":[[],{}],"b":[[[]]],"c":"[[[[[["}').depth, 4)
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    const container = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(fc.property(container, (value) => assert.equal(look(JSON.stringify(value)).depth, depthOf(value))))
  })

  it('counts depth without recursion', () => {
    const text = '['.repeat(200_000) + ']'.repeat(200_000)
    assert.equal(skip(text), text.length)
  })
})

describe('skipSpace', () => {
  it('passes the white space of JSON and nothing else', () => {
    assert.equal(skipSpace(Buffer.from(' \t\r\n\u00a0'), 0), 4)
    assert.equal(skipSpace(Buffer.from('  '), 1), 2)
  })
})
