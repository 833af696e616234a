import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bucket, startBucket } from '../../../src/pace/bucket/bucket.ts'
import { sharing } from '../../../src/pace/bucket/bucket-shared.ts'
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
    next = sharing(next, refused, traffic, [])
  }
  return next
}

describe('of a bucket that holds next to nothing', () => {
  it('what was let in between two refusals is granted: the pace does not yield far below it', () => {
    const { proven } = after(begun(), [40], 100)
    assert.ok(proven > 9.5 && proven < 10, `${proven}`)
    const { rate } = sharing(begun({ rate: 7.5, proven }), begun({ rate: 4 }), noTraffic, [])
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

  it('refused again and again though it has yielded, it goes back up', () => {
    const low = begun({ rate: 6, proven: 10 })
    const { rate, others } = after(low, [5, 4, 6], 150)
    assert.equal(rate, 10)
    assert.deepEqual(others, { isSo: false, step: 1.25, trial: 10 })
  })

  it('and on, as long as so much is granted', () => {
    const shared = begun({ proven: 10, others: { isSo: true, step: 2, trial: null } })
    const tried = after(shared, [5, 4, 6], 100)
    assert.equal(tried.rate, 20)
    const won = after(tried, [6], 50)
    assert.ok(won.rate > 14 && won.rate <= 20, `${won.rate}`)
    assert.equal(won.others?.trial, null)
    const lost = after(tried, [2, 3, 2], 50)
    assert.ok(lost.rate < 14, `${lost.rate}`)
    assert.ok(lost.others!.step < 2, 'a smaller step is tried next')
  })

  it('a limit that has fallen refuses every second: what was proven is not true any more', () => {
    const { proven, others, rate } = after(begun({ proven: 10 }), [1, 1, 1, 1, 1, 1], 100)
    assert.ok(proven < 6, `${proven}`)
    assert.equal(others, null)
    assert.ok(rate < 8, `${rate}`)
  })
})
