import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { madeAt, parseDate } from '../../../src/pace/header/http-date.ts'

describe('parseDate', () => {
  it('reads the three forms of HTTP, ISO and what JavaScript prints, all of the same moment', () => {
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      '1994-11-06T08:49:37Z',
      '1994-11-06T08:49:37.000+00:00',
      '1994-11-06 08:49:37 UTC',
      'Sun Nov 06 1994 09:49:37 GMT+0100 (Central European Standard Time)',
    ])
      assert.equal(parseDate(text), Date.UTC(1994, 10, 6, 8, 49, 37), text)
  })

  it('is null for what has no zone, no time, no sense or no end', () => {
    for (const text of [
      ...['', '1994-11-06', '1994-11-06T08:49:37', '1994-11-06 08:49:37', 'Sun, 06 Nov 1994 08:49:37'],
      ...['soon', 'soon 5', '12:30', '12:30 GMT', 'Sun, 99 Nov 1994 99:49:37 GMT', '784111777', 'NaN:00:00Z'],
      `Sun, 06 Nov 1994 08:49:37${' '.repeat(100)}GMT`,
    ])
      assert.equal(parseDate(text), null, text)
  })
})

describe('madeAt', () => {
  it("is the reply's own date, or now", () => {
    assert.equal(madeAt(new Headers({ date: ' Sun, 06 Nov 1994 08:49:37 GMT ' }), 5), 784_111_777_000)
    assert.equal(madeAt(new Headers({ date: 'yesterday-ish' }), 5), 5)
    assert.equal(madeAt(new Headers(), 5), 5)
  })
})
