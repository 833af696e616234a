import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Flags, integer, isAbsent, moment, money, named, text, textList } from '../../src/car/field.ts'

/** The value that a reader returns, and the flags that it raised. */
const read = <T>(reader: (flags: Flags) => T): [T, Flags] => {
  const flags: Flags = []
  return [reader(flags), flags]
}

const readers: Record<string, (value: unknown, flags: Flags) => unknown> = {
  text: (value, flags) => text(value, 'make', flags),
  textList: (value, flags) => textList(value, 'images', flags),
  integer: (value, flags) => integer(value, 'year', flags, { min: 1886, max: 2028 }),
  money: (value, flags) => money(value, 'price', flags),
  moment: (value, flags) => moment(value, 'sale_date', flags),
  named: (value, flags) => named(value, 'fuel', flags, { 1: 'diesel' }),
}

describe('every reader', () => {
  it('takes absent facts as NULL without a flag', () => {
    for (const [name, reader] of Object.entries(readers))
      for (const absent of [null, undefined, '', ' ', '\t\n', '\u00a0'])
        assert.deepEqual(
          read((flags) => reader(absent, flags)),
          [null, []],
          `${name} of ${JSON.stringify(absent)}`,
        )
  })

  it('never throws, and flags what is neither read nor absent', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        for (const [name, reader] of Object.entries(readers)) {
          const [fact, flags] = read((raised) => reader(value, raised))
          const emptyList = Array.isArray(value) && value.every(isAbsent)
          if (fact === null && !isAbsent(value) && !emptyList && name !== 'named') assert.equal(flags.length, 1, name)
        }
      }),
    )
  })
})

describe('text', () => {
  const make = (value: unknown) => read((flags) => text(value, 'make', flags))

  it('keeps text exactly, white space included', () => {
    assert.deepEqual(make(' 204DT '), [' 204DT ', []])
    assert.deepEqual(make('성능 😀'), ['성능 😀', []])
  })

  it('replaces what Postgres cannot hold', () => {
    assert.deepEqual(make('a\0b\ud800c\0'), ['a\ufffdb\ufffdc\ufffd', ['text_repaired']])
    assert.deepEqual(make('\udc00'), ['\ufffd', ['text_repaired']])
  })

  it('reads numbers as their digits, unless JSON has lost some', () => {
    assert.deepEqual(make(64679886), ['64679886', []])
    assert.deepEqual(make(0), ['0', []])
    assert.deepEqual(make(2 ** 53), [null, ['make_malformed']])
    assert.deepEqual(make(Infinity), [null, ['make_malformed']])
  })

  it('flags what is no text', () => {
    for (const value of [true, {}, ['a']]) assert.deepEqual(make(value), [null, ['make_malformed']])
  })
})

describe('textList', () => {
  const images = (value: unknown) => read((flags) => textList(value, 'images', flags))

  it('keeps texts, skips absent entries and flags others once', () => {
    assert.deepEqual(images(['a', null, '', 'b']), [['a', 'b'], []])
    assert.deepEqual(images(['a', 1, {}, 'b']), [['a', 'b'], ['images_malformed']])
    assert.deepEqual(images([]), [null, []])
    assert.deepEqual(images('a'), [null, ['images_malformed']])
    assert.deepEqual(images(['\ud800']), [['\ufffd'], ['text_repaired']])
  })
})

describe('integer', () => {
  const year = (value: unknown) => read((flags) => integer(value, 'year', flags, { min: 1886, max: 2028 }))
  const mileage = (value: unknown) =>
    read((flags) => integer(value, 'mileage', flags, { min: 0, max: Number.MAX_SAFE_INTEGER, round: true }))

  it('reads numbers and numbers that arrive as text', () => {
    for (const value of [2016, '2016', ' 2016 ', 2016.0, '2016.0', '+2016', '2.016e3'])
      assert.deepEqual(year(value), [2016, []], String(value))
  })

  it('flags what is outside of its bounds', () => {
    for (const value of [1885, 2029, 0, -1, 1e300, Infinity, '99999999999'])
      assert.deepEqual(year(value), [null, ['year_implausible']], String(value))
    assert.deepEqual([year(1886)[0], year(2028)[0]], [1886, 2028])
  })

  it('flags what is no whole number', () => {
    for (const value of [2016.5, '2016.5', 'MMXVI', '2,016', '0x7e0', true, {}, [2016]])
      assert.deepEqual(year(value), [null, ['year_malformed']], String(value))
  })

  it('rounds where asked to, and passes int32', () => {
    assert.deepEqual(mileage(92661.5), [92662, []])
    assert.deepEqual(mileage('3000000000'), [3_000_000_000, []])
    assert.deepEqual(mileage(2 ** 53), [null, ['mileage_implausible']])
    assert.ok(Object.is(mileage(-0)[0], 0))
  })
})

describe('money', () => {
  const price = (value: unknown) => read((flags) => money(value, 'price', flags))

  it('is exact decimal text in its shortest form', () => {
    const cases: [unknown, string][] = [
      [8200, '8200'],
      [8200.5, '8200.5'],
      ['8200.50', '8200.5'],
      [' 8200 ', '8200'],
      ['0008200', '8200'],
      ['0.10', '0.1'],
      [0, '0'],
      ['-0.00', '0'],
      [1e-7, '0.0000001'],
      ['1.25e3', '1250'],
      ['12e-3', '0.012'],
      ['123456789012345.67890123456789', '123456789012345.67890123456789'],
      [999_999_999_999_999, '999999999999999'],
    ]
    for (const [value, amount] of cases) assert.deepEqual(price(value), [amount, []], String(value))
  })

  it('flags what is negative, too large or no number', () => {
    for (const value of [-1, '-0.01', -1e-9]) assert.deepEqual(price(value), [null, ['price_negative']])
    for (const value of [1e15, '1000000000000000', 1e21, Infinity, '1e999'])
      assert.deepEqual(price(value), [null, ['price_implausible']])
    // A separator that is a thousand's here is a decimal's there: not guessed at.
    for (const value of ['8,200', '8.200,00', '$8200', 'NaN', '1e', '.5', true, {}, [1], `${'9'.repeat(1000)}`])
      assert.deepEqual(price(value), [null, ['price_malformed']])
  })

  it('denotes the number that came, whatever its notation', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, maxExcluded: true, noNaN: true }), (value) => {
        const [amount, flags] = price(value)
        assert.deepEqual(flags, [])
        assert.match(amount!, /^\d{1,15}(\.\d+)?$/)
        assert.equal(Number(amount), value)
        assert.deepEqual(price(String(value)), [amount, []])
        assert.deepEqual(price(amount), [amount, []])
      }),
    )
  })
})

describe('moment', () => {
  const saleDate = (value: unknown) => read((flags) => moment(value, 'sale_date', flags))

  it('reads both formats of one answer as the same instant (trap 5)', () => {
    const instant = Date.UTC(2026, 8, 9, 19, 37, 39)
    assert.deepEqual(saleDate('2026-09-09T19:37:39.000000Z'), [instant, []])
    assert.deepEqual(saleDate('2026-09-09 19:37:39'), [instant, []])
  })

  it('keeps microseconds, heeds offsets, reads a date as its midnight', () => {
    assert.deepEqual(saleDate('2026-09-09T19:37:39.000250Z'), [Date.UTC(2026, 8, 9, 19, 37, 39) + 0.25, []])
    assert.deepEqual(saleDate('2026-09-09T19:37:39+09:00'), [Date.UTC(2026, 8, 9, 10, 37, 39), []])
    assert.deepEqual(saleDate('2026-09-09 19:37:39.000 -0330'), [Date.UTC(2026, 8, 9, 23, 7, 39), []])
    assert.deepEqual(saleDate('2024-02-29'), [Date.UTC(2024, 1, 29), []])
  })

  it('flags what no calendar has', () => {
    const wrong = ['2026-02-29', '2026-13-01', '0000-00-00 00:00:00', '2026-09-09 24:00:00', '2026-09-09T19:60:00Z']
    for (const value of [...wrong, '-0001-11-30T00:00:00.000000Z', 'soon', 1757446659, {}, '2026-09-09T19:37'])
      assert.deepEqual(saleDate(value), [null, ['sale_date_malformed']], String(value))
  })

  it('flags unset clocks and far futures', () => {
    for (const value of ['1970-01-01 00:00:00', '0001-01-01T00:00:00Z', '9999-12-31'])
      assert.deepEqual(saleDate(value), [null, ['sale_date_implausible']], value)
  })

  it('agrees with Date on every instant that Date writes', () => {
    const date = fc.date({ min: new Date('1971-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
    fc.assert(fc.property(date, (at) => assert.deepEqual(saleDate(at.toISOString()), [at.getTime(), []])))
  })
})

describe('named', () => {
  const fuel = (value: unknown) => read((flags) => named(value, 'fuel', flags, { 0: 'none', 1: 'diesel' }))

  it('takes the name of the table for a known id, also 0', () => {
    for (const value of [{ id: 1, name: 'Diesel fuel' }, { id: '1' }, 1, '1'])
      assert.deepEqual(fuel(value), ['diesel', []], JSON.stringify(value))
    assert.deepEqual(fuel({ id: 0, name: null }), ['none', []])
  })

  it('lets unknown ids pass through: the name, else the id', () => {
    assert.deepEqual(fuel({ id: 99, name: 'steam' }), ['steam', []])
    assert.deepEqual(fuel({ id: 99, name: null }), ['99', []])
    assert.deepEqual(fuel(99), ['99', []])
    assert.deepEqual(fuel('steam'), ['steam', []])
    for (const id of ['__proto__', 'constructor', 'toString']) assert.deepEqual(fuel({ id }), [id, []])
  })

  it('finds nothing in empty objects, and flags what is no name', () => {
    for (const value of [{}, { id: null, name: '' }, []]) assert.deepEqual(fuel(value), [null, []])
    for (const value of [true, [1], { name: {} }]) assert.deepEqual(fuel(value), [null, ['fuel_malformed']])
  })
})
