import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retrying } from '../../../src/store/connection/retrying.ts'
import { databaseError } from '../fixture.ts'

/** Retries in a time of its own, in which nothing but its waits takes any; `waits` has those, ms. */
const retryingInTime = () => {
  const waits: number[] = []
  let now = 0
  const sleep = async (ms: number): Promise<void> => {
    now += ms
    waits.push(ms)
  }
  return { again: retrying({ now: () => now, random: () => 0.5, sleep }), waits, now: () => now }
}

/** Runs an operation that fails with these codes first; answers what came of it, how often it ran and the waits. */
const run = async (codes: readonly string[]) => {
  const { again, waits } = retryingInTime()
  let calls = 0
  const result = await again(async () => {
    const code = codes[calls++]
    if (code !== undefined) throw databaseError(code)
    return 'done'
  }).catch((error: Error) => error.message)
  return { result, calls, waits }
}

describe('retrying', () => {
  it('tries again what passes by itself, waiting longer each time', async () => {
    assert.deepEqual(await run(['08006', '40001', 'ECONNRESET']), { result: 'done', calls: 4, waits: [50, 100, 200] })
  })

  it('throws at once what does not pass', async () => {
    assert.deepEqual(await run(['42501']), { result: 'error 42501', calls: 1, waits: [] })
  })

  it('gives up after two minutes of waiting, with the last error', async () => {
    const { result, waits } = await run(Array.from({ length: 100 }, () => '08006'))
    assert.equal(result, 'error 08006')
    const waited = waits.reduce((sum, ms) => sum + ms, 0)
    assert.ok(waited >= 120_000 && waited < 130_000, String(waited))
  })

  it('tells of an outage that lasts, once a minute for all that wait, and of nothing that passes at once', async () => {
    let now = 0
    const told: [number, string][] = []
    const sleep = async (ms: number): Promise<void> => {
      now += ms
    }
    const world = { now: () => now, random: () => 1, sleep }
    const again = retrying(world, undefined, (error) => void told.push([now, (error as Error).message]))
    const until = (end: number) =>
      again(async () => {
        if (now < end) throw databaseError('57P03')
      })
    await until(2000)
    assert.deepEqual(told, [])
    const begun = now
    await Promise.all([until(begun + 100_000), until(begun + 100_000)])
    assert.equal(told.length, 2, JSON.stringify(told))
    assert.ok(told[0]![0] - begun >= 3000 && told[0]![0] - begun < 15_000, JSON.stringify(told))
    assert.ok(told[1]![0] - told[0]![0] >= 60_000)
    assert.equal(told[0]![1], 'error 57P03')
  })

  it('waits for an outage once, not again for each operation that is left, until one succeeds', async () => {
    const { again, now } = retryingInTime()
    const fail = async (): Promise<never> => {
      throw databaseError('ECONNREFUSED')
    }
    const waitedFor = async (operation: () => Promise<unknown>): Promise<number> => {
      const before = now()
      await again(operation).catch(() => {})
      return now() - before
    }
    assert.ok((await waitedFor(fail)) >= 120_000)
    assert.equal(await waitedFor(fail), 0)
    assert.equal(await waitedFor(async () => 'back'), 0)
    assert.ok((await waitedFor(fail)) >= 120_000)
  })

  it('has patience by what went wrong', async () => {
    let now = 0
    const sleep = async (ms: number): Promise<void> => {
      now += ms
    }
    const patience = (error: unknown) => ((error as { code: string }).code === 'ECONNREFUSED' ? 10_000 : 60_000)
    for (const [code, ms] of [
      ['ECONNREFUSED', 10_000],
      ['57P03', 60_000],
    ] as const) {
      now = 0
      const again = retrying({ now: () => now, random: () => 1, sleep }, patience)
      await assert.rejects(again(() => Promise.reject(databaseError(code))))
      assert.ok(now >= ms && now < ms + 10_001, `${code}: ${now}`)
    }
  })

  it('gives up at once where there is no patience', async () => {
    let calls = 0
    const once = retrying({ now: () => 0, random: () => 0.5, sleep: async () => {} }, () => 0)
    await assert.rejects(once(async () => Promise.reject(databaseError(calls++ === 0 ? '08006' : '57P01'))))
    assert.equal(calls, 1)
  })
})
