import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Bucket, bucketWait, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { bucketRefused } from '../../../src/pace/bucket/bucket-refused.ts'
import { admit, noTraffic, type Traffic } from '../../../src/pace/traffic.ts'
import { NOW, times } from '../driving.ts'

/** So many requests let in, evenly, in so many ms from NOW on. */
const even = (count: number, ms: number): Traffic =>
  times(count, (i) => NOW + (i * ms) / count).reduce(admit, noTraffic)
const begun = (members: Partial<Bucket> = {}): Bucket => ({ ...startBucket({ rate: 10, at: NOW }), ...members })
const wall = { at: NOW, lostMs: 0 }

describe('a refusal', () => {
  it('makes it slower, empties the bucket and says where the limit was met', () => {
    const bucket = bucketRefused(
      begun({ clean: 100, walls: [wall], tokens: 1 }),
      NOW + 10_000,
      NOW + 10_050,
      even(100, 10_000),
      [],
    )
    assert.ok(bucket.rate < 10 && bucket.rate > 9, `${bucket.rate}`)
    assert.equal(bucket.ceiling, 10)
    assert.equal(bucket.clean, 0)
    assert.ok(bucket.tokens <= 0)
    assert.ok(bucketWait(bucket, NOW + 10_050) > 50)
  })

  it('of an even pace that follows another one, with nothing let in between, is of the same wall', () => {
    const held = begun({ rate: 20, clean: 200, walls: [wall], steady: true, sure: true })
    const again = times(4, (i) => NOW + 10_000 + 50 * i).reduce(
      (bucket, at) => bucketRefused(bucket, at, at + 5, even(200, 10_000), []),
      held,
    )
    assert.equal(again.steady, true)
    assert.ok(again.rate > 15, `${again.rate}`)
  })

  it('tells with the one before how much was granted in the time between, to one request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 400 }), fc.double({ min: 1, max: 50, noNaN: true }), (granted, rate) => {
        const ms = (granted * 1000) / rate
        const search = { low: 0.3 * rate, high: null, step: 1.6, need: 4, passed: 0, sinceAt: NOW }
        const tried = begun({ rate: 1.6 * rate, walls: [wall], search, clean: granted })
        const bucket = bucketRefused(tried, NOW + ms, NOW + ms + 50, even(granted, ms), [])
        assert.ok(bucket.rate <= ((granted + 1) * 1000) / ms, `${bucket.rate} for ${rate}`)
        assert.ok(bucket.rate >= ((granted - 1) * 1000) / ms, `${bucket.rate} for ${rate}`)
        assert.equal(bucket.search, null, 'the search is over')
      }),
    )
  })

  it('lowers the rate the less the longer it has held', () => {
    const after = (clean: number): number => {
      const ms = clean * 100
      return bucketRefused(begun({ clean, walls: [wall] }), NOW + ms, NOW + ms + 50, even(clean, ms), []).rate
    }
    assert.ok(after(10) < after(50) && after(50) < after(500))
  })

  it('again and again so soon makes it much slower', () => {
    let bucket = begun({ clean: 100, walls: [wall] })
    for (let i = 1; i <= 8; i++) {
      // As much was asked for as the rate allows.
      const asked = { ...bucket, clean: 3, at: NOW + i * 1000 + 50 }
      bucket = bucketRefused(asked, NOW + i * 1000, NOW + i * 1000 + 50, even(3 * i, i * 1000), [])
    }
    assert.ok(bucket.rate < 6 && bucket.rate > 0, `${bucket.rate}`)
  })

  it('says little of the rate where much less was asked for than it allows', () => {
    const seldom = begun({ clean: 3, walls: [wall] })
    const bucket = bucketRefused(seldom, NOW + 60_000, NOW + 60_050, even(3, 60_000), [])
    assert.ok(bucket.rate > 0.9 * seldom.rate && bucket.rate < seldom.rate, `${bucket.rate} of ${seldom.rate}`)
  })

  it('of what was paid from savings means that less is saved up', () => {
    const saving = begun({ burst: 20, spending: true, clean: 50 })
    const { burst } = bucketRefused(saving, NOW + 5000, NOW + 5050, even(50, 5000), [])
    assert.ok(burst < 20 && burst >= 1)
  })

  it('never stops it: the rate stays above zero, and no wait is without end', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ gap: fc.nat(5000), let: fc.nat(40) }), { maxLength: 60 }), (story) => {
        let bucket = begun()
        let traffic = noTraffic
        let now = NOW
        for (const { gap, let: count } of story) {
          for (let i = 0; i < count; i++) traffic = admit(traffic, now + (i * gap) / count)
          now += gap
          const { rate } = bucket
          bucket = bucketRefused({ ...bucket, clean: count }, now, now + 20, traffic, [])
          assert.ok(bucket.rate > 0 && bucket.rate <= rate, `${rate} → ${bucket.rate}`)
          assert.ok(Number.isFinite(bucketWait(bucket, now + 20)))
          assert.ok(bucket.burst >= 1 && bucket.walls.length <= 50)
        }
      }),
    )
  })
})

describe('where nothing was let in since', () => {
  it('it is the same wall still: the waits get longer, the rate hardly lower', () => {
    let bucket = begun({ clean: 100, walls: [wall] })
    let now = NOW + 10_000
    const waits = times(4, () => {
      bucket = bucketRefused(bucket, now, now, even(100, 10_000), [])
      const wait = bucketWait(bucket, now)
      now += wait
      return wait
    })
    assert.ok(waits[1]! < waits[2]! && waits[2]! < waits[3]!, waits.join())
    assert.ok(bucket.rate > 6)
    assert.equal(bucket.barren, 4)
    assert.equal(bucket.barrenSince, NOW + 10_000)
    assert.equal(bucket.ceiling, 10, 'the limit was met at the rate before')
  })
})

describe('a slow even pace that is refused again', () => {
  /** How long it is waited after the second refusal, ms. */
  const waited = (members: Partial<Bucket>): number => {
    const held = begun({ clean: 100, walls: [wall], sure: true, ...members })
    const [first, second] = [NOW + 100_000, NOW + 101_000]
    const once = bucketRefused(held, first, first + 50, even(100, 100_000), [])
    const twice = bucketRefused(once, second, second + 50, even(100, 100_000), [])
    return bucketWait(twice, second + 50)
  }

  it('waits for longer than its requests are apart: a counter that counts refused ones too would be as full as before', () => {
    assert.ok(waited({ rate: 1, steady: true }) > 2000)
  })

  it('does not where somebody else may take what is let in meanwhile, nor where a window of a second ends soon', () => {
    assert.ok(waited({ rate: 1 }) < 500)
    assert.ok(waited({ rate: 1, narrow: true }) < 500)
    assert.ok(waited({ rate: 20, steady: true }) < 150)
  })
})

describe('a bucket that holds next to nothing', () => {
  it('shrinks by a little, since refusals tell of the spacing', () => {
    const narrow = begun({ narrow: true, clean: 100, walls: [wall] })
    const { rate } = bucketRefused(narrow, NOW + 30_000, NOW + 30_050, even(100, 30_000), [])
    assert.ok(rate < 10 && rate > 9, 'not to the 3.3/s that were let in')
  })

  it('has its trials bisected', () => {
    const search = { low: 8, high: null, step: 1.5, need: 2, passed: 0, sinceAt: NOW }
    const { rate, search: next } = bucketRefused(
      begun({ narrow: true, rate: 12, search }),
      NOW + 500,
      NOW + 550,
      even(5, 500),
      [],
    )
    assert.ok(rate > 8 && rate < 12)
    assert.equal(next?.high, 12)
  })
})

describe('a bold guess that is refused at once', () => {
  it('is given up for what is known for sure, and from there the rate is sought', () => {
    const { rate, fallback, search } = bucketRefused(begun({ fallback: 3 }), NOW + 300, NOW + 350, even(3, 300), [])
    assert.ok(rate <= 3)
    assert.equal(fallback, null)
    assert.ok(search !== null && search.low! <= 3 && search.high === 10)
  })
})

it('a look higher that is refused ends at the rate that had held', () => {
  const search = { low: 10, high: null, step: 1.6, need: 5, passed: 2, sinceAt: NOW, from: 10 }
  const looking = begun({ rate: 16, search, clean: 2, steady: true })
  const bucket = bucketRefused(looking, NOW + 300, NOW + 350, even(4, 300), [])
  assert.equal(bucket.rate, 10)
  assert.equal(bucket.search, null)
})

it('a rate that was refused soon and with a wait is not gone back to, if what was let in between tells of less', () => {
  const walls = [wall, { at: NOW + 4000, lostMs: 0 }]
  const refused = (clean: number, tollMs: number): Bucket =>
    bucketRefused(
      begun({ rate: 20, clean, walls, steady: true, at: NOW + 8000 }),
      NOW + 8000,
      NOW + 8050,
      even(80, 8000),
      [],
      tollMs,
    )
  assert.ok(refused(40, 1000).ceiling! < 15)
  assert.equal(refused(40, 0).ceiling, 20, 'without a wait it costs little')
  assert.equal(refused(400, 1000).ceiling, 20, 'it has held')
})

it('a rate that had held and is refused soon, again and again, falls to what was let in since', () => {
  // Ten a second for a minute, then five.
  const before = times(600, (i) => NOW - 60_000 + i * 100)
  const after = times(9, (i) => NOW + 100 + i * 200)
  const traffic = [...before, ...after].reduce(admit, noTraffic)
  const at = (ms: number) => ({ at: NOW + ms, lostMs: 0 })
  const fallen = (members: Partial<Bucket>): Bucket =>
    bucketRefused(
      { ...begun({ sure: true, clean: 4, hasty: 2, at: NOW + 1800, ...members }), burst: 8 },
      NOW + 1800,
      NOW + 1850,
      traffic,
      [],
    )
  const walls = [at(-60_000), at(0), at(600), at(1200)]
  const { rate, ceiling } = fallen({ walls })
  assert.ok(rate > 4 && rate < 5.5, `${rate}`)
  assert.ok(ceiling! < 7, 'and is not hurried back')
  assert.ok(fallen({ walls, hasty: 1 }).rate > 7, 'not at once')
  assert.ok(fallen({ walls, sure: false }).rate > 7, 'nor if it never was sure')
})

it('a wait tells the rate if it may be one for a token, in whole seconds: longer ones are for something else', () => {
  const refused = (tollMs: number, members: Partial<Bucket> = {}): Bucket =>
    bucketRefused(
      begun({ holds: 30, clean: 100, walls: [wall], ...members }),
      NOW + 8000,
      NOW + 8050,
      even(80, 8000),
      [],
      tollMs,
    )
  assert.equal(refused(1000).isWaiting, true)
  assert.equal(refused(0).isWaiting, false, 'no wait')
  assert.equal(refused(1000, { holds: null }).isWaiting, false, 'nobody knows what it holds')
  const long = refused(2000)
  assert.deepEqual([long.isWaiting, long.holds], [false, null])
  assert.equal(refused(2000, { rate: 0.5 }).isWaiting, true, 'a token takes two seconds')
})
