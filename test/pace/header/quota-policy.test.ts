import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AnnouncedLimit } from '../../../src/pace/header/limit-headers.ts'
import { joinPolicies, readPolicies } from '../../../src/pace/header/quota-policy.ts'

const limit = (name: string, quota: number | null, windowMs: number | null, remaining: number | null = null) =>
  ({ name, quota, windowMs, remaining, resetMs: null }) satisfies AnnouncedLimit

/** Limits without a window, joined with the policies. */
const join = (policies: string, limits: [name: string, quota: number | null, remaining: number][]): AnnouncedLimit[] =>
  joinPolicies(
    limits.map(([name, quota, remaining]) => limit(name, quota, null, remaining)),
    readPolicies(policies),
  )

describe('readPolicies', () => {
  it('reads policies with names and without', () => {
    assert.deepEqual(readPolicies('"a";q=100;w=60;pk=:cHsd:, b;q=7, 50;w=1;burst=9, 9;window=2'), [
      { name: 'a', quota: 100, windowMs: 60_000, ofRequests: true },
      { name: 'b', quota: 7, windowMs: null, ofRequests: true },
      { name: '', quota: 50, windowMs: 1000, ofRequests: true },
      { name: '', quota: 9, windowMs: 2000, ofRequests: true },
    ])
  })

  it('knows what is counted', () => {
    const units = readPolicies(
      '"a";q=1;qu="content-bytes","b";q=1;qu="concurrent-requests","c";q=1;qu="requests","d";q=1;qu="request","e";q=1;qu',
    )
    assert.deepEqual(
      units.map(({ ofRequests }) => ofRequests),
      [false, false, true, true, true],
    )
  })

  it('does without what makes no sense', () => {
    for (const value of [
      null,
      '',
      '"a"',
      '"a";w=60',
      '"a";q=-1',
      '"a";q="5"',
      '-5;w=1',
      'a=5;q=1',
      '"a";q=1,',
      'x'.repeat(5000),
    ])
      assert.deepEqual(readPolicies(value), [], String(value))
    for (const window of ['0', '-1', '"60"', '?1', '31622401'])
      assert.deepEqual(readPolicies(`"a";q=1;w=${window}`), [{ name: 'a', quota: 1, windowMs: null, ofRequests: true }])
  })
})

describe('joinPolicies', () => {
  it('joins by name, and tells the policies that nobody claims', () => {
    assert.deepEqual(
      join('"a";q=10;w=1,"b";q=20;w=2', [
        ['b', null, 5],
        ['c', null, 6],
      ]),
      [limit('b', 20, 2000, 5), limit('c', null, null, 6), limit('a', 10, 1000)],
    )
  })

  it('joins two of one name in their order', () => {
    assert.deepEqual(
      join('"a";q=10;w=1,"a";q=99;w=60', [
        ['a', null, 1],
        ['a', null, 2],
        ['a', null, 3],
      ]),
      [limit('a', 10, 1000, 1), limit('a', 99, 60_000, 2), limit('a', 10, 1000, 3)],
    )
  })

  it('joins what has no name by its quota, with the longest window', () => {
    assert.deepEqual(
      join('10;w=1, 10;w=60, "a";q=9;w=5', [
        ['', 10, 1],
        ['', 9, 2],
        ['', 8, 3],
      ]),
      [limit('', 10, 60_000, 1), limit('a', 9, 5000, 2), limit('', 8, null, 3), limit('', 10, 1000)],
    )
  })

  it('joins what has neither with the only policy, and with none of several', () => {
    assert.deepEqual(join('10;w=1', [['', null, 1]]), [limit('', 10, 1000, 1)])
    assert.deepEqual(join('10;w=1, 20;w=2', [['', null, 1]]), [
      limit('', null, null, 1),
      limit('', 10, 1000),
      limit('', 20, 2000),
    ])
  })

  it('leaves out what does not count requests, policy and limit', () => {
    assert.deepEqual(
      join('"bytes";q=9000;qu="content-bytes";w=1,"wide";q=8;qu="concurrent-requests","few";q=9;w=1', [
        ['bytes', null, 100],
        ['few', null, 4],
        ['wide', null, 3],
      ]),
      [limit('few', 9, 1000, 4)],
    )
  })

  it('leaves limits alone where there is no policy', () => {
    assert.deepEqual(join('', [['a', 1, 2]]), [limit('a', 1, null, 2)])
  })
})
