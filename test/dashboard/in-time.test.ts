import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inTime } from '../../dashboard/in-time.ts'

describe('inTime', () => {
  const never = (_ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  const atOnce = async (): Promise<void> => {}

  it('answers what is read, and what went wrong', async () => {
    assert.equal(await inTime(async () => 7, 5000, never)(), 7)
    await assert.rejects(inTime(() => Promise.reject(new Error('gone')), 5000, never)(), /gone/)
  })

  it('gives up in time, asks for what hangs only once, and has the answer when it comes', async () => {
    const hanging = Promise.withResolvers<number>()
    let reads = 0
    let sleep = atOnce as typeof never
    const read = inTime(
      () => {
        reads++
        return hanging.promise
      },
      5000,
      (ms, signal) => sleep(ms, signal),
    )
    await assert.rejects(read(), /has not answered for 5 s/)
    await assert.rejects(read(), /has not answered for 5 s/)
    sleep = never
    const answer = read()
    hanging.resolve(1)
    assert.deepEqual([await answer, reads], [1, 1])
    await read()
    assert.equal(reads, 2)
  })
})
