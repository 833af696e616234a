import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keepAlive } from '../../src/lease/keep-alive.ts'
import { realWorld, type World } from '../../src/world.ts'

const leaseOf = (lengthMs: number) => ({ source: 'cars', fence: 1, holder: 'me', lengthMs })

/** A world whose time passes only by sleeping. Of two sleeps at once the shorter one ends first. */
const sleepyWorld = (): World & { slept: number[] } => {
  let now = 0
  const slept: number[] = []
  const asleep: { until: number; wake(): void }[] = []
  const turn = (): void => {
    const first = asleep.sort((a, b) => a.until - b.until).shift()
    if (!first) return
    now = Math.max(now, first.until)
    first.wake()
  }
  return {
    ...realWorld,
    slept,
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept.push(ms)
        asleep.push({ until: now + ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve(), { once: true })
        setImmediate(turn)
      }),
  }
}

describe('keepAlive', () => {
  it('beats every second, and several times in the length of a short lease', async () => {
    for (const [lengthMs, everyMs] of [
      [30_000, 1000],
      [1000, 1000 / 3],
    ] as const) {
      const world = sleepyWorld()
      let beats = 0
      const beaten = Promise.withResolvers<void>()
      const alive = keepAlive(world, leaseOf(lengthMs), {
        beat: async () => {
          if (++beats === 3) beaten.resolve()
          return true
        },
        publish: async () => {},
        onLost: () => assert.fail('nothing was lost'),
      })
      await beaten.promise
      await alive.stop()
      assert.equal(world.slept[0], everyMs)
    }
  })

  it('goes on beating while a progress row hangs', async () => {
    const world = sleepyWorld()
    const beaten = Promise.withResolvers<void>()
    const published = Promise.withResolvers<void>()
    let beats = 0
    const alive = keepAlive(world, leaseOf(30_000), {
      beat: async () => {
        if (++beats === 5) beaten.resolve()
        return true
      },
      publish: () => published.promise,
      onLost: () => assert.fail('nothing was lost'),
    })
    await beaten.promise
    published.resolve()
    await alive.stop()
  })

  it('ends at once when the lease is another’s', async () => {
    const lost = Promise.withResolvers<Error>()
    keepAlive(sleepyWorld(), leaseOf(30_000), {
      beat: async () => false,
      publish: async () => {},
      onLost: lost.resolve,
    })
    assert.match((await lost.promise).message, /Another process took the lease on "cars"/)
  })

  it('ends when no beat has gone through for two minutes, or for a longer lease: refused, or never answered', async () => {
    const beats = [() => Promise.reject(new Error('refused')), () => new Promise<boolean>(() => {})]
    for (const beat of beats)
      for (const [lengthMs, patienceMs] of [
        [30_000, 120_000],
        [600_000, 600_000],
      ] as const) {
        const lost = Promise.withResolvers<Error>()
        const world = sleepyWorld()
        keepAlive(world, leaseOf(lengthMs), { beat, publish: async () => {}, onLost: lost.resolve })
        assert.match((await lost.promise).message, new RegExp(`could not be reached for ${patienceMs / 1000} s`))
        assert.ok(world.now() >= patienceMs)
      }
  })
})
