import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitHeaders } from '../../demo/limit-headers.ts'
import { type Admission, admit, type Limit, type LimitState, release } from '../../demo/limits.ts'

function play(limit: Limit, times: readonly number[]): boolean[] {
  let state: LimitState = { kind: 'fresh' }
  return times.map((now) => {
    const admission = admit(limit, state, now)
    state = admission.state
    return admission.ok
  })
}

test('a token bucket gives its burst, then its rate', () => {
  const limit: Limit = { kind: 'token-bucket', rate: 2, burst: 3 }
  assert.deepEqual(play(limit, [0, 0, 0, 0, 499, 500, 500, 1000]), [true, true, true, false, false, true, false, true])
})

test('a fixed window begins anew at its edge, which the phase moves', () => {
  const limit: Limit = { kind: 'fixed-window', quota: 2, windowMs: 1000 }
  assert.deepEqual(play(limit, [900, 950, 999, 1000, 1001, 1002]), [true, true, false, true, true, false])
  assert.deepEqual(play({ ...limit, phaseMs: 500 }, [900, 950, 1000, 1499, 1500]), [true, true, false, false, true])
})

test('a sliding window counts the time before each request', () => {
  const limit: Limit = { kind: 'sliding-window', quota: 2, windowMs: 1000 }
  assert.deepEqual(play(limit, [900, 950, 1000, 1899, 1900, 1949, 1950]), [true, true, false, false, true, false, true])
})

test('a concurrency cap counts those that have not left', () => {
  const limit: Limit = { kind: 'concurrency', cap: 2 }
  const one = admit(limit, { kind: 'fresh' }, 0)
  const two = admit(limit, one.state, 0)
  const three = admit(limit, two.state, 0)
  assert.deepEqual([one.ok, two.ok, three.ok], [true, true, false])
  assert.equal(admit(limit, release(three.state), 0).ok, true)
})

test('who waits as told is admitted', () => {
  const limits: Limit[] = [
    { kind: 'token-bucket', rate: 3, burst: 1 },
    { kind: 'fixed-window', quota: 1, windowMs: 700 },
    { kind: 'sliding-window', quota: 1, windowMs: 700 },
  ]
  for (const limit of limits) {
    const first = admit(limit, { kind: 'fresh' }, 100)
    const refused = admit(limit, first.state, 101)
    assert.equal(refused.ok, false)
    assert.equal(admit(limit, refused.state, 101 + refused.resetMs).ok, true)
  }
})

test('admit leaves the state it was given alone', () => {
  const state: LimitState = Object.freeze({ kind: 'log', at: Object.freeze([1, 2]) })
  admit({ kind: 'sliding-window', quota: 5, windowMs: 10 }, state, 3)
  assert.deepEqual(state, { kind: 'log', at: [1, 2] })
})

test('headers of each kind', () => {
  const refused: Admission = {
    state: { kind: 'fresh' },
    ok: false,
    quota: 60,
    windowMs: 60_000,
    remaining: 0,
    resetMs: 2400,
  }
  const now = Date.UTC(2026, 0, 1)
  assert.deepEqual(limitHeaders('none', refused, now), {})
  assert.deepEqual(limitHeaders('retry-after', refused, now), { 'retry-after': '3' })
  assert.deepEqual(limitHeaders('retry-after', { ...refused, ok: true }, now), {})
  assert.deepEqual(limitHeaders('retry-after-date', refused, now), { 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' })
  assert.deepEqual(limitHeaders('ratelimit', refused, now), {
    'ratelimit-policy': '"default";q=60;w=60',
    ratelimit: '"default";r=0;t=3',
  })
  assert.deepEqual(limitHeaders('x-ratelimit', refused, now), {
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(now / 1000 + 3),
  })
})
