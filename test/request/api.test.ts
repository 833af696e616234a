/** Requests that are no pages, asked for side by side under one pace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPace } from '../../src/pace/start.ts'
import { openApi } from '../../src/request/api.ts'
import { realWorld } from '../../src/world.ts'

test('who waits for a request in flight to come back goes on when it has, however it ended', async () => {
  const out: { url: string; answer: PromiseWithResolvers<Response> }[] = []
  const api = openApi({
    // Nobody wakes from a sleep by himself here.
    world: {
      ...realWorld,
      fetch: (url) => {
        const answer = Promise.withResolvers<Response>()
        out.push({ url, answer })
        return answer.promise
      },
      sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
    },
    pace: startPace({ now: realWorld.now(), maxConcurrency: 1 }),
    apiKey: null,
    timeoutMs: 60_000,
    maxBytes: 1000,
    giveUpMs: 60_000,
    before: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
  })
  const ask = (name: string) =>
    api.ask(
      { url: `http://cars.example/${name}`, headers: {}, label: name },
      ({ body }) => ({ kind: 'data', data: body.length }),
      undefined,
      1,
    )
  const asked = ['a', 'b', 'c'].map(ask)
  const urls = () => out.map(({ url }) => url.slice(-1)).join('')
  assert.equal(urls(), 'a')
  out[0]!.answer.resolve(new Response('four'))
  assert.deepEqual(await asked[0], { kind: 'data', data: 4 })
  assert.equal(urls(), 'ab')
  out[1]!.answer.reject(new Error('broken'))
  assert.equal((await asked[1]!).kind, 'retry')
  assert.equal(urls(), 'abc')
  out[2]!.answer.resolve(new Response('seven'))
  assert.deepEqual(await asked[2], { kind: 'data', data: 5 })
})

test('a source that asked an earlier process to wait is not given up for its silence meanwhile', () => {
  let now = 0
  const pace = { ...startPace({ now }), gateUntil: 3_600_000 }
  const limits = { apiKey: null, timeoutMs: 60_000, maxBytes: 1000, giveUpMs: 10_000 }
  const before = { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 }
  const api = openApi({ world: { ...realWorld, now: () => now }, pace, ...limits, before })
  for (const [at, isDead] of [
    [15_000, false],
    [3_605_000, false],
    [3_611_000, true],
  ] as const) {
    now = at
    assert.equal(api.isDead(), isDead, `after ${at} ms`)
  }
  assert.match(api.obituary(), /asked an earlier run to wait/)
})
