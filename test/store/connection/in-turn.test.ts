import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inTurn, type Use } from '../../../src/store/connection/in-turn.ts'

describe('inTurn', () => {
  it('does one piece of work after the other, in the order asked, and holds a connection for each alone', async () => {
    let held = 0
    const use: Use<string> = async (work) => {
      assert.equal(++held, 1)
      try {
        return await work('a connection')
      } finally {
        held--
      }
    }
    const begun: number[] = []
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const take = inTurn(use)
    const works = gates.map(({ promise }, i) =>
      take(async (connection) => {
        begun.push(i)
        await promise
        return `${i} over ${connection}`
      }),
    )
    for (const i of [2, 0, 1]) gates[i]!.resolve()
    assert.deepEqual(await Promise.all(works), ['0 over a connection', '1 over a connection', '2 over a connection'])
    assert.deepEqual(begun, [0, 1, 2])
  })

  it('waits for what is under way', async () => {
    const take = inTurn<null>((work) => work(null))
    const slow = Promise.withResolvers<void>()
    const first = take(() => slow.promise)
    let isBegun = false
    const second = take(async () => {
      isBegun = true
    })
    await setImmediate()
    assert.equal(isBegun, false)
    slow.resolve()
    await Promise.all([first, second])
    assert.equal(isBegun, true)
  })

  it('goes on after a failure, which only its own work hears of', async () => {
    let tries = 0
    const take = inTurn<number>(async (work) => {
      if (++tries === 1) throw new Error('refused')
      return work(tries)
    })
    const failed = take(async (n) => n)
    const next = take(async (n) => n)
    await assert.rejects(failed, /refused/)
    assert.equal(await next, 2)
  })
})
