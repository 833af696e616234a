import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, MARGIN, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { bucketAccepted } from '../../../src/pace/bucket/bucket-accepted.ts'
import { waited } from '../../../src/pace/bucket/bucket-waits.ts'
import { NOW, times } from '../driving.ts'
import { type Asked, type Met, metBy } from '../waiting.ts'

const SOURCE = { rate: 40, burst: 30, waitMs: 1000 }
const KNOWN: Asked = { ...SOURCE, paces: [120, 60, 48] }

/** The bucket with a wait that has just ended. */
const waiting = ({ walls, opening, traffic, now }: Met, members: Partial<Bucket> = {}): Bucket =>
  waited({ ...startBucket({ rate: 70, at: now, walls, holds: opening }), isWaiting: true, ...members }, traffic)

describe('a bucket after a wait', () => {
  it('has the rate that all refusals tell, and as much to spend at once as the wait has saved up', () => {
    const bucket = waiting(metBy(KNOWN))
    assert.ok(Math.abs(bucket.rate / 40 - 1) < 0.03, `${bucket.rate}`)
    assert.ok(Math.abs(bucket.burst / (MARGIN * 30) - 1) < 0.15, `${bucket.burst}`)
    assert.deepEqual([bucket.isWaiting, bucket.met, bucket.sure, bucket.search], [false, true, true, null])
  })

  it('is not hurried back to a pace that was refused', () => {
    const { rate, ceiling } = waiting(metBy(KNOWN))
    assert.ok(ceiling !== null && ceiling < 1.03 * rate)
  })

  it('spends nothing at once while its rate is only guessed', () => {
    const bucket = waiting(metBy({ rate: 30, burst: 10, waitMs: 1000, paces: [60, 60] }))
    assert.equal(bucket.met, false)
    assert.equal(bucket.burst, 1)
  })

  it('has met no limit while a few requests are all that tells, so that its rate grows', () => {
    const few = waiting(metBy({ rate: 2.7, burst: 23, waitMs: 1000, paces: [60, 20] }))
    assert.ok(few.rate > 2 && few.rate < 4, `${few.rate}`)
    assert.equal(few.sure, false)
    const grown = times(60, (i) => NOW + i * 400).reduce((bucket, at) => bucketAccepted(bucket, at, at, 100), few)
    assert.ok(grown.rate > 1.15 * few.rate, `${grown.rate} of ${few.rate}`)
  })

  it('is not guessed to have less than was granted before', () => {
    const met = metBy({ rate: 30, burst: 10, waitMs: 1000, paces: [60, 60] })
    assert.ok(waiting(met).rate < 50)
    assert.equal(waiting(met, { proven: 50 }).rate, 50)
    assert.ok(waiting(metBy(KNOWN), { proven: 50 }).rate < 42, 'what is known is known')
  })

  it('that was let in less than is known asks evenly first, and if that is refused as well the limit was lowered', () => {
    const known = metBy(KNOWN)
    const lowered = { ...SOURCE, rate: 15 }
    const once = metBy({ ...lowered, paces: [400] }, known)
    const doubtful = waiting(once, { burst: 24 })
    assert.equal(doubtful.burst, 1)
    assert.ok(Math.abs(doubtful.rate / 40 - 1) < 0.03, `${doubtful.rate}`)
    const twice = metBy({ ...lowered, paces: [40] }, { ...once, walls: doubtful.walls })
    const moved = waiting(twice, { burst: 1 })
    assert.ok(moved.rate > 12 && moved.rate < 18, `${moved.rate}`)
    assert.ok(Math.abs(moved.burst / (MARGIN * 30) - 1) < 0.15, 'what it holds is known from before')
  })

  it('that is refused soon after each wait, though it should hold so much, spends nothing at once any more', () => {
    const bucket = waiting(metBy(KNOWN), { burst: 24, hasty: 2 })
    assert.deepEqual([bucket.burst, bucket.evenly], [1, true])
    assert.ok(Math.abs(bucket.rate / 40 - 1) < 0.03, `${bucket.rate}`)
    const later = waiting(metBy(KNOWN), { evenly: true })
    assert.equal(later.burst, 1)
  })

  it('that was let in more than is known has had its limit raised', () => {
    const raised = metBy({ ...SOURCE, rate: 80, paces: [120] }, metBy(KNOWN))
    const bucket = waiting(raised, { burst: 24 })
    assert.ok(Math.abs(bucket.rate / 80 - 1) < 0.1, `${bucket.rate}`)
    assert.equal(bucket.walls.length, 2)
  })

  it('is left as it was where next to nothing can be saved up: there refusals tell of jitter', () => {
    assert.equal(waiting(metBy({ ...KNOWN, burst: 3 })).rate, 70)
  })

  it('is left as it was where it is not to be told by waits', () => {
    const met = metBy(KNOWN)
    const bucket = waiting(met, { holds: null })
    assert.equal(bucket.rate, 70)
    assert.equal(bucket.isWaiting, false)
  })
})
