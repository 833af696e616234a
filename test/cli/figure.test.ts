import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, duration, perMinute, range, rate } from '../../cli/figure.ts'

test('times and rates for people', () => {
  assert.deepEqual([7_000, 750_000, 3_723_000].map(clock), ['0:07', '12:30', '1:02:03'])
  assert.deepEqual([812, 42_000, 59_700, 192_000, 3_900_000].map(duration), [
    '0.8 s',
    '42 s',
    '1 min 0 s',
    '3 min 12 s',
    '1 h 5 min',
  ])
  assert.deepEqual([0, 4.84, 2310.4].map(rate), ['0', '4.8', '2,310'])
  assert.deepEqual([rate(null), perMinute(null), perMinute(20)], ['–', '–', '1,200'])
})

test('a range is no more precise than it is known', () => {
  assert.equal(range({ low: 100_000, high: 170_000 }), '2 to 3 min')
  assert.equal(range({ low: 38_000, high: 40_000 }), 'about 40 s')
  assert.equal(range({ low: 61_000, high: 100_000 }), '65 s to 2 min')
  assert.equal(range({ low: 9_000_000, high: 7_000_000 }), 'about 2.5 h')
  assert.equal(range({ low: 0, high: 0 }), 'about 1 s')
  assert.equal(range({ low: 3200, high: 8100 }), '4 to 9 s', 'never less than it may take')
})
