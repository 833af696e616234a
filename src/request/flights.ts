/**
 * Pages in flight. For the run each page is one flight, also while two requests are out for it: the first answer that
 * decides counts and ends the other, and only when both failed has the page failed.
 */

import {
  acceptEncoding,
  askedBy,
  observeTrial,
  startCompression,
  type Trial,
  type Way,
  wayFor,
} from '../pace/page/compression.ts'
import { type Latencies, mayAskTwice, overdueAfterMs, withLatency } from '../pace/page/straggler.ts'
import type { Ask } from '../run/run.ts'
import type { Access, Filter, Source, SourcePage } from '../source/source.ts'
import type { World } from '../world.ts'
import { type Answer, type Api, SUPERSEDED } from './api.ts'

/** What came of a page. */
export type Landing = Answer<SourcePage> & { ask: Ask }

export type FlightSettings = {
  world: World
  api: Api
  source: Source
  access: Access
  filterOf(ask: Ask): Filter
  /** What a page is expected to weigh, bytes. */
  pageBytes(): number
  /** Takes so many bytes of the budget, or gives them back where negative. */
  hold(bytes: number): void
  /** Takes back every request. */
  stop: AbortSignal
}

export type Flights = {
  /** Asks for a page now and answers what came of it. `again`: it was asked for before, and refused or failed. */
  send(ask: Ask, again: boolean): Promise<Landing>
  /** Milliseconds until a page has been out so long that it may be asked for a second time; Infinity: none may. */
  overdueInMs(): number
  /** Asks a second time for the page that has been out the longest. */
  sendAgain(): void
}

type Flight = {
  ask: Ask
  sentAt: number
  /** When it was first seen to be overdue, ms. */
  noticedAt: number | null
  /** Requests that are out for it. */
  requests: number
  /** What came of it so far, while another request is out. */
  failed: Landing | null
  over: AbortController
  outcome: PromiseWithResolvers<Landing>
}

/** An answer may lie in the socket while we were busy ourselves: a page must stay overdue for as long as this. */
const NOTICE_MS = 50

const keyOf = (ask: Ask): string => `${ask.segment}/${ask.pageSize}/${ask.page}`

/** What an answer says about the way it was sent. A short page does not count: in it the wait outweighs the bytes. */
const trialOf = (way: Way, { outcome, sentAt, at, bytes }: Answer<SourcePage>, encoded: boolean): Trial => {
  if (outcome.kind === 'retry') return { kind: 'failed', way }
  if (outcome.kind !== 'data' || outcome.data.records.length < outcome.data.pageSize) return { kind: 'void', way }
  return { kind: 'read', way, ms: at - sentAt, bytes, encoded }
}

export const openFlights = (settings: FlightSettings): Flights => {
  const { world, api, source, access, stop } = settings
  /** In the order in which they were first asked for. */
  const out = new Set<Flight>()
  const askedTwice = new Set<string>()
  let asked = 0
  let latencies: Latencies = []
  let compression = startCompression()

  const conclude = (flight: Flight, landing: Landing): void => {
    out.delete(flight)
    flight.outcome.resolve(landing)
    flight.over.abort(SUPERSEDED)
  }

  const land = (flight: Flight, landing: Landing): void => {
    const { kind } = landing.outcome
    if (kind === 'data') latencies = withLatency(latencies, landing.at - landing.sentAt)
    const decides = kind === 'data' || kind === 'stop' || kind === 'smaller-page'
    // Of two requests that brought nothing, the failure tells more than a refusal.
    if (flight.failed === null || kind === 'retry') flight.failed = landing
    if (decides || flight.requests === 0) conclude(flight, decides ? landing : flight.failed)
  }

  const request = async (flight: Flight, again: boolean): Promise<void> => {
    const { ask } = flight
    const page = { filter: settings.filterOf(ask), pageSize: ask.pageSize, page: ask.page, mayGuess: !again }
    const { url, headers, label } = source.pageRequest(access, page)
    const way = wayFor(compression)
    compression = askedBy(compression, way)
    const reserved = settings.pageBytes()
    settings.hold(reserved)
    flight.requests++
    let encoded = false
    try {
      const answer = await api.send(
        { url, label, headers: { ...headers, ...acceptEncoding(way) } },
        (reply) => {
          encoded = (reply.headers.get('content-encoding') ?? 'identity') !== 'identity'
          return source.readPage(reply, page)
        },
        again,
        AbortSignal.any([stop, flight.over.signal]),
      )
      flight.requests--
      compression = observeTrial(compression, trialOf(way, answer, encoded))
      if (out.has(flight)) land(flight, { ...answer, ask })
    } catch (error) {
      flight.outcome.reject(error)
    } finally {
      settings.hold(-reserved)
    }
  }

  const send: Flights['send'] = (ask, again) => {
    const flight: Flight = {
      ask,
      sentAt: world.now(),
      noticedAt: null,
      requests: 0,
      failed: null,
      over: new AbortController(),
      outcome: Promise.withResolvers<Landing>(),
    }
    asked++
    out.add(flight)
    void request(flight, again)
    return flight.outcome.promise
  }

  const oldest = (): Flight | undefined => [...out].find(({ ask }) => !askedTwice.has(keyOf(ask)))

  const overdueInMs = (): number => {
    const flight = mayAskTwice(asked, askedTwice.size) ? oldest() : undefined
    if (!flight) return Number.POSITIVE_INFINITY
    const now = world.now()
    const leftMs = flight.sentAt + overdueAfterMs(latencies) - now
    if (leftMs > 0) return leftMs
    flight.noticedAt ??= now
    return Math.max(0, flight.noticedAt + NOTICE_MS - now)
  }

  const sendAgain = (): void => {
    const flight = oldest()
    if (!flight) return
    askedTwice.add(keyOf(flight.ask))
    void request(flight, true)
  }

  return { send, overdueInMs, sendAgain }
}
