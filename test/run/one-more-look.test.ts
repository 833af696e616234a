import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { randomStream } from '../../demo/random.ts'
import { chanceOf, isWorthALook, type Looks, noLooks, withLook } from '../../src/run/one-more-look.ts'

/** The looks there are when all of them fail, each of `eachMs` and of this chance, in a run that has worked for `activeMs`. */
const failing = (eachMs: number, chance: number, activeMs = 10_000): Looks => {
  let looks = noLooks
  while (isWorthALook(looks, activeMs + looks.tookMs)) looks = withLook(looks, eachMs, chance)
  return looks
}

describe('chanceOf', () => {
  it('is that nothing comes before the count and nothing goes after it', () => {
    const openings = { comingMs: 200, goingMs: 100 }
    const share = (came: number, went: number) => chanceOf({ came, went, overMs: 10_000 }, openings)
    assert.ok(Math.abs(share(49.5, 49.5) - Math.exp(-1.5)) < 1e-9, '5 a second each')
    assert.ok(share(100, 0) < share(0, 100), 'the longer opening counts more')
  })

  it('is near certainty where nothing has moved for long, and does not believe a short time', () => {
    const openings = { comingMs: 50, goingMs: 50 }
    assert.ok(chanceOf({ came: 0, went: 0, overMs: 60_000 }, openings) > 0.99)
    assert.ok(chanceOf({ came: 0, went: 0, overMs: 100 }, openings) < 0.7)
    assert.ok(Number.isFinite(chanceOf({ came: 0, went: 0, overMs: 0 }, openings)))
  })

  it('is how often it happens', () => {
    const random = randomStream(7)
    const openings = { comingMs: 300, goingMs: 100 }
    const rounds = 4000
    let still = 0
    for (let round = 0; round < rounds; round++) {
      // Four a second come, two a second go, each at its own instant.
      const moves = (perSecond: number, ms: number) => (-Math.log(random()) * 1000) / perSecond < ms
      if (!moves(4, openings.comingMs) && !moves(2, openings.goingMs)) still++
    }
    const chance = chanceOf({ came: 400, went: 200, overMs: 100_000 }, openings)
    assert.ok(Math.abs(still / rounds - chance) < 0.03, `${still / rounds} for ${chance}`)
  })
})

describe('isWorthALook', () => {
  it('allows two, whatever they tell', () => {
    assert.equal(failing(600_000, 1e-9).count, 2)
    assert.equal(failing(50, 1).count, 2)
  })

  it('stops when so much bad luck is not to be believed: cars are lacking', () => {
    assert.equal(failing(50, 0.5).count, 5)
    assert.equal(failing(50, 0.1).count, 29)
  })

  it('does not begin what the time is too short for', () => {
    assert.ok(failing(3000, 0.005).count <= 3, 'twenty looks of which one in two hundred succeeds')
    assert.ok(failing(3000, 0.08).count > 15, 'twenty looks of which one in a dozen succeeds')
  })

  it('has patience for a minute, and for longer in a run that takes long anyway', () => {
    assert.ok(failing(3000, 0.08).tookMs <= 60_000)
    assert.ok(failing(3000, 0.02, 4_000_000).tookMs > 100_000)
  })
})
