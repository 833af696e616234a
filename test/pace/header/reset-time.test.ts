import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DAY_MS, HOUR_MS, MINUTE_MS, parseReset, SECOND_MS, YEAR_MS } from '../../../src/pace/header/reset-time.ts'
import { anyCharacter } from '../../support/any-character.ts'

const AT = Date.UTC(2026, 9, 1, 12, 0, 0)
const reset = (text: string, longestMs = DAY_MS): number | null => parseReset(text, AT, longestMs)

describe('parseReset', () => {
  const examples: [rule: string, text: string, longestMs: number, resetMs: number | null][] = [
    ['seconds to go', '30', MINUTE_MS, 30_000],
    ['seconds to go', ' 0 ', MINUTE_MS, 0],
    ['seconds to go', '64.57', DAY_MS, 64_570],
    ['seconds to go, just the window', '60', MINUTE_MS, 60_000],
    ['milliseconds to go, since no window is so long', '600000', DAY_MS, 600_000],
    ['milliseconds to go, since no window is so long', '62', MINUTE_MS, 62],
    ['seconds to go, rounded up', '61', MINUTE_MS, 61_000],
    ['seconds to go, rounded up', '2', SECOND_MS, 2000],
    ['milliseconds to go in a window of a second', '850', SECOND_MS, 850],
    ['seconds to go in a long window', '1419704', 31 * DAY_MS, 1_419_704_000],
    ['seconds to go where the unit is fixed', '600000', YEAR_MS, 600_000_000],
    ['an instant in seconds', String(AT / 1000 + 42), MINUTE_MS, 42_000],
    ['an instant in seconds, with a fraction', String(AT / 1000 + 42.5), MINUTE_MS, 42_500],
    ['an instant in milliseconds', String(AT + 4200), MINUTE_MS, 4200],
    ['an instant just past, by a clock that is behind', String(AT / 1000 - 5), MINUTE_MS, 0],
    ['an instant long past', '1470173023', DAY_MS, null],
    ['an instant long past in milliseconds', '1470173023000', DAY_MS, null],
    ['an instant too far away', '2147483647', DAY_MS, null],
    ['microseconds since 1970', `${AT}000`, DAY_MS, null],
    ['a duration', '1s', MINUTE_MS, 1000],
    ['a duration', '6m0s', MINUTE_MS, 6 * MINUTE_MS],
    ['a duration', '1d2h3m4.5s', MINUTE_MS, DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4500],
    ['a duration', '250ms', MINUTE_MS, 250],
    ['a duration too long', '367d', MINUTE_MS, null],
    ['a date', 'Thu, 01 Oct 2026 12:00:42 GMT', MINUTE_MS, 42_000],
    ['a date', '2026-10-01T14:00:42+02:00', MINUTE_MS, 42_000],
    ['a date', 'Thu Oct 01 2026 13:00:42 GMT+0100 (Central European Standard Time)', MINUTE_MS, 42_000],
    ['a date that is past', 'Thu, 01 Oct 2026 11:59:00 GMT', MINUTE_MS, 0],
    ['a date long past', 'Sun, 06 Nov 1994 08:49:37 GMT', MINUTE_MS, null],
    ['a date without a zone', '2026-10-01 12:00:42', MINUTE_MS, null],
  ]
  for (const [rule, text, longestMs, resetMs] of examples)
    it(`${rule}: ${text}`, () => assert.equal(reset(text, longestMs), resetMs))

  it('is null for what is no time', () => {
    for (const text of ['', ' ', '-5', '1e3', '0x10', '1,5', 'soon', 's', '5x', '1s2', 'NaN', '9'.repeat(90), 'null'])
      assert.equal(reset(text), null, text)
  })

  it('never throws, and is finite, not negative and at most a year', () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 200 }),
      fc.stringMatching(/^[0-9.: smhdTZGMT+-]{0,40}$/),
      fc.double().map(String),
      fc.nat(2 ** 31).map((offset) => String(AT - 2 ** 30 + offset)),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    )
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 0, max: 2 ** 52 }),
        fc.integer({ min: 1, max: YEAR_MS }),
        (value, at, longest) => {
          const resetMs = parseReset(value, at, longest)
          assert.ok(resetMs === null || (resetMs >= 0 && resetMs <= YEAR_MS), String(resetMs))
        },
      ),
    )
  })
})
