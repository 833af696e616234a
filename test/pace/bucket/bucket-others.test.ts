import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { amongOthers, lettingIn, turningAway, walled } from '../../../src/pace/bucket/bucket-others.ts'
import { NOW, times } from '../driving.ts'

const begun = (rate: number, members: Partial<Bucket> = {}): Bucket => ({
  ...startBucket({ rate, at: NOW, narrow: true }),
  ...members,
})

/** What answers say, one after the other: `.` let in, `x` refused. `few`: so many a wait has saved up. */
const heard = (from: Bucket, answers: string, few = 1, most = Number.POSITIVE_INFINITY): Bucket =>
  [...answers].reduce((bucket, answer) => {
    if (bucket.others === null) return bucket
    return answer === '.'
      ? lettingIn(bucket, bucket.others, few, NOW, NOW, most)
      : walled(bucket, bucket.others, few, NOW, NOW)
  }, from)

/** A pace that was refused so often, of so many, and was found no better when slower. */
const refusedAt = (rate: number, counts: readonly number[], members: Partial<Bucket> = {}): Bucket =>
  amongOthers(
    begun(rate, members),
    rate,
    NOW,
    counts.map((count) => ({ rate, count })),
  )

describe('where somebody else uses up the limit', () => {
  it('ever faster paces are tried, as long as two in a row are let in', () => {
    // Every third is refused, as of one token at any pace.
    const climbing = heard(amongOthers(begun(1), 1, NOW), 'x')
    assert.equal(climbing.rate, 2)
    assert.equal(heard(climbing, '..').rate, 4)
    assert.equal(heard(climbing, 'x..x..').rate, 8)
  })

  it('not if those two may have been saved up in a wait', () => {
    const climbing = heard(amongOthers(begun(1), 1, NOW), 'x')
    assert.equal(heard(climbing, '..', 2).rate, 2)
    assert.equal(heard(climbing, '...', 2).rate, 4)
  })

  it('a pace at which only one at a time is let in is above the limit', () => {
    const climbing = heard(amongOthers(begun(1), 1, NOW), 'x')
    const back = heard(climbing, '.x.x.x')
    assert.equal(back.rate, 1)
    assert.equal(back.others?.trial, null)
    assert.ok(back.others!.step < 2)
  })

  it('nor is one faster than can be asked', () => {
    const climbing = heard(amongOthers(begun(1), 1, NOW), 'x')
    assert.equal(heard(climbing, '..', 1, 3).rate, 2)
  })

  it('where little is refused steps are small, and the cheaper pace is held', () => {
    const trial = heard(refusedAt(10, [40, 30, 50]), 'x')
    assert.ok(trial.rate > 12 && trial.rate < 13, `${trial.rate}`)
    const better = heard(trial, '.'.repeat(30))
    assert.equal(better.others?.trial, null)
    assert.equal(better.rate, trial.rate)
    const worse = heard(trial, '...x....x...x')
    assert.equal(worse.rate, 10)
    assert.equal(worse.others?.trial, null)
  })

  it('after a faster one a slower one is tried, and held if less is refused at it', () => {
    const held = refusedAt(10, [20, 20, 20])
    const lost = heard(heard(held, 'x'), '..x..x')
    assert.equal(lost.rate, 10)
    const slower = heard(lost, '....................x.....................x...................x')
    assert.ok(slower.rate < 8.2, `${slower.rate}`)
    assert.equal(heard(slower, '.'.repeat(60)).rate, slower.rate)
  })

  it('it never yields far below what was proven to be granted, unless refusals are waits', () => {
    const slowest = (tollMs: number): number => heard(refusedAt(4, [1, 1], { proven: 5, tollMs }), '.x'.repeat(20)).rate
    assert.ok(slowest(0) > 3.5, `${slowest(0)}`)
    assert.ok(slowest(1000) < 3, `${slowest(1000)}`)
  })

  it('what has left at another pace says nothing of this one', () => {
    const { others } = refusedAt(10, [40, 30, 50])
    assert.equal(turningAway(others!, 1, NOW - 1), others)
    assert.notEqual(turningAway(others!, 1, NOW), others)
  })

  it('as hardly anything is refused, nobody else is there', () => {
    assert.equal(heard(refusedAt(10, [40, 30, 50]), times(800, () => '.').join('')).others, null)
  })
})
