/** The function's small parts: the meter, handing over. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { handOver } from '../../supabase/functions/cars-sync/hand-over.ts'
import { openMeter } from '../../supabase/functions/cars-sync/meter.ts'

const clocked = () => {
  const clock = { at: 0, memory: 0 }
  const meter = openMeter(
    { busyMs: 600, askUntil: 10_000, memoryBytes: 1000 },
    () => clock.at,
    () => clock.memory,
  )
  /** A page that takes so long. */
  const page = (ms: number): void => {
    meter.run(() => {
      clock.at += ms
    })
    meter.committed(1)
  }
  return { clock, meter, page }
}

describe('the meter', () => {
  it('always allows a first page, and keeps room for those in hand', () => {
    const { meter, page } = clocked()
    assert.equal(meter.mayAsk(0), true)
    assert.equal(meter.mayAsk(5), true)
    assert.equal(meter.mayAsk(6), false, 'seven at 100 ms each are too many')
    page(50)
    assert.equal(meter.mayAsk(10), true, '50 spent, ten and one more at 50 each')
    assert.equal(meter.mayAsk(11), false)
  })

  it('allows nothing more once the budget is spent', () => {
    const { meter, page } = clocked()
    page(300)
    assert.equal(meter.mayAsk(0), true)
    page(300)
    assert.equal(meter.mayAsk(0), false)
  })

  it('counts work within work once, and time between works not at all', () => {
    const { clock, meter } = clocked()
    meter.run(() => {
      clock.at += 10
      meter.run(() => {
        clock.at += 5
      })
    })
    clock.at += 1000
    assert.equal(meter.busyMs(), 15)
    assert.throws(
      () =>
        meter.run(() => {
          clock.at += 1
          throw new Error('no')
        }),
      /no/,
    )
    assert.equal(meter.busyMs(), 16)
  })

  it('heeds the clock and the memory', () => {
    const { clock, meter } = clocked()
    clock.memory = 1001
    assert.equal(meter.mayAsk(0), false)
    clock.memory = 1000
    assert.equal(meter.mayAsk(0), true)
    clock.at = 10_000
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
    const { why, calls } = await handed([retired(), retired(), retired(), retired()])
    assert.equal(why, 'it answered 503')
    assert.equal(calls.length, 4)
  })

  it('does not insist where it is refused, nor beyond the life of the worker', async () => {
    const refused = await handed([new Response('{}', { status: 401 })])
    assert.deepEqual([refused.why, refused.calls.length], ['it answered 401', 1])
    const late = await handed([new Error('reset'), new Response('{}', { status: 202 })], 100)
    assert.deepEqual([late.why, late.slept.length], ['reset', 0])
  })
})
