import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sideBySide } from '../../src/request/side-by-side.ts'

/** Work that ends when it is told to, in any order. */
const held = () => {
  const begun: number[] = []
  const ends = new Map<number, PromiseWithResolvers<string>>()
  const work = (item: number): Promise<string> => {
    begun.push(item)
    const end = Promise.withResolvers<string>()
    ends.set(item, end)
    return end.promise
  }
  return { begun, work, end: (item: number) => ends.get(item)!.resolve(`of ${item}`), ends }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('sideBySide', () => {
  it('begins no more than it may, and answers in the order of the items', async () => {
    const { begun, work, end } = held()
    const results = sideBySide([1, 2, 3], 2, work)
    await turn()
    assert.deepEqual(begun, [1, 2])
    end(2)
    await turn()
    assert.deepEqual(begun, [1, 2, 3])
    end(3)
    end(1)
    assert.deepEqual(await results, ['of 1', 'of 2', 'of 3'])
  })

  it('begins nothing more after a failure, and throws it when the rest has ended', async () => {
    const { begun, work, end, ends } = held()
    const results = sideBySide([1, 2, 3], 2, work)
    let thrown: unknown = null
    results.catch((error: unknown) => {
      thrown = error
    })
    await turn()
    ends.get(1)!.reject(new Error('the first'))
    await turn()
    assert.equal(thrown, null, 'the second is still under way')
    end(2)
    await turn()
    assert.equal((thrown as unknown as Error).message, 'the first')
    assert.deepEqual(begun, [1, 2])
  })

  it('has nothing to do for no items', async () => {
    assert.deepEqual(await sideBySide([], 4, () => Promise.reject(new Error('never'))), [])
  })
})
