import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../bench/pace/scenario.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { counter, fixed, restarting, sliding } from '../../bench/pace/table.ts'
import { remember, startPace } from '../../src/pace/start.ts'
import { admit, noTraffic, type Traffic } from '../../src/pace/traffic.ts'
import {
  startWindow,
  type Window,
  windowAccepted,
  windowRefused,
  windowSent,
  windowWait,
} from '../../src/pace/window/window.ts'
import { NOW, times } from './driving.ts'

/** Seen to let in again between three and five seconds after its first request. */
const between: Window = {
  ...startWindow(10, 5000, { after: NOW - 2000, by: NOW }, false),
  shorter: [4000, 3000],
}
const used: Traffic = times(10, (i) => NOW + i * 30).reduce(admit, noTraffic)
const TRIED = NOW + 4100

const asked = windowSent(between, used, [], TRIED)

describe('a window of which several usual lengths fit what was seen', () => {
  it('is the longest, and the next shorter one is tried by one request', () => {
    assert.equal(windowWait(between, used, [], NOW + 400, 100), TRIED - NOW - 400)
    assert.equal(windowWait(between, used, [], TRIED, 100), 0)
    const flying = [{ id: 10, at: TRIED, width: 1 }]
    assert.ok(windowWait(asked, used, flying, TRIED + 1, 3000) > 900)
  })

  it('is the shorter one where that lets in, and all of it may leave', () => {
    const traffic = admit(used, TRIED)
    const known = windowAccepted(asked, traffic, TRIED)
    assert.equal(known.windowMs, 4000)
    assert.deepEqual(known.shorter, [3000])
    assert.equal(windowWait(known, traffic, [], TRIED + 100, 100), 0)
  })

  it('is not shorter where it is refused', () => {
    const known = windowRefused(asked, used, [], TRIED, null)!
    assert.equal(known.windowMs, 5000)
    assert.equal(windowWait(known, used, [], TRIED + 50, 100), NOW + 5012 - TRIED - 50)
  })

  it('is of neither where it is let in once and not again: that has to be sought, and the longer is kept', () => {
    const traffic = times(9, (i) => TRIED + 20 + i).reduce(admit, admit(used, TRIED))
    const known = windowAccepted(asked, traffic, TRIED)
    const next = TRIED + 4100
    assert.equal(windowRefused(windowSent(known, traffic, [], next), traffic, [], next, null), null)
    const pace = { ...startPace({ now: NOW }), shape: known, traffic }
    assert.equal((remember(pace, next).limit as { windowMs: number }).windowMs, 5000)
  })
})

it('the next one is tried when that one has been seen again', () => {
  const traffic = times(9, (i) => TRIED + 20 + i).reduce(admit, admit(used, TRIED))
  const known = windowAccepted(asked, traffic, TRIED)
  assert.ok(windowWait(known, traffic, [], TRIED + 3200, 100) > 500)
  const next = TRIED + 4012
  const again = times(9, (i) => next + 20 + i).reduce(admit, admit(traffic, next))
  const seen = windowAccepted(windowSent(known, traffic, [], next), again, next)
  assert.equal(windowWait(seen, again, [], next + 3200, 100), 0)
})

describe('the length of a window of which nothing is said', () => {
  const quick = { serviceMs: 50, wayMs: 3, jitterMs: 0.5 }
  const limits = [
    scenario('restarting 26 in 4 s', restarting(26, 4), 'silent', quick),
    scenario('sliding 7 in 6 s', sliding(7, 6), 'silent', quick),
    scenario('restarting 27 in 20 s', restarting(27, 20), 'silent', quick),
    scenario('fixed 9 in 4 s', fixed(9, 4, 1300), 'silent', quick),
    scenario('counter 17 in 5 s', counter(17, 5, false, true), 'silent', quick),
  ]
  for (const each of limits)
    it(`${each.name}, is told`, () => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const { ms, leastMs, refused, requests } = simulate(each, seed)
        assert.ok(ms < 1.12 * leastMs, `seed ${seed}: ${(ms / leastMs).toFixed(2)} times the least`)
        assert.ok(refused < 0.02 * requests, `seed ${seed}: ${refused} of ${requests} refused`)
      }
    })
})
