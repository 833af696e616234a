import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FeedParts, type Now, openFeed } from '../../dashboard/feed.ts'
import type { Live } from '../../src/node.ts'

const HERE = { running: false, stopping: false, canStart: true, inFlight: null, pace: null, said: null }

const liveOf = (members: Partial<Live> = {}): Live => ({
  source: 'auctionsapi',
  runId: 'run',
  mode: 'full',
  status: 'running',
  phase: 'sweeping',
  proof: 'none',
  reason: null,
  resumed: false,
  startedAt: '2026-10-01T12:00:00.000Z',
  finishedAt: null,
  activeMs: 1000,
  pages: { done: 1, total: 3 },
  cars: { seen: 10, inserted: 10, updated: 0, unchanged: 0, removed: 0, rejected: 0 },
  carsTotal: 30,
  requests: { total: 4, ok: 3, limited: 1, failed: 0, retried: 0 },
  learned: { pageSize: 10, requestsPerSecond: 2.5, concurrency: 2, why: 'said so' },
  carsPerSecond: 10,
  requestsPerSecond: 2,
  etaMs: null,
  segments: [],
  heldRemovals: 0,
  lease: null,
  isAlive: true,
  ...members,
})

/** A feed over what `live` is set to, with a clock that is moved by hand; it counts how often it looks. */
const scene = (more: Partial<FeedParts> = {}) => {
  const state = { at: 0, live: liveOf() as Live | null, looks: 0, lately: 0 }
  const feed = openFeed({
    live: async () => {
      state.looks++
      return state.live
    },
    lately: async () => {
      state.lately++
      return { health: [], runs: [], held: [], coveredUntil: null }
    },
    here: () => HERE,
    now: () => state.at,
    ...more,
  })
  return { state, feed }
}

/** What a watcher has been told so far, by name. */
const told = async (stream: ReadableStream<Uint8Array>, parts: number): Promise<[string, unknown][]> => {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  const events: [string, unknown][] = []
  while (events.length < parts) {
    const { value } = await reader.read()
    const text = decoder.decode(value)
    assert.match(text, /\n\n$/)
    for (const [, name, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)) events.push([name!, JSON.parse(data!)])
  }
  return events
}

describe('the feed', () => {
  it('looks once for two hundred watchers', async () => {
    const { state, feed } = scene()
    const streams = Array.from({ length: 200 }, () => feed.watch())
    await feed.tick()
    assert.deepEqual([state.looks, state.lately], [1, 1])
    for (const stream of streams)
      assert.deepEqual(
        (await told(stream, 3)).map(([name]) => name),
        ['samples', 'now', 'lately'],
      )
  })

  it('makes what is known once for all who come before the next look, and anew after it', async () => {
    const { state, feed } = scene()
    const greeted = async () => (await feed.watch().getReader().read()).value
    await feed.tick()
    const [one, other] = [await greeted(), await greeted()]
    assert.equal(one, other)
    state.live = liveOf({ runId: 'another' })
    await feed.tick()
    assert.match(new TextDecoder().decode(await greeted()), /"runId":"another"/)
  })

  it('counts refusals between two looks at one run, and none across runs', async () => {
    const { state, feed } = scene()
    const limited = async (runId: string, count: number): Promise<number> => {
      state.live = liveOf({ runId, requests: { total: 9, ok: 1, limited: count, failed: 0, retried: 0 } })
      await feed.tick()
      const events = await told(feed.watch(), 3)
      return (events[2]![1] as Now).sample!.limited
    }
    assert.equal(await limited('a', 3), 0)
    assert.equal(await limited('a', 5), 2)
    assert.equal(await limited('b', 1), 0)
    assert.equal(await limited('b', 1), 0)
  })

  it('makes no points of a run that has ended or whose process is silent', async () => {
    const { state, feed } = scene()
    for (const live of [liveOf({ status: 'complete' }), liveOf({ isAlive: false }), null]) {
      state.live = live
      await feed.tick()
    }
    const [[, samples]] = (await told(feed.watch(), 1)) as [[string, unknown]]
    assert.deepEqual(samples, [])
  })

  it('keeps ten minutes of points', async () => {
    const { state, feed } = scene()
    for (let i = 0; i < 650; i++) {
      state.at = i * 1000
      await feed.tick()
    }
    const [[, samples]] = (await told(feed.watch(), 1)) as [[string, { at: number }[]]]
    assert.deepEqual([samples.length, samples[0]!.at, samples.at(-1)!.at], [600, 50_000, 649_000])
  })

  it('looks at the slower picture when a run begins or ends, else every five seconds, and tells it only where it is new', async () => {
    const { state, feed } = scene()
    const at = async (ms: number, live: Live): Promise<number> => {
      state.at = ms
      state.live = live
      await feed.tick()
      return state.lately
    }
    assert.equal(await at(0, liveOf()), 1)
    assert.equal(await at(1000, liveOf()), 1)
    assert.equal(await at(2000, liveOf({ status: 'complete' })), 2)
    assert.equal(await at(6000, liveOf({ status: 'complete' })), 2)
    assert.equal(await at(7000, liveOf({ status: 'complete' })), 3)
    assert.equal(await at(7500, liveOf({ status: 'complete', heldRemovals: 60 })), 4)
  })

  it('tells no more than a hundred watchers a second, however many there are', async () => {
    const { state, feed } = scene()
    const streams = Array.from({ length: 100 }, () => feed.watch())
    assert.equal(feed.everyMs(), 1000)
    streams.push(...Array.from({ length: 200 }, () => feed.watch()))
    assert.equal(feed.everyMs(), 3000)
    await feed.tick()
    state.at = 14_000
    await feed.tick()
    assert.equal(state.lately, 1, 'the slower picture likewise')
    state.at = 15_000
    await feed.tick()
    assert.equal(state.lately, 2)
    await Promise.all(streams.slice(0, 200).map((stream) => stream.cancel()))
    assert.equal(feed.everyMs(), 1000)
  })

  it('spends at most a twentieth of the time on the slower picture', async () => {
    let looks = 0
    const { state, feed } = scene({
      lately: async () => {
        looks++
        state.at += 3000
        return { health: [], runs: [], held: [], coveredUntil: null }
      },
    })
    for (; state.at < 120_000; state.at += 1000) await feed.tick()
    assert.equal(looks, 2)
  })

  it('tells that the database cannot be read, with the last picture, and goes on', async () => {
    let broken = false
    const { feed } = scene({
      live: async () => {
        if (broken) throw new Error('connection refused')
        return liveOf()
      },
    })
    await feed.tick()
    broken = true
    await feed.tick()
    const last = async (): Promise<Now> => (await told(feed.watch(), 3))[2]![1] as Now
    assert.equal((await last()).trouble, 'connection refused')
    assert.equal((await last()).live!.runId, 'run')
    broken = false
    await feed.tick()
    assert.equal((await last()).trouble, null)
  })

  it('drops pictures for a watcher that does not read, and keeps little for it', async () => {
    const { state, feed } = scene()
    state.live = liveOf({ reason: 'x'.repeat(10_000) })
    const stream = feed.watch()
    for (let i = 0; i < 500; i++) await feed.tick()
    feed.close()
    const text = await new Response(stream).text()
    assert.ok(text.length < 300_000, `${text.length} bytes waited`)
    assert.match(text, /event: closed/)
  })

  it('tells the slower picture later to a watcher that had no room for it', async () => {
    let runs: { runId: string }[] = []
    const { state, feed } = scene({
      lately: async () => ({ health: [], runs: runs as never, held: [], coveredUntil: null }),
    })
    state.live = liveOf({ reason: 'x'.repeat(100_000) })
    const reader = feed.watch().getReader()
    for (let i = 0; i < 5; i++) await feed.tick()
    runs = [{ runId: 'the later one' }]
    state.at = 10_000
    await feed.tick()
    let text = ''
    const decoder = new TextDecoder()
    const take = async (): Promise<boolean> => {
      const { value, done } = await reader.read()
      text += decoder.decode(value)
      return !done
    }
    for (let i = 0; i < 4; i++) await take()
    await feed.tick()
    feed.close()
    while (await take());
    assert.match(text, /the later one/)
  })

  it('looks each second while somebody watches or a run is on, else seldom', async () => {
    const { state, feed } = scene()
    assert.equal(feed.everyMs(), 10_000)
    await feed.tick()
    assert.equal(feed.everyMs(), 1000)
    state.live = liveOf({ status: 'complete' })
    await feed.tick()
    assert.equal(feed.everyMs(), 10_000)
    feed.watch()
    assert.equal(feed.everyMs(), 1000)
  })
})
