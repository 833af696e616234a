/** Headers as limiters write them, bent: what is read of them is a limit or a wait that can be obeyed, or nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDate } from '../../src/pace/header/http-date.ts'
import { readLimits, retryAfterMs } from '../../src/pace/header/limit-headers.ts'
import { readPolicies } from '../../src/pace/header/quota-policy.ts'
import { parseReset, YEAR_MS } from '../../src/pace/header/reset-time.ts'
import { parseMembers } from '../../src/pace/header/structured-field.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 1)
const NOW = Date.UTC(2026, 10, 25)

const REAL = [
  '"burst";r=50;t=30',
  '"burst";q=100;w=60, "day";q=5000;w=86400;qu="requests";pk=:a2V5:',
  'limit=100, remaining=50, reset=30',
  '100;w=60',
  '100, 100;window=60;comment="sliding", 5000;w=86400',
  '1, 15000',
  '0',
  '-1',
  '12.5',
  '1764028800',
  '1764028800000',
  '6m0s',
  '1h30m15.5s',
  '20ms',
  '2026-11-25T12:00:00Z',
  'Wed, 25 Nov 2026 00:02:00 GMT',
  'Wednesday, 25-Nov-26 00:02:00 GMT',
  'Wed Nov 25 00:02:00 2026',
  'Sat, 13 Sep 275760 00:00:00 GMT',
  'Thu, 01 Jan 1970 00:00:00 GMT',
]

/** Pieces of real values put together anew, or anything that a header can carry. */
const value = fc.oneof(
  fc.constantFrom(...REAL),
  fc
    .array(fc.tuple(fc.constantFrom(...REAL), fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 4 })
    .map((pieces) => pieces.map(([text, from, to]) => text.slice(Math.min(from, to), Math.max(from, to))).join('')),
  fc.string({ unit: fc.constantFrom(...'0123456789.-+;,=:" \\\tTZGMTmshdrqwx?*@()'), maxLength: 60 }),
  fc.string({ maxLength: 60 }),
)
const NAMES = [
  ...['retry-after', 'date', 'age', 'ratelimit', 'ratelimit-policy', 'x-ratelimit-policy'],
  ...['ratelimit', 'x-ratelimit', 'x-rate-limit'].flatMap((stem) =>
    ['', '-minute', '-day', '-requests'].flatMap((end) =>
      ['limit', 'remaining', 'reset'].map((what) => `${stem}-${what}${end}`),
    ),
  ),
]
const headers = fc
  .dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 8 })
  .map((said) => ({ get: (name: string): string | null => (Object.hasOwn(said, name) ? said[name]! : null), said }))

const isCount = (each: number | null): boolean => each === null || (Number.isFinite(each) && each >= 0)

describe('headers that are bent', () => {
  it('announce limits that can be obeyed, or none', () => {
    fc.assert(
      fc.property(headers, (given) => {
        for (const { name, quota, windowMs, remaining, resetMs } of readLimits(given, NOW)) {
          assert.ok(/^[ -~]*$/.test(name), name)
          assert.ok(isCount(quota) && isCount(remaining) && (quota !== null || remaining !== null))
          assert.ok(windowMs === null || (windowMs > 0 && windowMs <= YEAR_MS))
          assert.ok(isCount(resetMs) && (resetMs ?? 0) <= YEAR_MS)
        }
        const wait = retryAfterMs(given, NOW)
        assert.ok(isCount(wait))
      }),
      { numRuns: 4000 * RUNS },
    )
  })

  it('are read piece by piece without a throw', () => {
    fc.assert(
      fc.property(value, (text) => {
        const members = parseMembers(text)
        assert.ok(members === null || members.length <= 32)
        for (const { quota, windowMs } of readPolicies(text)) assert.ok(isCount(quota) && isCount(windowMs))
        const at = parseDate(text)
        assert.ok(at === null || Number.isFinite(at))
        assert.ok(isCount(parseReset(text, NOW, YEAR_MS)))
      }),
      { numRuns: 4000 * RUNS },
    )
  })
})
