import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { bucketAccepted } from '../../../src/pace/bucket/bucket-accepted.ts'
import { NOW } from '../driving.ts'

const PLENTY = 1000

/** So many requests were let in, one after the other. */
const after = (bucket: Bucket, count: number, most = PLENTY): Bucket => {
  let grown = bucket
  for (let i = 0; i < count; i++) grown = bucketAccepted(grown, NOW + i, NOW + i + 1, most)
  return grown
}
const begun = (members: Partial<Bucket> = {}): Bucket => ({ ...startBucket({ rate: 10, at: NOW }), ...members })

describe('the rate, while nothing is refused', () => {
  it('grows, and faster the longer that lasts', () => {
    const [soon, later, late] = [after(begun(), 100), after(begun(), 200), after(begun(), 300)].map(({ rate }) => rate)
    assert.ok(soon! > 10 && later! / soon! > soon! / 10 && late! / later! > later! / soon!)
  })

  it('is back soon near where a refusal was met for sure, and then only creeps', () => {
    const held = begun({ sure: true, ceiling: 20 })
    const back = after(held, 60)
    assert.ok(back.rate > 15 && back.rate < 20.5, `${back.rate}`)
    const near = begun({ rate: 19.8, sure: true, ceiling: 20 })
    assert.ok(after(near, 100).rate < 20.2)
  })

  it('finds out in time that the limit was raised', () => {
    const grown = after(begun({ rate: 19.8, sure: true, ceiling: 20 }), 20_000)
    assert.ok(grown.rate > 40, `${grown.rate}`)
  })

  it('that was known does not leap far above a limit that was raised: what is in flight has left at a lower one', () => {
    const passed = begun({
      rate: 10.2,
      sure: true,
      met: true,
      ceiling: 10,
      clean: 300,
      walls: [{ at: NOW, lostMs: 0 }],
    })
    const { rate } = after(passed, 40)
    assert.ok(rate > 12 && rate < 13, `${rate}`)
  })

  it('does not creep above what may be a quota: there is nothing in between, and of a fresh window any rate goes through', () => {
    const perSecond = begun({ rate: 98, sure: true, steady: true, ceiling: 99, windowMs: 1000 })
    assert.equal(after(perSecond, 150).rate, 98)
    assert.ok(after({ ...perSecond, windowMs: 0 }, 150).rate > 98)
  })

  it('creeps where nothing can be saved up', () => {
    const narrow = startBucket({ rate: 10, at: NOW, narrow: true })
    assert.ok(after(narrow, 50).rate < 10.2)
    assert.ok(after(narrow, 3000).rate > 10.2)
  })

  it('is on its way back there, too, where nothing can be saved up', () => {
    const narrow = begun({ narrow: true, sure: true, ceiling: 20 })
    assert.ok(after(narrow, 60).rate < 10.2, 'not at once')
    const back = after(narrow, 300).rate
    assert.ok(back > 15 && back < 17, `${back}`)
  })

  it('far below what was let in on the whole is found again in leaps', () => {
    const tiny = startBucket({ rate: 0.02, at: NOW, narrow: true })
    const mean = 5
    let grown = tiny
    for (let i = 0; i < 30; i++) grown = bucketAccepted(grown, NOW + i, NOW + i + 1, PLENTY, mean)
    assert.ok(grown.rate > 1, `${grown.rate}`)
    assert.ok(after(tiny, 30).rate < 0.021, 'where nothing speaks for more it creeps')
  })

  it('does not outgrow what the width allows, nor what was announced', () => {
    assert.ok(after(begun(), 20_000, 25).rate <= 25)
    assert.ok(after(begun({ most: 14 }), 20_000).rate <= 14)
    assert.equal(after(begun({ rate: 30 }), 100, 25).rate, 30, 'what was higher already stays')
  })
})

describe('a bold guess', () => {
  const guess = (looksUp: boolean): Bucket => startBucket({ rate: 10, at: NOW, fallback: 2, looksUp })

  it('stands from it has held for a while', () => {
    const held = after(guess(false), 40)
    assert.equal(held.fallback, null)
    assert.equal(held.steady, true)
    assert.ok(held.rate >= 10 && held.rate < 11)
    assert.equal(after(guess(false), 3).fallback, 2, 'not at once')
  })

  it('is of a whole quota, and does not grow meanwhile', () => {
    assert.equal(after(guess(false), 15).rate, 10)
  })

  it('that explains the refusals does not creep: there is nothing between a quota and the next', () => {
    assert.equal(after(begun({ steady: true, sure: true, ceiling: 10.1, explained: 2 }), 370).rate, 10)
  })

  it('is tried much higher where it may have been too low', () => {
    const held = after(guess(true), 40)
    assert.ok(held.rate > 13 && held.search !== null)
    assert.ok(held.search.from! >= 10)
    assert.ok(held.search.low! >= 10 && held.search.low! < held.rate)
  })
})

describe('a trial', () => {
  const search = { low: 10, high: null, step: 2, need: 4, passed: 0, sinceAt: NOW }
  const trial = startBucket({ rate: 10, at: NOW, search })

  it('is passed when enough was let in, and the next is higher', () => {
    assert.equal(after(trial, 3).rate, 10)
    assert.ok(after(trial, 4).rate > 10)
  })

  it('does not count what had left before it', () => {
    const early = { ...trial, search: { ...search, sinceAt: NOW + 1000 } }
    assert.equal(after(early, 100).rate, 10)
  })

  it('does not count what was never really tried, since the width allows less', () => {
    assert.equal(after(trial, 100, 5).rate, 10)
  })
})

it('an answer ends the row of refusals', () => {
  assert.equal(after(begun({ barren: 3 }), 1).barren, 0)
})
