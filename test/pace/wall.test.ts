import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bucket } from '../../src/pace/bucket/bucket.ts'
import { amongOthers } from '../../src/pace/bucket/bucket-others.ts'
import { adjust, type Pace, waitBefore } from '../../src/pace/pace.ts'
import type { Seeking } from '../../src/pace/seeking.ts'
import { startPace } from '../../src/pace/start.ts'
import { startWindow, type Window } from '../../src/pace/window/window.ts'
import { after, letIn, letInMany, NOW, sent, times, turnedAway } from './driving.ts'

const seekingOf = ({ shape }: Pace): Seeking => {
  assert.ok(shape.kind === 'seeking', shape.kind)
  return shape
}
const bucketOf = ({ shape }: Pace): Bucket => {
  assert.ok(shape.kind === 'bucket', shape.kind)
  return shape
}

/** Open, with 40 let in at 10/s. */
const open = (): Pace => letInMany(startPace({ now: NOW }), 40, NOW, 100)
/** At a rate that was found: 10/s, with 40 let in at it. */
const held = (): Pace => {
  const released = letIn(turnedAway(open(), NOW + 4000), NOW + 4400)
  const bucket: Bucket = { ...bucketOf(released), rate: 10, search: null, fallback: null, clean: 40, walls: [] }
  return letInMany({ ...released, shape: bucket }, 40, NOW + 5000, 100)
}

describe('the first wall', () => {
  it('has the limit sought, and remembers what was let in before it', () => {
    const pace = turnedAway(open(), NOW + 4000)
    const { wallAt, heardAt, countedFrom, told } = seekingOf(pace)
    assert.deepEqual([wallAt, heardAt, countedFrom, told], [NOW + 4000, NOW + 4050, NOW, false])
    assert.equal(pace.opening?.admitted.length, 40)
    assert.equal(pace.opening.wallAt, NOW + 4000)
  })

  it('tells the rate at which it was met', () => {
    const { wall } = turnedAway(open(), NOW + 4000)
    assert.equal(wall?.at, NOW + 4050)
    assert.ok(Math.abs(wall.rate! - 10) <= 1, `${wall.rate}`)
  })
})

describe('a wall that a look higher meets', () => {
  it('speaks of the pace that was held, and not of one that was tried for a moment', () => {
    const pace = held()
    const search = { low: 10, high: null, step: 1.5, need: 17, passed: 0, sinceAt: NOW + 9000, from: 10 }
    const looking = { ...pace, shape: { ...bucketOf(pace), rate: 15, search } }
    assert.equal(turnedAway(looking, NOW + 9100).chance.walls.at(-1)?.rate, 10)
  })
})

describe('what was in flight at the wall', () => {
  /** Six at once, of which the first was refused. */
  const pace = adjust(times(6, (i) => NOW + 4000 + i).reduce(sent, open()), {
    kind: 'refused',
    id: 40,
    at: NOW + 4050,
    retryAfterMs: null,
    limits: [],
  })

  it('is refused by the same wall, and says nothing new', () => {
    const { tries, heardAt } = seekingOf(pace)
    const again = after(pace, { kind: 'refused', id: 41, at: NOW + 4060, retryAfterMs: null, limits: [] })
    assert.equal(seekingOf(again).tries, tries)
    assert.equal(seekingOf(again).heardAt, heardAt)
    assert.deepEqual(again.wall, pace.wall)
  })

  it('is no release when it is let in', () => {
    const overtook = after(pace, { kind: 'accepted', id: 42, at: NOW + 4060, limits: [] })
    assert.equal(overtook.shape.kind, 'seeking')
  })

  it('may still name the wait', () => {
    const told = after(pace, { kind: 'refused', id: 41, at: NOW + 4060, retryAfterMs: 30_000, limits: [] })
    assert.equal(seekingOf(told).told, true)
    assert.ok(waitBefore({ ...told, flight: [] }, NOW + 4060) >= 30_000)
  })

  it('counts where others refuse some at any pace', () => {
    const alone = held()
    const shared = { ...alone, shape: amongOthers({ ...bucketOf(alone), narrow: true }, 10, NOW + 9000) }
    const flying = times(3, (i) => NOW + 9000 + i).reduce(sent, shared)
    const signals = flying.flight.map(
      ({ id }) => ({ kind: 'refused', id, at: NOW + 9050 + id, retryAfterMs: null, limits: [] }) as const,
    )
    const { others } = bucketOf(after(flying, ...signals))
    // With the first a faster pace is tried, and the others had left at the one before.
    assert.deepEqual([others?.held.refused, others?.trial?.refused], [1, 0])
    const small = { ...shared, shape: { ...bucketOf(shared), others: { ...bucketOf(shared).others!, step: 1.26 } } }
    const still = times(3, (i) => NOW + 9000 + i).reduce(sent, small)
    assert.equal(bucketOf(after(still, ...signals)).others?.held.refused, 3)
  })

  it('does not lower a rate that was corrected already', () => {
    const flying = times(4, (i) => NOW + 9000 + i).reduce(sent, held())
    const [first, second] = flying.flight.map(({ id }) => id)
    const corrected = after(flying, { kind: 'refused', id: first!, at: NOW + 9050, retryAfterMs: null, limits: [] })
    assert.ok(bucketOf(corrected).rate < bucketOf(flying).rate)
    const again = after(corrected, { kind: 'refused', id: second!, at: NOW + 9055, retryAfterMs: null, limits: [] })
    assert.equal(bucketOf(again).rate, bucketOf(corrected).rate)
  })
})

describe('a refused probe', () => {
  it('is one try more, and the wall stays that which was met', () => {
    const wall = turnedAway(open(), NOW + 4000)
    const tried = turnedAway(wall, seekingOf(wall).probeAt)
    assert.equal(seekingOf(tried).tries, 1)
    assert.equal(seekingOf(tried).wallAt, NOW + 4000)
    assert.deepEqual(tried.wall, wall.wall)
    assert.ok(seekingOf(tried).probeAt > seekingOf(wall).probeAt)
  })

  it('is followed by the wait that it names', () => {
    const wall = turnedAway(open(), NOW + 4000)
    const tried = turnedAway(wall, NOW + 4200, 20_000)
    assert.equal(seekingOf(tried).probeAt, NOW + 4250 + 20_000)
  })
})

describe('a refusal at a known rate', () => {
  it('corrects it', () => {
    const pace = held()
    const refused = turnedAway(pace, NOW + 9000)
    assert.ok(bucketOf(refused).rate < bucketOf(pace).rate)
    assert.ok(bucketOf(refused).rate > 0.5 * bucketOf(pace).rate)
    assert.equal(refused.origin, 'found')
    assert.equal(refused.wall?.rate, bucketOf(pace).rate)
  })

  it('that asks for a long pause speaks of another limit, which is sought', () => {
    assert.equal(seekingOf(turnedAway(held(), NOW + 9000, 40_000)).told, true)
    assert.equal(turnedAway(held(), NOW + 9000, 1000).shape.kind, 'bucket')
  })

  it('that asks for as long as the next tokens take speaks of the rate', () => {
    const slow: Pace = { ...held(), shape: { ...bucketOf(held()), rate: 0.3 } }
    const { rate } = bucketOf(turnedAway(slow, NOW + 60_000, 10_000))
    assert.ok(rate < 0.3 && rate > 0.2, `${rate}`)
    assert.equal(turnedAway(slow, NOW + 60_000, 20_000).shape.kind, 'seeking')
  })

  it('is no matter of the rate when nothing at all is let in any more', () => {
    let pace = held()
    let at = NOW + 9000
    for (let i = 0; i < 8 && pace.shape.kind === 'bucket'; i++) {
      at += 5000
      pace = turnedAway(pace, at)
    }
    assert.equal(seekingOf(pace).wallAt, NOW + 14_000, 'the wall was met with the first of them')
  })
})

describe('refusals in a row at a rate that the source tells', () => {
  const refusedInARow = (members: Partial<Bucket>, count: number): Pace =>
    times(count, (i) => NOW + 9000 + 3000 * i).reduce<Pace>((pace, at) => turnedAway(pace, at), {
      ...held(),
      shape: { ...bucketOf(held()), narrow: true, ...members },
    })

  it('are others, who take what there is: for longer nothing is sought, and the pace is not let go', () => {
    assert.equal(refusedInARow({}, 5).shape.kind, 'seeking')
    const told = bucketOf(refusedInARow({ most: 10, proven: 10 }, 5))
    assert.ok(told.rate > 6.5, `${told.rate}`)
    assert.equal(refusedInARow({ most: 10, proven: 10 }, 9).shape.kind, 'seeking')
  })
})

describe('a refusal in a known window', () => {
  /** 20 a minute, of which so many were let in. */
  const windowed = (used: number): Pace => {
    const window: Window = startWindow(20, 60_000, { after: NOW - 50, by: NOW }, true)
    return letInMany({ ...startPace({ now: NOW }), shape: window }, used, NOW, 10)
  }

  it('near its end means that the quota is a little smaller', () => {
    const { shape } = turnedAway(windowed(19), NOW + 5000)
    assert.ok(shape.kind === 'window' && shape.quota === 19)
  })

  it('at its beginning contradicts it: the limit is sought, with the window in mind', () => {
    const { before } = seekingOf(turnedAway(windowed(2), NOW + 5000))
    assert.equal(before?.quota, 20)
  })
})
