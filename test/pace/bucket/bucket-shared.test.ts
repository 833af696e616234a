import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { sharing, trialRefused } from '../../../src/pace/bucket/bucket-shared.ts'
import { admit, noTraffic, type Traffic } from '../../../src/pace/traffic.ts'
import { NOW, times } from '../driving.ts'

const begun = (members: Partial<Bucket> = {}): Bucket => ({
  ...startBucket({ rate: 10, at: NOW, narrow: true }),
  ...members,
})

/** Runs of so many that were let in, every so many ms, each ended by a refusal; after the last of them. */
const after = (bucket: Bucket, runs: readonly number[], everyMs: number, tollMs = 0): Bucket => {
  let at = NOW
  let traffic: Traffic = noTraffic
  let next: Bucket = { ...bucket, walls: [{ at, lostMs: 0 }], tollMs }
  for (const run of runs) {
    at += tollMs
    traffic = times(run, (i) => at + (i + 1) * everyMs).reduce(admit, traffic)
    at += (run + 1) * everyMs
    const refused = { ...next, rate: 0.94 * next.rate, walls: [...next.walls, { at, lostMs: 0 }] }
    const ended = { ...refused, runs: [...next.runs, { rate: next.rate, count: run }] }
    next = sharing(next, ended, traffic, [], at, at)
  }
  return next
}

describe('of a bucket that holds next to nothing', () => {
  it('what was let in between two refusals is granted: the pace does not yield far below it', () => {
    const { proven } = after(begun(), [40], 100)
    assert.ok(proven > 9.5 && proven < 10, `${proven}`)
    const { rate } = sharing(begun({ rate: 7.5, proven }), begun({ rate: 4 }), noTraffic, [], NOW, NOW)
    assert.ok(rate > 6.5 && rate < 7.5, `${rate}`)
  })

  it('what a wait has saved up is not counted as granted', () => {
    const opened = (count: number): Bucket => begun({ room: { count, ms: 0 } })
    assert.ok(after(opened(0), [10], 100, 1000).proven > 9.9)
    const { proven } = after(opened(3), [10], 100, 1000)
    assert.ok(proven > 6 && proven < 7, `${proven}`)
  })

  it('of one that was empty at first all that flowed in during a wait may have been saved up', () => {
    const room = { count: 1, ms: 0, emptyMs: 1000 }
    const { proven } = after(begun({ room }), [2], 100, 1000)
    assert.ok(proven < 1, `${proven}`)
    // More than two flowed in before the first wall, and so few were let in: it holds no more.
    const known = after(begun({ room, proven: 4 }), [10], 100, 1000)
    assert.ok(known.proven > 8, `${known.proven}`)
  })

  it('nor does it hold more than it has shown where it is refused again and again at less than was granted', () => {
    const low = begun({ rate: 0.7, proven: 1, room: { count: 1, ms: 0, emptyMs: 1000 } })
    assert.deepEqual(after(low, [5, 4, 6], 1400, 1000).room, { count: 1, ms: 0 })
  })

  it('refused after as many each time the limit has fallen: others would come at random', () => {
    const held = begun({ rate: 9, proven: 10, room: { count: 4, ms: 0 } })
    assert.ok(after(held, [16, 16, 17, 16, 16, 17], 110, 1000).proven < 9)
    assert.ok(after(held, [16, 12, 17, 21, 16, 17], 110, 1000).proven >= 10)
  })

  it('those that left within a moment prove no rate that was never asked for', () => {
    const { proven } = after(begun({ room: { count: 0, ms: 0 } }), [3], 0.002, 1000)
    assert.ok(proven <= 12.5, `${proven}`)
  })

  it('refused again and again though it has yielded, others are there', () => {
    const low = begun({ rate: 6, proven: 10 })
    const { rate, others } = after(low, [5, 4, 6], 150)
    assert.equal(others?.held.rate, 6)
    assert.deepEqual([others.held.count, others.held.refused], [15, 3])
    assert.equal(rate, 6)
    assert.equal(after(low, [40, 50, 40], 150).others, null)
  })

  it('nor does it help to yield where it is refused now and then, as long as that is at the same pace', () => {
    assert.equal(after(begun({ rate: 6, proven: 10 }), [40, 25, 30], 150).others, null)
    assert.equal(after(begun({ rate: 6, proven: 10 }), [40, 25, 30, 50], 150).others?.held.count, 145)
  })

  it('of a limit that the source tells it yields no further than a fifth', () => {
    const told = begun({ rate: 7.9, proven: 10, most: 10 })
    assert.ok(after(told, [40], 150).rate > 7.8)
    assert.ok(after({ ...told, most: null }, [40], 150).rate < 7.6, 'what was let in allows for jitter besides')
  })

  it('a trial that is refused although so much was granted is refused by others', () => {
    const search = { low: null, high: 4, step: 2.5, need: 2, passed: 0, sinceAt: NOW }
    const tried = (rate: number, proven: number, down = 0): Bucket => {
      const bucket = begun({ rate, proven, search: { ...search, down } })
      return trialRefused(bucket, bucket.search!, { ...bucket, rate: rate / 2.5 }, noTraffic, NOW)
    }
    assert.equal(tried(4, 3).others, null)
    assert.equal(tried(4, 3).rate, 1.6)
    const shared = tried(4, 5)
    assert.equal(shared.search, null)
    assert.ok(shared.others !== null && shared.rate > 4, 'not slower than what was granted')
    // Three in a row, each far slower: the limit would have to be chance.
    assert.equal(tried(4, 0, 1).others, null)
    assert.equal(tried(4, 0, 2).others?.held.rate, 1.6)
  })

  it('a limit that has fallen refuses every second: what was proven is not true any more', () => {
    const { proven, others, rate } = after(begun({ proven: 10 }), [1, 1, 1, 1, 1, 1], 100)
    assert.ok(proven < 6, `${proven}`)
    assert.equal(others, null)
    assert.ok(rate < 8, `${rate}`)
  })
})
