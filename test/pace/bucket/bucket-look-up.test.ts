import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { bucketAccepted } from '../../../src/pace/bucket/bucket-accepted.ts'
import { isLookDue, lookUp } from '../../../src/pace/bucket/bucket-look-up.ts'
import { bucketRefused } from '../../../src/pace/bucket/bucket-refused.ts'
import { admit, noTraffic } from '../../../src/pace/traffic.ts'
import { NOW, times } from '../driving.ts'

const PLENTY = 1000
/** A long job, and answers that are quick or as usual. */
const job = (latencyMs: number, left = 10_000) => ({ left, latencyMs })
const wall = { at: NOW - 60_000, lostMs: 0 }
const held = (members: Partial<Bucket> = {}): Bucket => ({
  ...startBucket({ rate: 10, at: NOW }),
  burst: 8,
  sure: true,
  ceiling: 10.1,
  met: true,
  walls: [wall],
  clean: 2000,
  ...members,
})

describe('a look higher', () => {
  it('is due after hundreds of requests, and later where the wait after a refusal loses much', () => {
    assert.equal(isLookDue(held()), true)
    assert.equal(isLookDue(held({ clean: 300 })), false)
    // Less seldom than where the pace is that of a window of which nothing more is known.
    assert.equal(isLookDue(held({ clean: 400 })), true)
    assert.equal(isLookDue(held({ clean: 400, steady: true })), false)
    assert.equal(isLookDue(held({ clean: 400, steady: true, windowMs: 1000, explained: 3 })), true)
    // But of a counter that is known, where nothing else is in flight.
    const alone = { clean: 500, steady: true, rate: 1, explained: 1 }
    assert.equal(isLookDue(held(alone), job(150)), true)
    assert.equal(isLookDue(held({ ...alone, clean: 400 }), job(150)), false)
    assert.equal(isLookDue(held({ ...alone, explained: 0 }), job(150)), false)
    assert.equal(isLookDue(held(alone), job(1500)), false)
    const dear = { tollMs: 10_000 }
    assert.equal(isLookDue(held(dear)), false)
    assert.equal(isLookDue(held({ ...dear, clean: 5000 })), true)
  })

  it('is due sooner where no refusal has told that the rate is near the limit, if that costs no wait', () => {
    assert.equal(isLookDue(held({ met: false, clean: 200 })), true)
    assert.equal(isLookDue(held({ met: false, clean: 100 })), false)
    assert.equal(isLookDue(held({ met: false, clean: 200, tollMs: 1000 })), false)
    // Where waits tell the rate, and lose nothing that the bucket could not hold.
    assert.equal(isLookDue(held({ met: false, clean: 200, tollMs: 1000, burst: 1, holds: 12 })), true)
    assert.equal(isLookDue(held({ met: false, clean: 200, tollMs: 1000, burst: 1, holds: 3 })), false)
  })

  it('takes whole windows, where it may be a quota for them: of a fresh one any rate goes through', () => {
    const perSecond = held({ rate: 640, windowMs: 1000, met: false, burst: 1 })
    assert.equal(isLookDue({ ...perSecond, clean: 700 }), false)
    assert.equal(isLookDue({ ...perSecond, clean: 1300 }), true)
    assert.ok(lookUp(perSecond, NOW).search!.need > 640)
    assert.ok(lookUp(held(), NOW).search!.need < 100)
  })

  it('is not taken where the rate is announced, or not known', () => {
    for (const members of [{ most: 10 }, { sure: false }, { narrow: true, most: 10 }])
      assert.equal(isLookDue(held(members)), false)
  })

  it('is taken of a single token, near what was refused, though the rate may not be sure', () => {
    const narrow = { narrow: true, burst: 1, sure: false }
    assert.equal(isLookDue(held({ ...narrow, ceiling: 10.4 }), job(150)), true)
    assert.equal(isLookDue(held({ ...narrow, ceiling: null }), job(150)), true, 'nothing was refused')
    // Far below something would have been saved up, if it holds more than it seems to.
    assert.equal(isLookDue(held({ ...narrow, ceiling: 11 }), job(150)), false)
    assert.equal(isLookDue(held({ ...narrow, clean: 450 }), job(150)), false, 'jitter refuses some besides')
    assert.equal(
      isLookDue(held({ ...narrow, ceiling: 10.4, clean: 1200 }), job(600)),
      false,
      'all of a long flight may be refused',
    )
  })

  it('of a single token leaves the pace as it was', () => {
    const traffic = times(540, (i) => wall.at + i * 111).reduce(admit, noTraffic)
    const { rate } = bucketRefused(lookUp(held({ narrow: true, burst: 1 }), NOW - 200), NOW, NOW + 50, traffic, [])
    assert.equal(rate, 10, 'though it was a tenth less before')
  })

  it('is the longer and the shorter, the fewer are in flight', () => {
    const looking = (latencyMs: number, members: Partial<Bucket> = {}) => lookUp(held(members), NOW, job(latencyMs))
    assert.equal(looking(10).rate, 15)
    assert.ok(Math.abs(looking(150).rate - 13.3) < 0.1)
    assert.equal(looking(1000).rate, 11)
    assert.ok(looking(10).search!.need < 20 && looking(1000).search!.need > 60)
    assert.equal(looking(10, { burst: 1 }).rate, 11, 'not where it may be a matter of spacing')
  })

  it('in a window asks for a few more than its quota', () => {
    const window = { burst: 1, steady: true, windowMs: 1000, explained: 3 }
    const { rate, search } = lookUp(held({ ...window, rate: 50 }), NOW, job(150))
    assert.equal(rate, 52)
    assert.equal(search!.need, 78)
  })

  it('goes on as long as nothing is refused: the limit was raised', () => {
    let bucket = lookUp(held(), NOW)
    for (let i = 0; i < 600; i++) bucket = bucketAccepted(bucket, NOW + i, NOW + i + 1, PLENTY)
    assert.ok(bucket.rate > 20, `${bucket.rate}`)
  })

  it('goes on in ever longer steps, less where a refusal makes everybody wait and tells no rate', () => {
    const after = (members: Partial<Bucket>, latencyMs = 10): number => {
      let bucket = lookUp(held({ burst: 1, ...members }), NOW)
      for (let i = 0; i < 190; i++) bucket = bucketAccepted(bucket, NOW + i, NOW + i + 1, PLENTY, 0, job(latencyMs))
      return bucket.rate
    }
    assert.ok(after({}) > 25)
    assert.ok(after({}, 1000) < 21, 'so much in flight would be refused together')
    assert.ok(after({ tollMs: 1000 }) > 15 && after({ tollMs: 1000 }) < 20)
    assert.ok(after({ tollMs: 1000, holds: 12 }) > 25, 'the wait tells the rate, however far it was overshot')
  })

  it('that found a much higher limit forgets the walls of the old one, and goes by what was granted beside the savings', () => {
    const looking = { ...lookUp(held({ holds: 10 }), NOW - 5000), rate: 40 }
    const raised: Bucket = { ...looking, search: { ...looking.search!, low: 30 } }
    // Twenty a second for four seconds, and what was saved up.
    const traffic = times(96, (i) => NOW - 4000 + i * 41.5).reduce(admit, noTraffic)
    const { rate, walls, sure, search } = bucketRefused(raised, NOW, NOW + 50, traffic, [])
    assert.ok(rate > 19 && rate < 22, `${rate}`)
    const told = bucketRefused({ ...raised, tollMs: 1000 }, NOW, NOW + 50, traffic, [], 1000)
    assert.ok(told.rate > 34, 'the wait will tell, and it may be a window, which holds nothing')
    assert.deepEqual([walls.length, sure, search], [1, false, null], 'the next wall tells the rate from this one on')
  })

  it('that found a larger quota goes by what the window let in', () => {
    const looking = { ...lookUp(held({ burst: 1, windowMs: 1000, explained: 3 }), NOW - 5000), rate: 29 }
    const raised: Bucket = { ...looking, search: { ...looking.search!, low: 20 } }
    const traffic = times(24, (i) => NOW - 990 + i * 40).reduce(admit, noTraffic)
    const { rate, tokens } = bucketRefused(raised, NOW, NOW + 50, traffic, [])
    assert.ok(rate > 23 && rate < 25, `${rate}`)
    assert.ok(tokens < -10, 'until a window opens')
  })

  it('is not worth it where little is left to gain', () => {
    assert.equal(isLookDue(held(), job(100, 1000)), true)
    assert.equal(isLookDue(held(), job(100, 100)), false)
  })

  it('ends at the first refusal, with the rate that the walls tell', () => {
    // 600 in a minute: ten a second.
    const traffic = times(600, (i) => wall.at + i * 100).reduce(admit, noTraffic)
    const { rate, search } = bucketRefused(lookUp(held(), NOW - 5000), NOW, NOW + 50, traffic, [])
    assert.equal(search, null)
    assert.ok(rate > 9.9 && rate < 10.1, `${rate}`)
  })

  it('ends where it began when no wall is known: savings may have paid', () => {
    const looking = lookUp(held({ walls: [] }), NOW)
    const climbed: Bucket = { ...looking, rate: 12.1, search: { ...looking.search!, low: 11 } }
    assert.equal(bucketRefused(climbed, NOW + 5000, NOW + 5050, noTraffic, []).rate, 10)
  })

  it('from a rate that has met no limit goes as far as savings cannot have paid', () => {
    const looking = lookUp(held({ walls: [], met: false }), NOW)
    const climbed: Bucket = { ...looking, rate: 60, search: { ...looking.search!, low: 40 } }
    const refusedAfter = (count: number): Bucket => {
      const traffic = times(count, (i) => NOW - 5000 + (i * 5000) / count).reduce(admit, noTraffic)
      return bucketRefused(climbed, NOW, NOW + 50, traffic, [])
    }
    assert.ok(refusedAfter(200).rate > 35, 'forty a second for five seconds')
    assert.ok(refusedAfter(50).rate <= 11, 'ten a second')
    assert.ok(refusedAfter(200).proven > 35)
  })
})
