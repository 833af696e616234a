import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Chance, metAt, noChance } from '../../src/pace/chance.ts'

/** After walls at these paces, each with so many requests let in since the one before; `granted`: per second, at most. */
const after = (
  walls: readonly { rate: number; count: number }[],
  granted = Number.POSITIVE_INFINITY,
  from: Chance = noChance,
): Chance => {
  let [at, total] = [0, 0]
  return walls.reduce((chance, { rate, count }) => {
    at += (1000 * count) / Math.min(rate, granted)
    total += count
    return metAt(chance, { at, rate, total })
  }, from)
}

const FALLING = [16, 14, 12, 10, 5, 4, 3, 2].map((rate) => ({ rate, count: 20 }))

describe('refusals by chance', () => {
  it('come as often at a third of the pace, for which less is let in: it is held where it was', () => {
    const { held } = after(FALLING)
    assert.equal(held?.rate, 16)
    assert.ok(held.share > 0.04 && held.share < 0.06, `${held.share}`)
    assert.equal(after(FALLING.slice(0, -1)).held, null, 'of the slow paces only three were seen')
  })

  it('are none where as much is let in at any pace, where a slower one is refused more seldom, or each time', () => {
    assert.equal(after(FALLING, 1.5).held, null)
    assert.equal(after(FALLING.map(({ rate }) => ({ rate, count: rate < 6 ? 100 : 20 }))).held, null)
    assert.equal(after(FALLING.map(({ rate }) => ({ rate, count: 1 }))).held, null)
  })

  it('are none where a slower pace was let in for long in between: then the limit has fallen', () => {
    assert.equal(after([...FALLING.slice(0, 4), { rate: 5, count: 600 }, ...FALLING.slice(4)]).held, null)
  })

  it('may be a third of all, as where somebody else takes what there is', () => {
    const alike = FALLING.map(({ rate }) => ({ rate, count: 2 }))
    assert.equal(after(alike).held?.rate, 16)
    assert.equal(after(alike, 3).held, null, 'of a limit as much is let in at any pace')
    const shut = Array.from({ length: 8 }, (_, i) => ({ at: 1e6 + i, rate: 16, total: 16 }))
    assert.equal(shut.reduce(metAt, after(alike)).refuted, true, 'but not all of it')
  })

  it('are none where the pace was raised, and refused as often', () => {
    assert.equal(after([...FALLING].reverse()).held, null)
  })

  it('are none after all where much more is refused at the pace that is held', () => {
    const held = after(FALLING)
    const at = (count: number) => Array.from({ length: 12 }, () => ({ rate: 16, count }))
    const from = 8 * 20
    const on = (count: number, everyMs = 1): Chance =>
      at(count).reduce(
        (chance, wall, i) =>
          metAt(chance, { at: held.held!.sinceAt + (i + 1) * everyMs, rate: wall.rate, total: from + (i + 1) * count }),
        held,
      )
    assert.equal(on(20).held?.rate, 16)
    assert.deepEqual(on(3), { ...noChance, refuted: true })
    // One wall of nine, but each is a whole flight that was refused: it lets in one a second.
    assert.deepEqual(on(8, 8000), { ...noChance, refuted: true })
    assert.equal(on(20, 20_000 / 16).held?.rate, 16)
    assert.equal(after(FALLING, Number.POSITIVE_INFINITY, on(3)).held, null, 'and it is not tried again')
  })
})
