import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { randomStream } from '../../../demo/random.ts'
import { bringsMore, LEAST, opening, type Settled, settling } from '../../../src/pace/width/climb.ts'
import { levelOf, noThroughput, observeThroughput, type Throughput } from '../../../src/pace/width/throughput.ts'
import { times } from '../driving.ts'

/** So many answers at each of these widths, which took so long. */
const record = (...brought: readonly [width: number, tookMs: number, answers: number][]): Throughput =>
  brought
    .flatMap(([width, tookMs, answers]) => times(answers, () => ({ width, tookMs })))
    .reduce(observeThroughput, noThroughput)

describe('a width that has not settled', () => {
  it('goes on while answers come no later, and where hardly anything is known', () => {
    assert.deepEqual(opening(noThroughput, 4), { kind: 'widen' })
    assert.deepEqual(opening(record([4, 100, 5], [8, 110, 5], [16, 120, 50]), 16), { kind: 'widen' })
    assert.deepEqual(opening(record([4, 100, 1], [8, 300, 1]), 8), { kind: 'widen' }, 'two answers may be chance')
  })

  it('goes back at once to what brought most, where more brings far less', () => {
    const step = opening(record([2, 100, 2], [4, 120, 4], [8, 600, 4], [11, 1500, 4]), 11)
    assert.equal(step.kind === 'settle' && step.settled.width, 4)
    assert.equal(step.kind === 'settle' && step.settled.dueAt, 28, 'and looks above after as many answers as told that')
  })

  it('does not go back to where two answers came quickly: that may be chance', () => {
    assert.notEqual(opening(record([2, 20, 2], [4, 240, 4], [8, 250, 4]), 8).kind, 'settle')
  })

  it('holds where more brings nothing, and looks below when that is sure', () => {
    const line = (answers: number) => opening(record([5, 100, 30], [20, 400, answers]), 20)
    assert.equal(line(20).kind, 'hold')
    const step = line(40)
    assert.ok(step.kind === 'settle' && step.settled.width === 20 && step.settled.supposed && !step.settled.up)
  })

  // The levels are too near to each other: only all answers together tell.
  it('is held where a few more bring hardly more, and fewer no more either', () => {
    const line = record([8, 100, 16], [11, 112, 150], [13, 130, 150], [16, 160, 150])
    assert.deepEqual(opening(line, 16), { kind: 'hold' })
    assert.deepEqual(opening(record([8, 100, 16], [11, 100, 150], [13, 105, 150], [16, 110, 150]), 16), {
      kind: 'widen',
    })
  })

  it('is not held where fewer seem to bring more, until that is clear', () => {
    const step = (answers: number) => opening(record([4, 60, 4], [8, 150, 30], [11, 215, answers]), 11)
    assert.equal(step(30).kind, 'widen')
    const clear = opening(record([4, 60, 4], [8, 150, 30], [11, 215, 60], [16, 500, 60]), 16)
    assert.equal(clear.kind === 'settle' && clear.settled.width, 4)
  })

  it('is looked at from below where it was held so long that fewer are forgotten', () => {
    const step = opening(record([8, 100, 1], [14, 140, 200], [16, 160, 390]), 16)
    assert.ok(step.kind === 'settle' && step.settled.supposed && !step.settled.up)
  })

  it('surely brings more where answers come no later, and not where that is not known', () => {
    assert.ok(bringsMore(record([8, 100, 30], [12, 101, 30], [16, 102, 30]), 16))
    assert.ok(!bringsMore(record([8, 100, 30], [12, 130, 30], [16, 170, 30]), 16), 'most of it is lost')
    assert.ok(!bringsMore(record([8, 100, 5], [12, 100, 5]), 12), 'a few answers')
  })

  it('is narrowed to two at least', () => {
    const step = opening(record([1, 10, 50], [8, 1000, 50]), 8)
    assert.equal(step.kind === 'settle' && step.settled.width, LEAST)
    const [settled] = drive({ width: 8, took: (width) => width ** 3, count: 10_000 })
    assert.ok(settled!.width >= LEAST)
  })
})

type Course = {
  width: number
  took: (width: number) => number
  count: number
  most?: number
  supposed?: boolean
}

/** So many answers of a source to a width that has settled: what comes of it, and how many of them were part of looks. */
const drive = ({ width, took, count, most = 1000, supposed = false }: Course): [Settled | null, number] => {
  let throughput = record([width, took(width), 32])
  let settled: Settled | null = { width, supposed, dueAt: 0, wait: 200, up: !supposed, look: null }
  let looked = 0
  for (let i = 0; i < count && settled !== null; i++) {
    if (settled.look !== null) looked++
    const now: number = (settled.look ?? settled).width
    const answer = { width: now, tookMs: took(now) }
    throughput = observeThroughput(throughput, answer)
    settled = settling(settled, throughput, answer, most)
  }
  return [settled, looked]
}

describe('a width that has settled', () => {
  const exponential = (mean: number, random: () => number): number => -mean * Math.log(1 - random())

  it('finds what the source makes use of, from either side, though answers vary as much as they take', () => {
    for (const width of [4, 40])
      for (const seed of times(10, (i) => i)) {
        const random = randomStream(seed)
        // Twelve at once are served; above twenty each takes longer.
        const took = (now: number): number => exponential(100 * Math.max(1, now / 12, now ** 2 / 240), random)
        const [settled] = drive({ width, took, count: 6000 })
        assert.ok(settled!.width >= 8 && settled!.width <= 28, `seed ${seed}: from ${width} to ${settled!.width}`)
      }
  })

  it('looks elsewhere, the more seldom the longer nothing changes', () => {
    const took = (now: number): number => 100 * Math.max(1, now / 8) ** 2
    const [settled, looked] = drive({ width: 8, took, count: 10_000 })
    assert.equal(settled!.width, 8)
    assert.ok(settled!.wait > 1000)
    assert.ok(looked > 16 && looked < 500, `${looked}`)
  })

  it('looks at fewer than four only where they seemed to bring more', () => {
    const due: Settled = { width: 4, supposed: false, dueAt: 0, wait: 200, up: false, look: null }
    const lookAfter = (throughput: Throughput) =>
      settling(due, throughput, { width: 4, tookMs: 100 }, 1000)!.look?.width
    assert.equal(lookAfter(record([3, 100, 3], [4, 300, 30])), 3)
    assert.equal(lookAfter(record([3, 100, 3], [4, 100, 30])), undefined)
    assert.equal(lookAfter(record([4, 300, 30])), undefined)
  })

  it('and where more clearly bring less, whatever the first few answers told', () => {
    const due: Settled = { width: 4, supposed: false, dueAt: 0, wait: 200, up: false, look: null }
    const lookAfter = (throughput: Throughput) =>
      settling(due, throughput, { width: 4, tookMs: 100 }, 1000)!.look?.width
    assert.equal(lookAfter(record([3, 100, 3], [6, 300, 40], [4, 100, 40])), 3)
    assert.equal(lookAfter(record([3, 100, 3], [6, 150, 40], [4, 100, 40])), undefined, 'as much')
    assert.equal(lookAfter(record([3, 100, 3], [6, 180, 20], [4, 100, 20])), undefined, 'by chance')
  })

  // Of those that left together the quick ones are back first, however long the others take.
  it('passes over the first round of a look', () => {
    const throughput = record([8, 100, 60])
    const due: Settled = { width: 8, supposed: false, dueAt: 0, wait: 200, up: true, look: null }
    const begun = settling(due, throughput, { width: 8, tookMs: 100 }, 1000)!
    const { look } = times(11, () => 0).reduce<Settled>(
      (each) => settling(each, throughput, { width: 11, tookMs: 5 }, 1000)!,
      begun,
    )
    assert.deepEqual(look, { width: 11, answers: 0, tookMs: 0 })
  })

  it('looks at no more than is allowed', () => {
    const [settled] = drive({ width: 8, took: () => 100, count: 2000, most: 12 })
    assert.ok(settled!.width <= 12)
  })

  it('was not, if it was only supposed to be too wide', () => {
    assert.equal(drive({ width: 20, took: () => 100, count: 2000, supposed: true })[0], null)
    const [settled] = drive({ width: 20, took: (now) => 30 * now, count: 2000, supposed: true })
    assert.ok(settled!.width < 20)
  })

  it('is always compared with another level', () => {
    for (let width = 8; width < 500; width++)
      for (const up of [true, false]) {
        const due: Settled = { width, supposed: false, dueAt: 0, wait: 200, up, look: null }
        const { look } = settling(due, noThroughput, { width, tookMs: 100 }, 1000)!
        assert.ok(look !== null && Math.abs(levelOf(look.width) - levelOf(width)) === 1, `${width} with ${look?.width}`)
      }
  })
})
