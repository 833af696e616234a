/** The function's small parts: the meter, handing over. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { handOver } from '../../supabase/functions/cars-sync/hand-over.ts'
import { openMeter } from '../../supabase/functions/cars-sync/meter.ts'

/** Instants are counted from the opening of the meter; each work is a `record`, of which a measured ms costs 1.5. */
const clocked = () => {
  const clock = { at: 0, memory: 0 }
  const limits = { cpuMs: 1060, askUntil: 100_000, memoryBytes: 1000, firstPageMs: 150 }
  const meter = openMeter(
    limits,
    () => clock.at,
    () => clock.memory,
  )
  /** Measured work; the clock stands still otherwise. */
  const work = (ms: number): void =>
    meter.run('record', () => {
      clock.at += ms
    })
  const page = (ms: number): void => {
    work(ms)
    meter.committed(1)
  }
  return { clock, meter, work, page }
}

describe('the meter', () => {
  it('always allows a first page, and keeps room for those in hand', () => {
    const { meter, page } = clocked()
    assert.equal(meter.mayAsk(0), true)
    assert.equal(meter.mayAsk(5), true, '60 to begin and six at 150 each')
    assert.equal(meter.mayAsk(6), false)
    page(60)
    assert.equal(meter.mayAsk(8), true, '60 to begin, 90 spent, nine at 90 each')
    assert.equal(meter.mayAsk(10), false)
  })

  it('allows nothing more once the budget is spent', () => {
    const { meter, page } = clocked()
    page(300)
    assert.equal(meter.mayAsk(0), true)
    page(350)
    assert.equal(meter.mayAsk(0), false)
  })

  it('counts work within work once, and waiting for a small share', () => {
    const { clock, meter, work } = clocked()
    const before = meter.cpuMs()
    meter.run('page', () => {
      clock.at += 10
      work(10)
    })
    assert.equal(Math.round(meter.cpuMs() - before), 140)
    clock.at += 10_000
    assert.equal(Math.round(meter.cpuMs() - before), 240)
    assert.throws(() =>
      meter.run('row', () => {
        throw new Error('no')
      }),
    )
  })

  it('reckons with what collecting a heap costs that was left alone, up to a bound', () => {
    const { clock, meter } = clocked()
    const costOf = (pauseMs: number): number => {
      clock.at += pauseMs
      const before = meter.cpuMs()
      meter.committed(1)
      return Math.round(meter.cpuMs() - before)
    }
    assert.deepEqual([100, 1000, 2000, 60_000].map(costOf), [2, 15, 30, 40])
  })

  it('ends a slice that only waits, before waiting has cost too much', () => {
    const { clock, meter, page } = clocked()
    page(10)
    clock.at += 90_000
    assert.equal(meter.mayAsk(0), true)
    clock.at += 9_900
    assert.equal(meter.mayAsk(0), false)
  })

  it('heeds the clock and the memory', () => {
    const { clock, meter } = clocked()
    clock.memory = 1001
    assert.equal(meter.mayAsk(0), false)
    clock.memory = 1000
    assert.equal(meter.mayAsk(0), true)
    clock.at = 100_000
    assert.equal(meter.mayAsk(0), false)
  })
})

describe('handing over', () => {
  const handed = async (answers: (Response | Error)[], patienceMs = 60_000) => {
    const calls: Request[] = []
    const slept: number[] = []
    const why = await handOver({
      url: 'http://own.example/functions/v1/cars-sync',
      secret: 'sesame',
      patienceMs,
      sleep: async (ms) => void slept.push(ms),
      fetch: async (input, init) => {
        calls.push(new Request(input as string, init))
        const answer = answers.shift()
        if (!answer || answer instanceof Error) throw answer ?? new Error('no more answers')
        return answer
      },
    })
    return { why, calls, slept }
  }

  it('is one call with the secret', async () => {
    const { why, calls, slept } = await handed([new Response('{}', { status: 202 })])
    assert.equal(why, null)
    assert.equal(calls.length, 1)
    assert.equal(calls[0]!.headers.get('x-sync-secret'), 'sesame')
    assert.deepEqual(await calls[0]!.json(), { action: 'tick' })
    assert.deepEqual(slept, [])
  })

  it('waits as long as the platform asks, where functions call functions too often', async () => {
    const limit = Object.assign(new Error('too many'), { name: 'RateLimitError', retryAfterMs: 4321 })
    const { why, slept } = await handed([limit, new Response('{}', { status: 200 })])
    assert.equal(why, null)
    assert.deepEqual(slept, [4321])
  })

  it('tries again where a worker is gone, and says why it gave up', async () => {
    const retired = () => new Response('{}', { status: 503 })
    assert.equal((await handed([retired(), new Error('reset'), new Response('{}', { status: 202 })])).why, null)
    const { why, slept } = await handed(Array.from({ length: 60 }, retired))
    assert.equal(why, 'it answered 503')
    const waitedMs = slept.reduce((sum, ms) => sum + ms, 0)
    assert.ok(waitedMs > 10_000 && waitedMs <= 15_000, 'about as long as cron takes to look')
  })

  it('does not insist where it is refused, nor beyond the life of the worker', async () => {
    const refused = await handed([new Response('{}', { status: 401 })])
    assert.deepEqual([refused.why, refused.calls.length], ['it answered 401', 1])
    const late = await handed([new Error('reset'), new Response('{}', { status: 202 })], 100)
    assert.deepEqual([late.why, late.slept.length], ['reset', 0])
  })
})
