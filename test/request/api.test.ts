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

test('all who ask a source that is dead give it up at the same time, and ask no more', async () => {
  let now = 0
  const sleepers: { due: number; wake(): void }[] = []
  const api = openApi({
    world: {
      ...realWorld,
      now: () => now,
      random: () => 0.9,
      fetch: async () => {
        throw new Error('nobody is there')
      },
      sleep: (ms) => new Promise((wake) => sleepers.push({ due: now + ms, wake })),
    },
    pace: startPace({ now }),
    apiKey: null,
    timeoutMs: 60_000,
    maxBytes: 1000,
    giveUpMs: 15_000,
    before: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
  })
  let asking = 8
  const asked = Array.from({ length: asking }, async (_, i) => {
    const request = { url: `http://cars.example/${i}`, headers: {}, label: `${i}` }
    const outcome = await api.ask(request, ({ body }) => ({ kind: 'data', data: body.length }))
    asking--
    return outcome
  })
  while (asking > 0) {
    // Everybody goes on until all are asleep.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    sleepers.sort((a, b) => a.due - b.due)
    const next = sleepers.shift()
    now = Math.max(now, next?.due ?? now)
    next?.wake()
  }
  // Nobody sleeps longer than 15 s before he looks again.
  assert.ok(now > 15_000 && now <= 30_000, `given up after ${now} ms`)
  for (const outcome of await Promise.all(asked))
    assert.match('why' in outcome ? outcome.why : outcome.kind, /given up\. What came last: .*nobody is there/)
})
