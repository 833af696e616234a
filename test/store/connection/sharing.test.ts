import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sharing, type Use } from '../../../src/store/connection/sharing.ts'

/** Hands out connections 1, 2, ... and takes note of when each comes back, and with what error. */
const pool = () => {
  let given = 0
  const returned: unknown[] = []
  const use: Use<number> = async (work) => {
    const connection = ++given
    try {
      return await work(connection)
    } catch (error) {
      returned.push(error)
      throw error
    } finally {
      returned.push(connection)
    }
  }
  return { use, returned, given: () => given }
}

describe('sharing', () => {
  it('gives one connection to all work that overlaps, and gives it back after the last', async () => {
    const { use, returned, given } = pool()
    const share = sharing(use)
    const gates = [1, 2, 3].map(() => Promise.withResolvers<void>())
    const works = gates.map(({ promise }, i) =>
      share(async (connection) => {
        await promise
        return `${i} over ${connection}`
      }),
    )
    for (const i of [1, 0, 2]) {
      await setImmediate()
      assert.deepEqual(returned, [], 'it is held while any is under way')
      gates[i]!.resolve()
    }
    assert.deepEqual(await Promise.all(works), ['0 over 1', '1 over 1', '2 over 1'])
    await setImmediate()
    assert.deepEqual(returned, [1])
    assert.equal(await share(async (connection) => connection), 2)
    assert.equal(given(), 2)
  })

  it('lets the rest go on after a failure, which the pool hears of, and begins anew with another connection', async () => {
    const { use, returned } = pool()
    const share = sharing(use)
    const slow = Promise.withResolvers<string>()
    const rest = share(() => slow.promise)
    const failure = new Error('it is gone')
    await assert.rejects(
      share(async () => {
        throw failure
      }),
      failure,
    )
    assert.equal(await share(async (connection) => connection), 2)
    slow.resolve('done')
    assert.equal(await rest, 'done')
    await setImmediate()
    assert.deepEqual(returned, [2, failure, 1])
  })

  it('rejects all who wait where no connection can be had, and asks again for the next', async () => {
    let tries = 0
    const share = sharing<number>(async (work) => {
      if (++tries === 1) throw new Error('refused')
      return work(tries)
    })
    const both = await Promise.allSettled([share(async (n) => n), share(async (n) => n)])
    assert.deepEqual(
      both.map((each) => each.status),
      ['rejected', 'rejected'],
    )
    assert.equal(await share(async (n) => n), 2)
  })
})
