import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openNap } from '../../src/request/nap.ts'
import { realWorld } from '../../src/world.ts'

const setUp = () => {
  const slept: number[] = []
  const nap = openNap({
    ...realWorld,
    sleep: (ms, signal) => {
      slept.push(ms)
      return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
    },
  })
  return { nap, slept }
}

it('a nap ends when something happens', async () => {
  const { nap, slept } = setUp()
  nap.look()
  const sleeping = nap.sleep(-5)
  nap.wake()
  await sleeping
  assert.deepEqual(slept, [0], 'never for less than no time')
})

it('nobody falls asleep over what has just happened, and each thing wakes once', async () => {
  const { nap, slept } = setUp()
  nap.look()
  nap.wake()
  await nap.sleep(1000)
  assert.deepEqual(slept, [])
  nap.look()
  const sleeping = nap.sleep(1000)
  assert.deepEqual(slept, [1000])
  nap.wake()
  await sleeping
})
