import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasNumberOutOfRange, isTooDeep, MAX_DEPTH, repairEscapes } from '../../src/source/jsonb-text.ts'

describe('repairEscapes', () => {
  const repaired = (text: string): unknown => JSON.parse(repairEscapes(text))

  it('replaces NUL and lone surrogates, in keys too', () => {
    assert.deepEqual(repaired('{"a\\u0000":"\\ud800x\\uDC00"}'), { 'a\ufffd': '\ufffdx\ufffd' })
    assert.equal(repaired('"\\ud800\\ud83d\\ude00\\udc00"'), '\ufffd😀\ufffd')
    assert.equal(repaired('"\\ud83d\\u0041"'), '\ufffdA')
  })

  it('leaves everything else as it is', () => {
    for (const text of [
      '"\\ud83d\\ude00"',
      '"\\\\u0000"',
      '"\\\\\\\\ud800"',
      '"\\u0001\\/\\u00e9"',
      '"\\\\ud83d\\\\ude00"',
    ])
      assert.equal(repairEscapes(text), text)
    assert.equal(repaired('"\\\\\\u0000"'), '\\\ufffd')
  })

  it('leaves nothing that Postgres cannot hold, and changes nothing more', () => {
    const unit = fc.constantFrom(
      '\\',
      '\\\\',
      '\\u0000',
      '\\ud83d',
      '\\ude00',
      '\\uDBFF',
      '\\n',
      '\\"',
      'u0000',
      'a',
      'é',
    )
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const text = `"${units.join('')}"`
        let given: string
        try {
          given = JSON.parse(text)
        } catch {
          return
        }
        assert.equal(repaired(text), given.toWellFormed().replaceAll('\0', '\ufffd'))
        assert.equal(repairEscapes(text) === text, given.isWellFormed() && !given.includes('\0'))
      }),
      { numRuns: 500 },
    )
  })
})

describe('isTooDeep', () => {
  const nested = (depth: number, core = '1'): string => '{"a":['.repeat(depth / 2) + core + ']}'.repeat(depth / 2)

  it('counts levels', () => {
    assert.ok(!isTooDeep(nested(MAX_DEPTH)))
    assert.ok(isTooDeep(nested(MAX_DEPTH, '[]')))
    assert.ok(isTooDeep(nested(200_000)))
  })

  it('counts neither brackets in text nor brackets side by side', () => {
    assert.ok(!isTooDeep(JSON.stringify('["'.repeat(2000))))
    assert.ok(!isTooDeep(JSON.stringify(Array.from({ length: 2000 }, () => [{}]))))
  })
})

describe('hasNumberOutOfRange', () => {
  it('knows the bounds of numeric', () => {
    const zeros = (count: number): string => '0'.repeat(count)
    // Each pair was tried on Postgres: the first is taken by jsonb, the second is error 22003.
    const pairs: [string, string][] = [
      ['1e131071', '1e131072'],
      ['-1E+131071', '-1E+131072'],
      ['1e-16383', '1e-16384'],
      [`1${zeros(131_071)}`, `1${zeros(131_072)}`],
      [`0.${zeros(16_382)}1`, `0.${zeros(16_383)}1`],
      ['1.5e-16382', '1.5e-16383'],
    ]
    for (const [held, refused] of pairs) {
      assert.ok(!hasNumberOutOfRange(`{"a":[${held}]}`), held.slice(0, 20))
      assert.ok(hasNumberOutOfRange(`{"a":[${refused}]}`), refused.slice(0, 20))
    }
    assert.ok(hasNumberOutOfRange('[1e400000]'))
    assert.ok(hasNumberOutOfRange(`[1e${'9'.repeat(400)}]`))
  })

  it('does not mind text', () => {
    assert.ok(!hasNumberOutOfRange('{"1e999999":"1e400000 \\" 1e400000","b":1}'))
    assert.ok(!hasNumberOutOfRange(JSON.stringify({ a: '9'.repeat(200_000), b: 1 })))
  })

  it('finds nothing in what programs write', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.ok(!hasNumberOutOfRange(text))))
  })
})
