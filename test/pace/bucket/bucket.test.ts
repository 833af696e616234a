import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bucketSent, bucketWait, burstOf, evenRate, refilled, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { NOW, times } from '../driving.ts'

const rates = fc.double({ min: 0.05, max: 200, noNaN: true })
const bursts = fc.double({ min: 1, max: 100, noNaN: true })
/** Pauses in which nobody wants to send, ms; most are none. */
const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(500), fc.nat(60_000)), { minLength: 2, maxLength: 60 })
const bucketOf = (rate: number, burst: number) => ({ ...startBucket({ rate, at: NOW }), burst })

describe('the shadow bucket', () => {
  it('lets nothing leave before there is a token: in any span the burst and what ran in, no more', () => {
    fc.assert(
      fc.property(rates, bursts, pauses, (rate, burst, given) => {
        let bucket = bucketOf(rate, burst)
        let now = NOW
        const sends = given.map((pause) => {
          now += pause
          now += bucketWait(bucket, now)
          bucket = bucketSent(bucket, now)
          return now
        })
        for (let i = 0; i < sends.length; i++)
          for (let j = i; j < sends.length; j++) {
            const granted = burst + (rate * (sends[j]! - sends[i]!)) / 1000
            assert.ok(j - i + 1 <= granted + 0.01, `${j - i + 1} sent, ${granted} granted`)
          }
      }),
    )
  })

  it('saves up no more than the burst, and never the time before it began', () => {
    fc.assert(
      fc.property(rates, bursts, pauses, (rate, burst, given) => {
        let bucket = bucketOf(rate, burst)
        let now = NOW
        assert.equal(refilled(bucket, now).tokens, 0)
        for (const pause of given) {
          now += pause
          bucket = refilled(bucket, now)
          assert.ok(bucket.tokens <= burst + 1e-9)
        }
      }),
    )
  })

  it('makes up for being late a little, in a window, and still sends no more than its quota', () => {
    const late = fc.array(fc.oneof(fc.nat(5), fc.nat(500)), { minLength: 40, maxLength: 120 })
    const sendsOf = (quota: number, lateMs: readonly number[]): number[] => {
      let bucket = { ...bucketOf(evenRate(quota, 1000), 1), steady: true }
      let now = NOW
      return lateMs.map((ms) => {
        now += bucketWait(bucket, now) + ms
        bucket = bucketSent(bucket, now)
        return now
      })
    }
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 60 }), late, (quota, lateMs) => {
        const sends = sendsOf(quota, lateMs)
        for (let i = quota; i < sends.length; i++) assert.ok(sends[i]! - sends[i - quota]! > 1000)
      }),
    )
    const tookMs =
      sendsOf(
        20,
        Array.from({ length: 100 }, () => 4),
      ).at(-1)! - NOW
    assert.ok(tookMs < 5090, `${tookMs} ms for five windows`)
  })

  it('is kept waiting exactly until the token is there', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 5 }), (rate, spent) => {
        const empty = times(spent, () => NOW).reduce(bucketSent, bucketOf(rate, 1))
        const wait = bucketWait(empty, NOW)
        assert.ok(wait > 0)
        const { tokens } = refilled({ ...empty, burst: 10 }, NOW + wait)
        assert.ok(Math.abs(tokens - 1) < 0.001, `${tokens}`)
        assert.equal(bucketWait(empty, NOW + wait + 0.001), 0)
      }),
    )
  })

  it('knows how long it ran over, when nothing was granted', () => {
    const full = refilled(bucketOf(10, 5), NOW + 500)
    assert.equal(full.lostMs, 0)
    assert.ok(Math.abs(refilled(full, NOW + 1500).lostMs - 1000) < 1e-6)
  })

  it('does not run backwards when asked about an instant before its own', () => {
    const ahead = bucketOf(10, 5)
    assert.deepEqual(refilled(ahead, NOW - 1000), ahead)
    assert.ok(bucketWait(ahead, NOW - 1000) > 1000)
  })
})

describe('burstOf', () => {
  const rush = (count: number) => ({ admitted: times(count, (i) => NOW + i), wallAt: NOW + count })

  it('is one where nothing tells', () => {
    assert.equal(burstOf(null, 10), 1)
    assert.equal(burstOf({ admitted: [], wallAt: NOW }, 10), 1)
  })

  it('is somewhat less than what went through at once before the wall', () => {
    const burst = burstOf(rush(60), 5)
    assert.ok(burst > 30 && burst < 60, `${burst}`)
  })

  it('is one where no more went through than the rate grants', () => {
    const even = { admitted: times(50, (i) => NOW + i * 100), wallAt: NOW + 5000 }
    assert.ok(burstOf(even, 10) <= 1.5)
  })

  it('is never more than what went through, and smaller for a higher rate', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { maxLength: 100 }), rates, (gaps, rate) => {
        const opening = { admitted: gaps.sort((a, b) => a - b).map((ms) => NOW + ms), wallAt: NOW + 20_001 }
        const burst = burstOf(opening, rate)
        assert.ok(burst >= 1 && burst <= Math.max(1, gaps.length))
        assert.ok(burstOf(opening, 2 * rate) <= burst)
      }),
    )
  })
})

describe('startBucket', () => {
  it('saves nothing up where a bucket is narrow, or the rate is a bold guess', () => {
    const opening = { admitted: times(60, (i) => NOW + i), wallAt: NOW + 60 }
    assert.ok(startBucket({ rate: 5, at: NOW, opening }).burst > 10)
    assert.equal(startBucket({ rate: 5, at: NOW, opening, narrow: true }).burst, 1)
    assert.equal(startBucket({ rate: 5, at: NOW, opening, fallback: 2 }).burst, 1)
  })
})

describe('evenRate', () => {
  it('never puts more than the quota into any window, with room for jitter, and gives little away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1000, max: 60_000 }), (quota, windowMs) => {
        const everyMs = 1000 / evenRate(quota, windowMs)
        assert.ok(quota * everyMs > windowMs + 1)
        assert.ok(quota * everyMs < windowMs * 1.05)
      }),
    )
  })
})
