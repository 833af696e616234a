import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { admit as arrive, type Limit, type LimitState } from '../../../demo/limits.ts'
import { admit, noTraffic, refuse, type Traffic } from '../../../src/pace/traffic.ts'
import { quotaByWalls, windowByWalls } from '../../../src/pace/window/short-window.ts'
import { NOW, times } from '../driving.ts'

const SECOND = 1000

/** What such a source lets in, and what it refuses, of requests that leave at these instants; after a refusal there is a pause. */
const watch = (limit: Limit, gaps: readonly number[], pauseMs: number): Traffic => {
  let state: LimitState = { kind: 'fresh' }
  let traffic = noTraffic
  let at = NOW
  for (const gap of gaps) {
    at += gap
    const admission = arrive(limit, state, at)
    state = admission.state
    traffic = (admission.ok ? admit : refuse)(traffic, at)
    if (!admission.ok) at += pauseMs
  }
  return traffic
}

const every = (ms: number, count: number): number[] => times(count, () => ms)
/** At two paces, so that the walls do not all come at the same instant of a window. */
const hurried = [...every(29, 60), ...every(37, 60)]

const quotas = fc.integer({ min: 8, max: 24 })

describe('the quota of a short window, by its walls', () => {
  it('is found whenever its windows open', () => {
    for (const quota of [8, 14, 20])
      for (const phaseMs of times(10, (i) => 100 * i + 7)) {
        const limit = { kind: 'fixed-window', quota, windowMs: SECOND, phaseMs } as const
        const found = quotaByWalls(watch(limit, hurried, SECOND), [], SECOND, 0)
        // Of those that explain the walls a high one is taken.
        assert.ok(found !== null && found.quota >= quota - 1, `${found?.quota} for ${quota}`)
        assert.ok(found.quota <= 1.25 * quota + 1, `${found.quota} for ${quota}`)
      }
  })

  it('is found exactly where they slide', () => {
    fc.assert(
      fc.property(quotas, (quota) => {
        const limit = { kind: 'sliding-window', quota, windowMs: SECOND } as const
        const found = quotaByWalls(watch(limit, hurried, SECOND), [], SECOND, 0)
        assert.ok(found !== null)
        assert.ok(Math.abs(found.quota - quota) <= 1, `${found.quota} for ${quota}`)
      }),
    )
  })

  it('is found where some overtook what was refused', () => {
    const pauseMs = 2 * SECOND
    const opening = [...times(28, (i) => 10 * i), 300, 305]
    const next = times(30, (i) => pauseMs + 10 * i)
    const allLetIn = [...opening, ...next].reduce((traffic, at) => admit(traffic, NOW + at), noTraffic)
    const walls = [298, 320, pauseMs + 310].reduce((traffic, at) => refuse(traffic, NOW + at), allLetIn)
    assert.equal(quotaByWalls(walls, [], SECOND, 0)?.quota, 30)
  })

  it('takes two walls, of windows apart', () => {
    const limit = { kind: 'fixed-window', quota: 20, windowMs: SECOND, phaseMs: 457 } as const
    assert.equal(quotaByWalls(watch(limit, every(17, 21), 0), [], SECOND, 0), null)
    assert.equal(quotaByWalls(watch(limit, every(17, 24), 0), [], SECOND, 0), null)
    assert.equal(quotaByWalls(noTraffic, [], SECOND, 0), null)
  })

  it('is none where one window held more than another that was full: it is a bucket', () => {
    const bucket = watch({ kind: 'token-bucket', rate: 10, burst: 40 }, every(20, 300), SECOND)
    assert.equal(quotaByWalls(bucket, [], SECOND, 0), null)
  })

  it('is none where some are let in after a refusal within the window', () => {
    const bucket = watch({ kind: 'token-bucket', rate: 20, burst: 5 }, every(40, 300), 0)
    assert.equal(quotaByWalls(bucket, [], SECOND, 0), null)
  })

  it('is told by what came since the limit moved', () => {
    const before = watch({ kind: 'fixed-window', quota: 40, windowMs: SECOND }, every(17, 200), SECOND)
    const movedAt = before.admitted.at(-1)! + SECOND
    const limit = { kind: 'fixed-window', quota: 14, windowMs: SECOND, phaseMs: 207 } as const
    const shifted = (at: number): number => at - NOW + movedAt
    const after = watch(limit, hurried, SECOND)
    const both = after.refused.reduce(
      (all, at) => refuse(all, shifted(at)),
      after.admitted.reduce((all, at) => admit(all, shifted(at)), before),
    )
    assert.equal(quotaByWalls(both, [], SECOND, 0), null)
    const found = quotaByWalls(both, [], SECOND, movedAt)
    assert.ok(found !== null && Math.abs(found.quota - 14) <= 3, `${found?.quota}`)
  })
})

describe('the length of a window of a few seconds, by its walls', () => {
  /** Every few ms one, until one is refused; after a refusal one is tried at these instants, ms, until one is let in. */
  const PROBES = [100, 320, 1000, 3000, 5000, 7000]
  const seek = (limit: Limit, walls: number): { traffic: Traffic; after: number; by: number } => {
    let state: LimitState = { kind: 'fresh' }
    let traffic = noTraffic
    let [at, after, by] = [NOW, NOW, NOW]
    const ask = (): boolean => {
      const admission = arrive(limit, state, at)
      state = admission.state
      traffic = (admission.ok ? admit : refuse)(traffic, at)
      return admission.ok
    }
    for (let met = 0; met < walls; met++) {
      // At ever other paces, so that the walls do not all come at the same instant of a window.
      const everyMs = 9 + 4 * met
      while (ask()) at += everyMs
      const wallAt = at
      for (const probe of PROBES) {
        after = at
        at = wallAt + probe
        if (ask()) break
      }
      by = at
      at += everyMs
    }
    return { traffic, after, by }
  }

  it('is found, or a shorter one that explains them as well, with the quota', () => {
    let right = 0
    for (const windowMs of [2000, 3000, 4000, 5000])
      for (const phaseMs of times(8, (i) => 200 * i + 57)) {
        const { traffic, after, by } = seek({ kind: 'fixed-window', quota: 60, windowMs, phaseMs }, 4)
        const found = windowByWalls(traffic, after, by, null)
        assert.ok(found !== null, `${windowMs} from ${phaseMs} on`)
        assert.ok(found.windowMs <= windowMs, `from ${phaseMs} on`)
        if (found.windowMs === windowMs && Math.abs(found.quota - 60) <= 2) right++
      }
    assert.ok(right >= 24, `${right} of 32`)
  })

  it('is found where they slide', () => {
    const { traffic, after, by } = seek({ kind: 'sliding-window', quota: 60, windowMs: 4000 }, 3)
    assert.equal(windowByWalls(traffic, after, by, null)?.quota, 60)
  })

  it('is none of a bucket, nor after one wall', () => {
    for (const [rate, burst] of [
      [10, 10],
      [5, 40],
    ] as const) {
      const { traffic, after, by } = seek({ kind: 'token-bucket', rate, burst }, 4)
      assert.equal(windowByWalls(traffic, after, by, null), null)
    }
    const { traffic, after, by } = seek({ kind: 'fixed-window', quota: 60, windowMs: 4000 }, 1)
    assert.equal(windowByWalls(traffic, after, by, null), null)
  })
})
