import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  hasNumberOutOfRange,
  MAX_DEPTH,
  mayBeDeep,
  mayHoldVastNumber,
  repairEscapes,
} from '../../src/source/jsonb-text.ts'

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

describe('hasNumberOutOfRange', () => {
  it('knows the bounds of numeric', () => {
    const zeros = (count: number): string => '0'.repeat(count)
    // Each pair was tried on Postgres: the first is taken by jsonb, the second is error 22003.
    const pairs: [string, string][] = [
      [`1${zeros(131_071)}`, `1${zeros(131_072)}`],
      [`-1${zeros(131_070)}.5E+1`, `-1${zeros(131_070)}.5E+2`],
      [`0.${zeros(16_382)}1`, `0.${zeros(16_383)}1`],
      [`0.${zeros(16_380)}15e-1`, `0.${zeros(16_380)}15e-2`],
    ]
    for (const [held, refused] of pairs) {
      assert.ok(!hasNumberOutOfRange(`{"a":[${held}]}`), held.slice(0, 20))
      assert.ok(hasNumberOutOfRange(`{"a":[${refused}]}`), refused.slice(0, 20))
    }
    assert.ok(hasNumberOutOfRange('[1e400000]'))
    assert.ok(hasNumberOutOfRange(`[1e${'9'.repeat(400)}]`))
  })

  it('refuses what Postgres would write out far longer than it came', () => {
    assert.ok(!hasNumberOutOfRange('{"a":[1e308,-1.7976931348623157e+308,5e-324,1e-7,1e21]}'))
    assert.ok(!hasNumberOutOfRange('{"a":1e5000}'))
    assert.ok(hasNumberOutOfRange('{"a":1e5100}'))
    assert.ok(hasNumberOutOfRange('{"a":-1E-5100}'))
    for (const each of ['1e99', '1E+99', '-1.25e-99', ' 1e999'])
      assert.ok(hasNumberOutOfRange(`{"a":[${Array(1000).fill(each).join()}]}`), each)
    assert.ok(!hasNumberOutOfRange(`{"a":[${Array(1000).fill('1e4').join()}]}`))
  })

  it('does not mind text', () => {
    assert.ok(!hasNumberOutOfRange('{"1e999999":"1e400000 \\" 1e400000","b":1}'))
    assert.ok(!hasNumberOutOfRange(JSON.stringify({ a: '9'.repeat(200_000), b: 1 })))
  })

  it('finds nothing in what programs write', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.ok(!hasNumberOutOfRange(text))))
  })
})

describe('mayHoldVastNumber', () => {
  it('passes over nothing that is out of range', () => {
    for (const exponent of ['e9', 'E9', 'e+9', 'E-9'])
      assert.ok(mayHoldVastNumber(`{"a":[1${exponent}99999]}`), exponent)
    assert.ok(mayHoldVastNumber(`[${'9'.repeat(131_073)}]`))
    assert.ok(!mayHoldVastNumber('{"e":12,"1e":true,"at":"2026-11-30T10:00:00Z"}'))
  })
})

describe('mayBeDeep', () => {
  it('passes over nothing that is too deep', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":', '}]'],
    ] as const) {
      // biome-ignore format: pairs
      const levels = open.length === 6 ? 2 : 1
      const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`
      assert.ok(mayBeDeep(nested(MAX_DEPTH / levels + 1)), open)
      assert.ok(!mayBeDeep(nested(MAX_DEPTH / levels)), open)
    }
  })
})
