import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readLimits, retryAfterMs } from '../../../src/pace/header/limit-headers.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { DAY, IN_30_S, limit, MINUTE, NOW, table } from '../header-table.ts'

table('RateLimit of the current draft', [
  [
    'is joined with its policies by name, in any order; a policy without a limit is told too',
    {
      'RateLimit-Policy': '"burst";q=100;w=60,"daily";q=1000;w=86400,"month";q=9000',
      RateLimit: '"daily";r=900;t=4000, "burst";r=50;t=30',
    },
    [limit('daily', 1000, DAY, 900, 4_000_000), limit('burst', 100, MINUTE, 50, 30_000), limit('month', 9000, null)],
  ],
  [
    'as express-rate-limit writes it',
    {
      ratelimit: '"100-in-1min"; r=99; t=60',
      'ratelimit-policy': '"100-in-1min"; q=100; w=60; pk=:MTJhYjM0Y2Q1NmVm:',
    },
    [limit('100-in-1min', 100, MINUTE, 99, 60_000)],
  ],
  [
    'with a token for a name',
    { ratelimit: 'default;r=5;t=1', 'ratelimit-policy': 'default;q=10;w=1' },
    [limit('default', 10, 1000, 5, 1000)],
  ],
  ['without a policy', { ratelimit: '"default";r=50;t=30' }, [limit('default', null, null, 50, 30_000)]],
  ['with all in one field', { ratelimit: '"default";q=100;w=60;r=0' }, [limit('default', 100, MINUTE, 0)]],
  ['only policies', { 'ratelimit-policy': '"default";q=100;w=10' }, [limit('default', 100, 10_000)]],
  [
    'without what is required, or with it malformed, is ignored',
    { ratelimit: '"a";t=30, "b";r=-1, "c";r="5", "d";r', 'ratelimit-policy': '"a";w=60, "b";q=-1, "c";q=?1' },
    [],
  ],
  [
    'keeps what is good of a member',
    { ratelimit: '"a";r=5;t=-1', 'ratelimit-policy': '"a";q=10;w=0' },
    [limit('a', 10, null, 5, null)],
  ],
  ['malformed as a whole is ignored', { ratelimit: '"a";r=5;t=1,,', 'ratelimit-policy': '"a' }, []],
])

table('RateLimit of draft -07', [
  [
    'with its policy, which has no name',
    { RateLimit: 'limit=100, remaining=50, reset=30', 'RateLimit-Policy': '100;w=60' },
    [limit('', 100, MINUTE, 50, 30_000)],
  ],
  [
    'with several policies: by quota',
    { ratelimit: 'reset=5, limit=10, remaining=9', 'ratelimit-policy': '10;w=1, 50;w=60;comment="all day"' },
    [limit('', 10, 1000, 9, 5000), limit('', 50, MINUTE)],
  ],
  [
    'without a limit: the only policy',
    { ratelimit: 'remaining=9', 'ratelimit-policy': '10;w=1' },
    [limit('', 10, 1000, 9)],
  ],
  ['with nothing but a reset', { ratelimit: 'reset=5' }, []],
])

table('RateLimit-Limit of draft -06 and before', [
  [
    'as express-rate-limit writes it',
    { 'ratelimit-policy': '100;w=60', 'ratelimit-limit': '100', 'ratelimit-remaining': '99', 'ratelimit-reset': '42' },
    [limit('', 100, MINUTE, 99, 42_000)],
  ],
  [
    'with policies within the limit',
    { 'ratelimit-limit': '10, 10;w=1, 50;w=60', 'ratelimit-remaining': '9', 'ratelimit-reset': '1' },
    [limit('', 10, 1000, 9, 1000), limit('', 50, MINUTE)],
  ],
  [
    'with a policy for a limit',
    { 'ratelimit-limit': '100;w=60', 'ratelimit-remaining': '9' },
    [limit('', 100, MINUTE, 9)],
  ],
  ['that is a policy alone', { 'ratelimit-limit': '100;w=60' }, [limit('', 100, MINUTE)]],
  [
    "with an instant, as GitLab's",
    { 'ratelimit-limit': '60', 'ratelimit-remaining': '0', 'ratelimit-reset': IN_30_S },
    [limit('', 60, null, 0, 30_000)],
  ],
  [
    'with days to wait',
    { 'ratelimit-limit': '60', 'ratelimit-remaining': '0', 'ratelimit-reset': '600000' },
    [limit('', 60, null, 0, 600_000_000)],
  ],
])

table('readLimits', [
  ['says nothing of a reply that says nothing', { 'content-type': 'application/json', 'retry-after': '5' }, []],
  [
    'prefers the newest dialect',
    {
      ratelimit: '"a";r=1',
      'ratelimit-policy': '"a";q=10;w=60',
      'ratelimit-limit': '20',
      'ratelimit-remaining': '2',
      'x-ratelimit-limit': '30',
      'x-ratelimit-remaining': '3',
    },
    [limit('a', 10, MINUTE, 1)],
  ],
  [
    'prefers a draft to none',
    { 'ratelimit-remaining': '2', 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': '3' },
    [limit('', null, null, 2)],
  ],
  [
    'takes an older dialect where the newer one is malformed',
    { ratelimit: 'nonsense!(', 'ratelimit-remaining': '?', 'x-ratelimit-remaining': '3' },
    [limit('', null, null, 3)],
  ],
  [
    'takes the policies of the drafts to the headers of nobody',
    { 'ratelimit-policy': '"default";q=30;w=60', 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': '3' },
    [limit('default', 30, MINUTE, 3)],
  ],
  ['is silent on what a cache kept', { age: '12', 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': '3' }, []],
  ['is not silent on what is fresh', { age: '0', 'x-ratelimit-remaining': '3' }, [limit('', null, null, 3)]],
])

describe('whatever the headers', () => {
  const near = fc
    .array(
      fc.constantFrom(
        ...'"a";r= q=1 t=30 w=60 qu="x" limit= remaining= , ; : -1 1e9 100 0.5 \\ ( ?1 @ GMT 1s'.split(' '),
      ),
      {
        maxLength: 30,
      },
    )
    .map((parts) => parts.join(''))
  const value = fc.oneof(
    near,
    fc.string({ unit: anyCharacter, maxLength: 60 }),
    fc.double().map(String),
    fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
    fc.constantFrom(
      IN_30_S,
      String(NOW + 30_000),
      new Date(NOW + 30_000).toUTCString(),
      '100, 100;w=60',
      '1, 2',
      '100',
    ),
  )
  const names = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-policy', 'date', 'age'].concat(
    ['ratelimit', 'x-ratelimit', 'x-rate-limit', 'x-ratelimit-requests'].flatMap((stem) =>
      ['limit', 'remaining', 'reset'].flatMap((what) =>
        ['', '-second', '-month', '-requests'].map((suffix) => `${stem}-${what}${suffix}`),
      ),
    ),
  )
  const headers = fc
    .dictionary(fc.constantFrom(...names), value)
    .map((values) => ({ get: (name: string): string | null => values[name] ?? null }))

  it('never throws; each number is finite and not negative', () => {
    fc.assert(
      fc.property(headers, fc.integer({ min: 0, max: 2 ** 52 }), (each, now) => {
        for (const { name, quota, windowMs, remaining, resetMs } of readLimits(each, now)) {
          assert.equal(typeof name, 'string')
          assert.ok(quota !== null || remaining !== null)
          for (const number of [quota, windowMs, remaining, resetMs])
            assert.ok(number === null || (Number.isFinite(number) && number >= 0), String(number))
          assert.ok(windowMs !== 0)
        }
        retryAfterMs(each, now)
      }),
      { numRuns: 1000 },
    )
  })

  it('does little work on values that do not end', () => {
    for (const part of ['"a";r=1,', '1,', '1;', '"', '\\', ' ', '1s', '12:30 GMT (', '"a', 'a=', '9', '\t;'])
      for (const times of [1, 100, 200, 2 ** 22 / part.length]) {
        const long = part.repeat(times)
        const from = performance.now()
        const limits = readLimits({ get: (name) => (name === 'date' || name === 'age' ? null : long) }, NOW)
        assert.ok(performance.now() - from < 1000, part)
        assert.ok(limits.length < 1000)
      }
  })
})
