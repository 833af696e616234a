import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type BareItem, parseMembers } from '../../../src/pace/header/structured-field.ts'

type Plain = [key: string | null, value: BareItem, parameters: Record<string, BareItem>]
const plain = (text: string): Plain[] | null =>
  parseMembers(text)?.map(({ key, value, parameters }): Plain => [key, value, Object.fromEntries(parameters)]) ?? null

describe('parseMembers', () => {
  const examples: Record<string, Plain[]> = {
    '100': [[null, 100, {}]],
    ' 100 , 50 ': [
      [null, 100, {}],
      [null, 50, {}],
    ],
    '"burst";q=100;w=60,"daily";q=1000': [
      [null, 'burst', { q: 100, w: 60 }],
      [null, 'daily', { q: 1000 }],
    ],
    'burst; Q=1 ; w=2.5': [[null, 'burst', { q: 1, w: 2.5 }]],
    'limit=100, Remaining=-5;a': [
      ['limit', 100, {}],
      ['remaining', -5, { a: null }],
    ],
    '"a \\"b\\" \\\\, c;d=e"': [[null, 'a "b" \\, c;d=e', {}]],
    '"p";q=1;qu="content-bytes";pk=:cHsdsRa894==:;on=?1;at=@1700000000;by=a/b:c*': [
      [null, 'p', { q: 1, qu: 'content-bytes', pk: null, on: null, at: null, by: 'a/b:c*' }],
    ],
    '""': [[null, '', {}]],
  }
  for (const [text, members] of Object.entries(examples))
    it(`reads ${text}`, () => assert.deepEqual(plain(text), members))

  const malformed = [
    ['', ' ', ',', '1,', ',1', '1 2', '1;', '1;;a', '1;=2', '1;a=', 'a=', 'a = 1', '"a"="b"', '("a" "b");q=1'],
    ['"open', '"bad \\x"', '"tab\t"', '"\u00e9"', '"\u009b"', '%"a"', '1x', '1.', '1.2.3', '0x10', '1234567890123456'],
    ['-', '100-in-1min;q=1', `"${'x'.repeat(2048)}"`, Array(33).fill('1').join()],
  ].flat()
  for (const text of malformed)
    it(`refuses ${text.slice(0, 40) || 'nothing'}`, () => assert.equal(parseMembers(text), null))

  it('reads back what was written, whatever the strings', () => {
    const item = fc.oneof(fc.integer({ min: -1e14, max: 1e14 }), fc.stringMatching(/^[ -~]{0,20}$/))
    const written = (value: BareItem): string =>
      typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value)
    const name = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,5}$/)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(item, fc.dictionary(name, item, { maxKeys: 3, noNullPrototype: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        (members) => {
          const text = members
            .map(([value, parameters]) =>
              [written(value), ...Object.entries(parameters).map(([key, each]) => `${key}=${written(each)}`)].join(';'),
            )
            .join(', ')
          assert.deepEqual(
            plain(text),
            members.map(([value, parameters]) => [null, value, parameters]),
          )
        },
      ),
    )
  })
})
