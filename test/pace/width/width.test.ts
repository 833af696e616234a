import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { startPace } from '../../../src/pace/start.ts'
import { widthAt } from '../../../src/pace/width/crowd.ts'
import { type Latency, noLatency, observeLatency } from '../../../src/pace/width/latency.ts'
import { noThroughput, observeThroughput, type Throughput } from '../../../src/pace/width/throughput.ts'
import {
  type CapWall,
  capped,
  exposure,
  exposureThatPays,
  hasHeld,
  mayBeCap,
  mostWidth,
  startWidth,
  type Width,
  widen,
  widthNow,
} from '../../../src/pace/width/width.ts'
import { drive, limitedBy, NOW, times } from '../driving.ts'

const silent = (widest: number): CapWall => ({ widest, inside: widest - 2, tollMs: 0 })

type State = { width: Width; latency: Latency; throughput: Throughput }
const begun: State = { width: startWidth, latency: noLatency, throughput: noThroughput }

/** So many answers to requests that filled the width, which took what the source takes at that width. */
const answers = (from: State, count: number, tookMs: (width: number) => number, exposed = 1000): State => {
  let { width, latency, throughput } = from
  for (let i = 0; i < count; i++) {
    const most = mostWidth(width, exposed, null)
    const now = widthNow(width, most)
    const answer = { width: now, tookMs: tookMs(now) }
    latency = observeLatency(latency, answer.tookMs)
    throughput = observeThroughput(throughput, answer)
    width = widen(width, answer, { latency, throughput, now, most, wentWell: 0, left: Number.POSITIVE_INFINITY })
  }
  return { width, latency, throughput }
}

/** The width after an answer to the `sent`-th in flight, where `now` are allowed and each answer takes 100 ms. */
const after = (width: Width, sent: number, now: number, left = Number.POSITIVE_INFINITY): Width => {
  const latency: Latency = { samples: 100, meanMs: 100, quickestMs: 100 }
  const known = { latency, throughput: noThroughput, now, most: now, wentWell: 0, left }
  return widen(width, { width: sent, tookMs: 100 }, known)
}

describe('the width', () => {
  it('grows quickly while answers come no later for it', () => {
    assert.ok(answers(begun, 20, () => 100).width.limit >= 8)
    const wide = answers(begun, 2000, () => 100).width.limit
    assert.ok(wide > 40, `${wide}`)
  })

  it('stops where more at once only makes answers later', () => {
    // Ten at once are served; the others wait in line.
    const queue = (width: number): number => 100 * Math.max(1, width / 10)
    const { limit } = answers(begun, 5000, queue).width
    assert.ok(limit >= 9 && limit < 25, `${limit}`)
  })

  // What is allowed grows with what went well: it must not be used up because it is there.
  it('does not follow what is allowed where more in flight bring nothing more', () => {
    const queue = (width: number): number => 100 * Math.max(1, width / 10)
    let state = answers(begun, 100, queue, 11)
    for (let exposed = 12; exposed <= 30; exposed++) state = answers(state, 100, queue, exposed)
    assert.ok(state.width.limit < 16, `${state.width.limit}`)
  })

  it('is taken back where answers have become very much later for it', () => {
    const wide = answers(begun, 1000, () => 100)
    const crowded = answers(wide, 4000, (width) => 100 * Math.max(1, width / 10))
    assert.ok(crowded.width.limit < 0.6 * wide.width.limit, `${wide.width.limit} → ${crowded.width.limit}`)
    assert.ok(crowded.width.limit >= 8, 'never to a standstill')
  })

  it('is not taken back where answers have become later for other reasons', () => {
    const wide = answers(begun, 400, () => 100)
    for (const tookMs of [175, 300, 1000]) {
      const slower = answers(wide, 3000, () => tookMs)
      assert.ok(slower.width.limit > 0.7 * wide.width.limit, `${wide.width.limit} → ${slower.width.limit}`)
    }
  })

  it('is found again where the source bears more than it did', () => {
    const narrow = answers(begun, 1000, (width) => 100 * Math.max(1, width / 4) ** 2)
    assert.ok(narrow.width.limit < 8, `${narrow.width.limit}`)
    const wide = answers(narrow, 4000, () => 100)
    assert.ok(wide.width.limit > 30, `${wide.width.limit}`)
  })

  it('does not grow on what was not used', () => {
    const width: Width = { ...startWidth, limit: 10 }
    assert.equal(after(width, 1, 10).limit, 10)
    assert.ok(after(width, 10, 10).limit > 10)
  })
})

describe('widthNow', () => {
  it('keeps to everything that holds it down, and is at least one', () => {
    const counts = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 200, noNaN: true }),
        fc.option(counts),
        fc.option(counts),
        counts,
        (limit, cap, most, exposed) => {
          const width = { ...startWidth, limit, cap }
          const now = widthNow(width, mostWidth(width, exposed, most))
          assert.ok(Number.isInteger(now) && now >= 1)
          for (const each of [cap, most, exposed, Math.max(1, limit)]) assert.ok(each === null || now <= each)
        },
      ),
    )
  })

  it('puts more at stake the less of the job is left, where that pays, and never much', () => {
    assert.equal(exposureThatPays(2000, 0), exposure(2000, 0))
    assert.equal(exposureThatPays(2000, 250), exposure(2000, 250))
    const ratio = exposureThatPays(2000, 1000) / exposure(2000, 0)
    assert.ok(ratio > 2.5 && ratio < 3, `${ratio}`)
    const half = exposureThatPays(2000, 500) / exposureThatPays(2000, 1000)
    assert.ok(Math.abs(half - 0.5) < 0.01, 'a wall is half as likely from a half on as from a quarter on')
    assert.equal(exposureThatPays(0, 0), exposure(0, 0))
    for (const accepted of [0, 100, 1000, 1900, 2000, 3000]) {
      assert.ok(exposureThatPays(2000, accepted) >= exposure(2000, accepted))
      assert.ok(exposureThatPays(2000, accepted) <= Math.max(40, exposure(2000, accepted)))
    }
  })

  it('puts little at stake before much has gone well: about a percent of the job', () => {
    assert.ok(exposure(200, 0) <= 10 && exposure(200, 0) >= 4)
    assert.ok(exposure(10_000, 0) <= 100 && exposure(10_000, 0) > exposure(200, 0))
    assert.ok(exposure(1000, 5000) > exposure(1000, 0))
  })

  it('lets more be in flight where a wall can refuse only a share of it', () => {
    for (const accepted of [0, 300]) {
      assert.ok(Math.abs(0.5 * exposure(2000, accepted, 0.5) - exposure(2000, 0)) < 1e-9)
      assert.equal(exposureThatPays(2000, accepted, 0.5), exposure(2000, accepted, 0.5))
    }
    assert.equal(exposure(2000, 5000, 0.5), exposure(2000, 5000), 'what is risked later is not multiplied')
  })
})

describe('a cap', () => {
  it('begins low, for it may be a rate, and not at two where it is wide', () => {
    assert.equal(capped(startWidth, silent(9)).limit, 2)
    assert.equal(capped(startWidth, silent(25)).limit, 6)
  })

  it('is taken for one less than were in flight at the wall, and begun at carefully', () => {
    const { cap, limit } = capped({ ...startWidth, limit: 9, fullClean: 9 }, silent(9))
    assert.equal(cap, 8)
    assert.ok(limit <= 8)
  })

  it('is gone back to quickly, for so many went well before', () => {
    const known = capped(startWidth, silent(25))
    const back = times(22, (i) => i).reduce((width) => after(width, widthNow(width, 24), widthNow(width, 24)), known)
    assert.ok(back.limit >= 23, `${back.limit}`)
    assert.ok(times(22, (i) => i).reduce((width) => after(width, 9, 9), { ...startWidth, limit: 2 }).limit < 12)
  })

  it('is tried again after a while, the more rarely the surer it is', () => {
    const patience = (from: Width): number => {
      let width: Width = { ...from, limit: from.cap! }
      let count = 0
      for (; width.cap === from.cap && count < 100_000; count++) width = after(width, from.cap!, from.cap!)
      assert.equal(width.cap, from.cap! + 1)
      return count
    }
    const once = capped(startWidth, silent(9))
    const twice = capped({ ...once, cap: 9 }, silent(9))
    assert.ok(patience(once) >= 20)
    assert.ok(patience(twice) > 5 * patience(once))
  })

  it('is what was at the source with the refusal, where a second wall would be a wait', () => {
    assert.equal(capped(startWidth, { widest: 11, inside: 8, tollMs: 1000 }).cap, 8)
    assert.equal(capped(startWidth, { widest: 11, inside: 8, tollMs: 0 }).cap, 10)
    assert.equal(capped(startWidth, { widest: 5, inside: 9, tollMs: 1000 }).cap, 4, 'it was less than the widest')
  })

  it('is tried again only where that may save more than the wait that it may bring', () => {
    const tried = (left: number, tollMs: number): boolean => {
      const known = { ...capped(startWidth, { widest: 9, inside: 8, tollMs }), limit: 8 }
      return times(200, () => 8).reduce((width, now) => after(width, now, now, left), known).cap! > 8
    }
    assert.equal(tried(500, 0), true)
    assert.equal(tried(500, 1000), false)
    assert.equal(tried(50_000, 1000), true)
  })

  it('is tried further where a wider one was let in: it was reckoned too low', () => {
    const known = { ...capped(startWidth, { widest: 13, inside: 8, tollMs: 1000 }), limit: 8 }
    const tried = (from: Width, left: number): Width =>
      times(70, () => 8).reduce((width, now) => after(width, now, now, left), from)
    assert.equal(tried(known, 600).cap, 8)
    assert.equal(tried({ ...known, raised: true }, 600).cap, 9)
    assert.equal(tried(known, 3000).raised, true)
    assert.equal(capped({ ...known, cap: 9, raised: true }, { widest: 9, inside: 8, tollMs: 1000 }).raised, false)
  })

  // Where all answers take the same, those beside the refused one may be back before it is heard of.
  it('is at least what went well for long before it was met', () => {
    const long = times(70, () => 10).reduce((width, now) => after(width, now, now), { ...startWidth, limit: 10 })
    const met = (width: Width): number | null => capped(width, { widest: 11, inside: 6, tollMs: 1000 }).cap
    assert.equal(met(after(long, 11, 11)), 10)
    const briefly = times(20, () => 10).reduce((width, now) => after(width, now, now), { ...startWidth, limit: 10 })
    assert.equal(met(after(briefly, 11, 11)), 6)
  })

  it('is not lost to requests that overtook each other when more was tried', () => {
    const known = capped(startWidth, silent(9))
    assert.ok(capped({ ...known, cap: 9 }, silent(7)).cap! >= 8)
  })

  it('of a few is one less when it is refused, where it was told by how many were out', () => {
    assert.equal(mayBeCap(widthAt(3, 1000), 3, true, true), true)
    assert.equal(mayBeCap(widthAt(3, 1000), 3, true), false, 'else any small bucket would be one')
    assert.equal(mayBeCap(widthAt(1, 1000), 1, true, true), false)
  })

  it('is none where as much at once went well before, or hardly anything was in flight', () => {
    assert.equal(mayBeCap({ ...startWidth, fullClean: 3 }, 9, false), true)
    assert.equal(mayBeCap({ ...startWidth, fullClean: 500 }, 9, true), false)
    assert.equal(mayBeCap(startWidth, 1, true), false)
    assert.equal(
      mayBeCap({ ...capped(startWidth, silent(9)), fullClean: 0 }, 4, true),
      false,
      'far below the one that was met',
    )
  })

  it('lets a few more in for long where answers are mostly on their way, and goes on letting in at the wall', () => {
    const often = { ...startWidth, fullClean: 60 }
    assert.equal(mayBeCap(often, 20, true), true)
    assert.equal(mayBeCap(often, 20, false), false)
  })

  it('has held where so many went well just at it', () => {
    const known = capped(startWidth, silent(9))
    assert.equal(hasHeld({ ...known, fullClean: 100 }, 8), true)
    assert.equal(hasHeld({ ...known, fullClean: 20 }, 8), false)
    assert.equal(hasHeld({ ...known, fullClean: 100 }, 5), false, 'far below it')
    assert.equal(hasHeld({ ...startWidth, fullClean: 100 }, 8), false, 'none is known')
  })

  it('is found from the walls of a source that takes so many at once', () => {
    for (const cap of [4, 6, 8]) {
      const source = limitedBy({ kind: 'concurrency', cap })
      const { pace, sends } = drive(startPace({ now: NOW, pages: 3000 }), {
        from: NOW,
        forMs: 60_000,
        latencyMs: 100,
        ...source,
      })
      assert.ok(Math.abs(pace.width.cap! - cap) <= 1, `${pace.width.cap} for ${cap}`)
      const refused = sends.filter((each) => each.refused).length
      assert.ok(refused < 0.02 * sends.length, `${refused} of ${sends.length}`)
      assert.ok(sends.length > 0.75 * cap * 600, `${sends.length} of ${cap * 600}`)
    }
  })
})

it('what went well at a narrower width says nothing of a cap at a wider one', () => {
  const steady = times(300, () => 12).reduce((width, now) => after(width, now, now), {
    ...startWidth,
    limit: 12,
  })
  assert.equal(mayBeCap(steady, 12, false), false)
  assert.equal(mayBeCap(after(steady, 13, 13), 13, false), true)
})
