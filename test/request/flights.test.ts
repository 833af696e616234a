import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, type Api, SUPERSEDED } from '../../src/request/api.ts'
import { type Flights, type Landing, openFlights } from '../../src/request/flights.ts'
import type { Ask } from '../../src/run/run.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { SourcePage } from '../../src/source/source.ts'
import { realWorld } from '../../src/world.ts'

type Outcome = Answer<SourcePage>['outcome']
type Request = {
  page: string
  again: boolean
  headers: Record<string, string>
  signal: AbortSignal
  answer(outcome: Outcome): void
}

const ask = (page: number, attempt = 1): Ask => ({ segment: 0, pageSize: 2, page, attempt })
const data = (records = 2): Outcome => ({
  kind: 'data',
  data: { records: Array(records), pageSize: 2, hasNext: true } as unknown as SourcePage,
})
const retry = (why: string): Outcome => ({ kind: 'retry', why })

/** Flights over an API that answers when the test says so, by a clock that the test turns. */
const setUp = () => {
  const requests: Request[] = []
  const clock = { now: 1000 }
  const stop = new AbortController()
  let held = 0
  const send = (
    request: { url: string; headers: Record<string, string> },
    _: unknown,
    again: boolean,
    signal: AbortSignal,
  ) => {
    const { promise, resolve } = Promise.withResolvers<Answer<SourcePage>>()
    const sentAt = clock.now
    const answer = (outcome: Outcome): void =>
      resolve({ outcome, fault: null, sentAt, at: clock.now, bytes: outcome.kind === 'data' ? 100 : 0 })
    signal.addEventListener('abort', () => answer({ kind: 'aborted' }))
    const page = new URL(request.url).searchParams.get('page')!
    requests.push({ page, again, headers: request.headers, signal, answer })
    return promise
  }
  const flights = openFlights({
    world: { ...realWorld, now: () => clock.now },
    api: { send } as unknown as Api,
    source: auctionsApi,
    access: { baseUrl: 'http://api.example', apiKey: 'canary-key' },
    filterOf: () => ({}),
    pageBytes: () => 500,
    hold: (bytes) => {
      held += bytes
    },
    stop: stop.signal,
  })
  return { flights, requests, clock, stop, held: () => held }
}

/** Lets whatever can happen without an answer happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Pages 101 and on, each of which takes 100 ms. */
const warmUp = async ({ flights, requests, clock }: ReturnType<typeof setUp>, pages = 5): Promise<void> => {
  for (let i = 0; i < pages; i++) {
    const landing = flights.send(ask(101 + i), false)
    clock.now += 100
    requests.at(-1)!.answer(data())
    await landing
  }
}

/** The clock goes on until a page may be asked for once more. */
const becomeOverdue = (flights: Flights, clock: { now: number }): void => {
  for (let left = flights.overdueInMs(); left > 0; left = flights.overdueInMs()) {
    assert.ok(Number.isFinite(left), 'none will ever be overdue')
    clock.now += left
  }
}

/** Page 1, out twice. */
const outTwice = async () => {
  const all = setUp()
  await warmUp(all)
  const landing = all.flights.send(ask(1), false)
  const before = all.requests.length - 1
  becomeOverdue(all.flights, all.clock)
  all.flights.sendAgain()
  const [first, second] = all.requests.slice(before)
  return { ...all, landing, first: first!, second: second! }
}

const kindOf = async (landing: Promise<Landing>): Promise<string> => (await landing).outcome.kind

describe('a page in flight', () => {
  it('holds the bytes it is expected to weigh until it is down', async () => {
    const { flights, requests, held } = setUp()
    const landing = flights.send(ask(1), false)
    assert.equal(held(), 500)
    requests[0]!.answer(data())
    assert.equal((await landing).bytes, 100)
    assert.equal(held(), 0)
  })

  it('passes on every kind of outcome, and whether it was asked for before', async () => {
    const outcomes: Outcome[] = [
      data(),
      retry('503'),
      { kind: 'slow-down', why: '429' },
      { kind: 'smaller-page', why: '422' },
      { kind: 'stop', reason: 'auth', why: '401' },
    ]
    const { flights, requests } = setUp()
    for (const [i, outcome] of outcomes.entries()) {
      const landing = flights.send(ask(i + 1), i === 2)
      requests.at(-1)!.answer(outcome)
      assert.deepEqual((await landing).outcome, outcome)
    }
    assert.deepEqual(
      requests.map(({ again }) => again),
      [false, false, true, false, false],
    )
  })

  it('is taken back when all is stopped', async () => {
    const { landing, stop, held } = await outTwice()
    stop.abort()
    assert.equal(await kindOf(landing), 'aborted')
    assert.equal(held(), 0)
  })

  it('fails with what the reading of it throws', async () => {
    const { flights } = setUp()
    const broken = openFlights({
      ...({} as Parameters<typeof openFlights>[0]),
      world: realWorld,
      api: { send: () => Promise.reject(new Error('a bug')) } as unknown as Api,
      source: auctionsApi,
      access: { baseUrl: 'http://api.example', apiKey: null },
      filterOf: () => ({}),
      pageBytes: () => 1,
      hold: () => {},
      stop: new AbortController().signal,
    })
    await assert.rejects(broken.send(ask(1), false), /a bug/)
    assert.equal(flights.overdueInMs(), Number.POSITIVE_INFINITY)
  })
})

describe('overdueInMs', () => {
  it('is never before five pages have come, nor while none is out', async () => {
    const all = setUp()
    const first = all.flights.send(ask(1), false)
    assert.equal(all.flights.overdueInMs(), Number.POSITIVE_INFINITY)
    all.requests[0]!.answer(data())
    await first
    await warmUp(all)
    assert.equal(all.flights.overdueInMs(), Number.POSITIVE_INFINITY)
  })

  it('counts from when the oldest page left, and waits a moment more, as the answer may have come while we were busy', async () => {
    const all = setUp()
    await warmUp(all)
    void all.flights.send(ask(1), false)
    all.clock.now += 300
    void all.flights.send(ask(2), false)
    assert.equal(all.flights.overdueInMs(), 100)
    all.clock.now += 5000
    assert.equal(all.flights.overdueInMs(), 50)
    all.clock.now += 50
    assert.equal(all.flights.overdueInMs(), 0)
  })

  it('passes over pages that were asked for twice, and ends after two in a hundred', async () => {
    const all = setUp()
    await warmUp(all)
    for (const page of [1, 2, 3]) void all.flights.send(ask(page), false)
    for (let i = 0; i < 2; i++) {
      becomeOverdue(all.flights, all.clock)
      all.flights.sendAgain()
    }
    assert.deepEqual(
      all.requests.slice(-2).map(({ page, again }) => [page, again]),
      [
        ['1', true],
        ['2', true],
      ],
    )
    assert.equal(all.flights.overdueInMs(), Number.POSITIVE_INFINITY)
  })

  it('does not ask for a page a third time when both requests have failed', async () => {
    const all = await outTwice()
    all.first.answer(retry('one'))
    all.second.answer(retry('two'))
    await all.landing
    void all.flights.send(ask(1, 2), true)
    assert.equal(all.flights.overdueInMs(), Number.POSITIVE_INFINITY)
  })
})

describe('a page that was asked for twice', () => {
  it('holds twice the bytes, and is down with the first data, which ends the other request', async () => {
    for (const winner of ['first', 'second'] as const) {
      const all = await outTwice()
      assert.equal(all.held(), 1000)
      all[winner].answer(data())
      assert.equal(await kindOf(all.landing), 'data')
      const loser = winner === 'first' ? all.second : all.first
      assert.equal(loser.signal.reason, SUPERSEDED)
      await settle()
      assert.equal(all.held(), 0)
    }
  })

  it('has not failed while one of both lives', async () => {
    for (const outcome of [retry('503'), { kind: 'slow-down', why: '429' } as const]) {
      const { landing, first, second } = await outTwice()
      first.answer(outcome)
      await settle()
      second.answer(data())
      assert.equal(await kindOf(landing), 'data')
    }
  })

  it('has failed when both have, once; a refusal does not hide a failure', async () => {
    const refused: Outcome = { kind: 'slow-down', why: '429' }
    const cases: [Outcome, Outcome, string][] = [
      [retry('one'), retry('two'), 'retry'],
      [retry('one'), refused, 'retry'],
      [refused, retry('two'), 'retry'],
      [refused, refused, 'slow-down'],
    ]
    for (const [one, two, kind] of cases) {
      const { landing, first, second } = await outTwice()
      second.answer(two)
      await settle()
      first.answer(one)
      assert.equal(await kindOf(landing), kind)
    }
  })

  it('is decided at once by an answer that the other cannot better', async () => {
    for (const outcome of [
      { kind: 'stop', reason: 'quota', why: 'used up' },
      { kind: 'smaller-page', why: '413' },
    ] as const) {
      const { landing, first, second } = await outTwice()
      second.answer(outcome)
      assert.equal(await kindOf(landing), outcome.kind)
      assert.ok(first.signal.aborted)
    }
  })
})

describe('how pages are sent', () => {
  it('plain and as usual in turn, with the key on both', async () => {
    const all = setUp()
    for (let page = 1; page <= 8; page++) void all.flights.send(ask(page), false)
    assert.deepEqual(
      all.requests.map(({ headers }) => headers['accept-encoding'] ?? 'usual'),
      ['usual', 'identity', 'usual', 'identity', 'usual', 'identity', 'usual', 'usual'],
    )
    assert.ok(all.requests.every(({ headers }) => headers['x-api-key'] === 'canary-key'))
  })

  it('short pages tell nothing', async () => {
    const all = setUp()
    for (let page = 1; page <= 6; page++) {
      const landing = all.flights.send(ask(page), false)
      all.requests.at(-1)!.answer(data(1))
      await landing
    }
    assert.ok(all.requests.every(({ headers }) => headers['accept-encoding'] === undefined))
    await warmUp(all, 1)
    void all.flights.send(ask(7), false)
    assert.equal(all.requests.at(-1)!.headers['accept-encoding'], undefined, 'the fake does not compress')
  })
})
