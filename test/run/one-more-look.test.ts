import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { randomStream } from '../../demo/random.ts'
import { isWorthALook, type Looks, movesExpected, noLooks, tailOf, withLook } from '../../src/run/one-more-look.ts'

/** The looks there are when all of them fail, each of `eachMs` and of this chance, in a run that has worked for `activeMs`. */
const failing = (eachMs: number, chance: number, activeMs = 60_000): Looks => {
  let looks = noLooks
  const explained = -Math.log(chance)
  while (isWorthALook(looks, activeMs))
    looks = withLook(looks, { tookMs: eachMs, lacking: Math.max(1, explained), doubtful: 0, explained })
  return looks
}

/** A number of events where `mean` are expected. */
const poisson = (random: () => number, mean: number): number => {
  let events = -1
  for (let left = mean; left >= 0; events++) left += Math.log(random())
  return events
}

describe('movesExpected', () => {
  it('counts who comes before the count and who goes after it', () => {
    const openings = { comingMs: 200, goingMs: 100 }
    const expected = (came: number, went: number) => movesExpected({ came, went, overMs: 10_000 }, openings)
    assert.ok(Math.abs(expected(49.5, 49.5) - 1.5) < 1e-9, '5 a second each')
    assert.ok(expected(100, 0) > expected(0, 100), 'the longer opening counts more')
  })

  it('is next to none where nothing has moved for long, and does not believe a short time', () => {
    const openings = { comingMs: 50, goingMs: 50 }
    assert.ok(movesExpected({ came: 0, went: 0, overMs: 60_000 }, openings) < 0.01)
    assert.ok(movesExpected({ came: 0, went: 0, overMs: 100 }, openings) > 0.3)
    assert.ok(Number.isFinite(movesExpected({ came: 0, went: 0, overMs: 0 }, openings)))
  })
})

describe('tailOf', () => {
  it('is how often so many happen', () => {
    const random = randomStream(7)
    const rounds = 4000
    const drawn = Array.from({ length: rounds }, () => poisson(random, 4))
    for (const events of [0, 1, 4, 7, 10]) {
      const share = drawn.filter((each) => each >= events).length / rounds
      assert.ok(Math.abs(tailOf(events, 4) - share) < 0.03, `${events}: ${share} for ${tailOf(events, 4)}`)
    }
  })

  it('is a probability, however many', () => {
    assert.equal(tailOf(0, 3), 1)
    assert.equal(tailOf(5, 0), 0)
    for (const mean of [0, 1e-9, 1, 50, 5000]) assert.ok(tailOf(100, mean) >= 0 && tailOf(100, mean) <= 1)
  })
})

describe('isWorthALook', () => {
  it('allows two, whatever they tell', () => {
    assert.equal(failing(600_000, 1e-9).count, 2)
    assert.equal(failing(50, 1).count, 2)
  })

  it('stops when what moves does not explain what is lacking', () => {
    const lacking = (missed: number, seed: number): number => {
      const random = randomStream(seed)
      const look = () => ({
        tookMs: 3000,
        lacking: missed + Math.max(1, poisson(random, 2.5)),
        doubtful: 0,
        explained: 2.5,
      })
      let looks = noLooks
      while (isWorthALook(looks, 60_000)) looks = withLook(looks, look())
      return looks.count
    }
    const seeds = Array.from({ length: 40 }, (_, seed) => seed)
    assert.ok(
      seeds.every((seed) => lacking(6, seed) <= 4),
      'six cars were missed',
    )
    assert.ok(seeds.filter((seed) => lacking(0, seed) >= 15).length >= 36, 'none was')
  })

  it('stops when so much bad luck is not to be believed', () => {
    assert.equal(failing(50, 0.5).count, 5)
    assert.equal(failing(50, 0.1).count, 29)
  })

  it('learns nothing from a look at which cars were taken for gone that may have come back', () => {
    const look = { tookMs: 50, lacking: 5, doubtful: 4, explained: 1 }
    let looks = noLooks
    for (let n = 0; n < 50; n++) looks = withLook(looks, look)
    assert.ok(isWorthALook(looks, 10_000))
    assert.ok(!isWorthALook(withLook(withLook(noLooks, { ...look, doubtful: 0 }), { ...look, doubtful: 0 }), 10_000))
  })

  it('does not begin what the time is too short for', () => {
    assert.ok(failing(3000, 0.005).count <= 3, 'twenty looks of which one in two hundred succeeds')
    assert.ok(failing(3000, 0.08).count > 15, 'twenty looks of which one in a dozen succeeds')
    assert.ok(failing(3000, 0.01).count > 5, 'a chance of one in five by all of them is worth them')
  })

  it('stops after a hundred, however short they are', () => {
    let looks = noLooks
    const barely = { tookMs: 1, lacking: 1, doubtful: 1, explained: 1 }
    while (isWorthALook(looks, 60_000) && looks.count < 1000) looks = withLook(looks, barely)
    assert.equal(looks.count, 100)
  })

  it('has patience for as long as the run took, up to a minute, and for longer in one that takes long anyway', () => {
    assert.ok(failing(100, 0.03, 2000).tookMs <= 10_000)
    assert.ok(failing(3000, 0.08, 30_000).tookMs <= 30_000)
    assert.ok(failing(3000, 0.08).tookMs <= 60_000)
    assert.ok(failing(3000, 0.02, 4_000_000).tookMs > 100_000)
  })
})
