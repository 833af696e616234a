/**
 * The conversation with a source: every request goes through here, under one pace, counted once, with the key taken out
 * of whatever is said about it.
 */
import type { RequestCounts, SyncEvent } from '../events.ts'
import { type Fault, fetchPage } from '../fetch-page.ts'
import { quotaRenewedAt, quotaSpentUntil, type Renewal } from '../pace/announced.ts'
import { retryIn } from '../pace/circuit.ts'
import { readLimits, retryAfterMs } from '../pace/header/limit-headers.ts'
import { adjust, isDown, mayBeRefusal, type Pace, waitBefore } from '../pace/pace.ts'
import { durationsOf, withDuration } from '../run/durations.ts'
import { minuteOf } from '../run/minute.ts'
import type { Outcome, Reply, SourceRequest } from '../source/source.ts'
import type { World } from '../world.ts'
import { AWAKE } from './nap.ts'
import { redactOf } from './redact.ts'
import { openSilence } from './silence.ts'

/** What a request came to. `fault`: why no whole answer came, null where one did. */
export type Answer<T> = {
  outcome: Outcome<T> | { kind: 'aborted' }
  fault: Fault['reason'] | null
  sentAt: number
  at: number
  bytes: number
}

/** Why a request is taken back whose page another request brought: the source had it to answer, so it stays counted. */
export const SUPERSEDED = 'superseded'

/** What keeps a question waiting, told as it is of pages. */
export type Hitch = Extract<SyncEvent, { kind: 'slowed' | 'page-failed' }>

export type ApiSettings = {
  world: World
  pace: Pace
  apiKey: string | null
  timeoutMs: number
  maxBytes: number
  /** How long a source that answers nothing useful is waited for. */
  giveUpMs: number
  /** Requests made for this run by earlier processes. */
  before: RequestCounts
  /** Is told what keeps `ask` waiting, each time. Of what `send` came to its caller tells. */
  onHitch?(hitch: Hitch): void
}

export type Api = {
  /** Sends now and answers; the caller has waited for `waitMs()` to be 0. */
  send<T>(
    request: SourceRequest,
    read: (reply: Reply) => Outcome<T>,
    again: boolean,
    signal?: AbortSignal,
  ): Promise<Answer<T>>
  /**
   * Sends when the pace allows, and again until it is answered or the source is dead; for the few requests that are not
   * pages. After `tries` failures, or `refusals`, it is given up.
   */
  ask<T>(
    request: SourceRequest,
    read: (reply: Reply) => Outcome<T>,
    signal?: AbortSignal,
    tries?: number,
    refusals?: number,
  ): Promise<Answer<T>['outcome']>
  /** Milliseconds until the next request may leave; Infinity: not before one in flight has come back. */
  waitMs(): number
  /** How long what failed at this attempt (from 1) waits before it is asked for again, ms. */
  retryInMs(attempt: number): number
  /** Tells how many requests the job takes. */
  expect(pages: number): void
  /** A daily or monthly quota is used up: what is said of it, with the time of its renewal; null: none is. */
  spent(): string | null
  /** So much failed that the source counts as down; it is asked now and then by one request. */
  isDown(): boolean
  /** The source has answered nothing useful for longer than it is waited for. */
  isDead(): boolean
  /** What is said of a source that is dead: since when, of what, and what to do. */
  obituary(): string
  /** What is said of a source whose last answers were no proper ones: since when, and the last; null: the last one was. */
  trouble(): string | null
  /** Add to this process's clock to get the source's, ms; 0 until it has told the time. */
  sourceOffsetMs(): number
  pace(): Pace
  inFlight(): number
  requests(): RequestCounts
}

export const openApi = (settings: ApiSettings): Api => {
  const { world } = settings
  const { silence: before, ...requests } = settings.before
  const silence = openSilence(world, settings.giveUpMs, before, settings.pace.gateUntil)
  let answerTimes = durationsOf(settings.before.answerTimes)
  let pace = settings.pace
  let sourceOffsetMs: number | null = null
  /** Ends the sleep of those who wait for a request in flight to come back. */
  let landing: AbortController | null = null

  const redact = redactOf(settings.apiKey)

  /** The answer with the key struck out, before anything is made of it: limits have names, which are kept. */
  const struck = (answer: Reply | Fault): Reply | Fault => {
    if (answer.kind === 'fault') return answer
    redact.bytes(answer.body)
    return { ...answer, headers: redact.headers(answer.headers) }
  }

  /** What an answer means, without the key in what is said of it. */
  const meaningOf = <T>(answer: Reply | Fault, read: (reply: Reply) => Outcome<T>): Outcome<T> => {
    const outcome = answer.kind === 'reply' ? read(answer) : faultOutcome(answer)
    return outcome.kind === 'data' ? outcome : { ...outcome, why: redact.text(outcome.why) }
  }

  /** Tells the pace what an answer meant, and answers what it means now that limits are considered. */
  const learn = <T>(id: number, answer: Reply | Fault, outcome: Outcome<T>): Outcome<T> => {
    const at = world.now()
    const limits = answer.kind === 'reply' ? readLimits(answer.headers, at) : []
    if (answer.kind === 'reply' && answer.status === 429) requests.limited++
    else if (outcome.kind === 'data') requests.ok++
    else requests.failed++
    if (outcome.kind === 'data') {
      silence.served(at)
      pace = adjust(pace, { kind: 'accepted', id, at, limits })
      return outcome
    }
    silence.failed(outcome.why)
    const asked = answer.kind === 'reply' ? retryAfterMs(answer.headers, at) : null
    // A limiter may say 503 as an outage does; as long as others are answered, it is a refusal.
    const overloaded =
      outcome.kind === 'retry' && answer.kind === 'reply' && answer.status === 503 && mayBeRefusal(pace)
    if (outcome.kind === 'slow-down' || overloaded) {
      const renewed = quotaRenewedAt(limits, asked, at)
      if (renewed !== null) {
        pace = adjust(pace, { kind: 'dropped', id })
        return { kind: 'stop', reason: 'quota', why: `${outcome.why}. ${renewal(renewed)}` }
      }
      // A refusal is an answer: the source lives.
      silence.refused(at + (asked ?? 0))
      pace = adjust(pace, { kind: 'refused', id, at, retryAfterMs: asked, limits })
      return { kind: 'slow-down', why: outcome.why }
    }
    pace =
      outcome.kind === 'retry'
        ? adjust(pace, {
            kind: 'failed',
            id,
            at,
            letIn: answer.kind === 'reply' && answer.status !== 503,
            random: world.random(),
          })
        : adjust(pace, { kind: 'dropped', id })
    return outcome
  }

  const send: Api['send'] = async (request, read, again, signal) => {
    const id = pace.nextId
    requests.total++
    if (again) requests.retried++
    pace = adjust(pace, { kind: 'sent', at: world.now() })
    const answer = struck(
      await fetchPage(request, world, {
        timeoutMs: settings.timeoutMs,
        maxBytes: settings.maxBytes,
        ...(signal ? { signal } : {}),
      }),
    )
    // They look again when this turn of the event loop is over, and the pace knows what has come back.
    landing?.abort(AWAKE)
    landing = null
    const span = { sentAt: answer.sentAt, at: answer.kind === 'reply' ? answer.receivedAt : answer.at }
    if (answer.kind === 'fault' && answer.reason === 'aborted') {
      pace = adjust(pace, { kind: 'dropped', id })
      // Taken back by ourselves: nobody's failure, and as if never sent.
      if (signal?.reason !== SUPERSEDED) {
        requests.total--
        if (again) requests.retried--
      }
      return { outcome: { kind: 'aborted' }, fault: 'aborted', ...span, bytes: 0 }
    }
    if (answer.kind === 'reply') {
      sourceOffsetMs ??= offsetOf(answer)
      answerTimes = withDuration(answerTimes, span.at - span.sentAt)
    }
    const outcome = learn(id, answer, meaningOf(answer, read))
    return answer.kind === 'reply'
      ? { outcome, fault: null, ...span, bytes: answer.body.byteLength }
      : { outcome, fault: answer.reason, ...span, bytes: 0 }
  }

  const ask: Api['ask'] = async (request, read, signal, tries = Infinity, refusals = Infinity) => {
    let failures = 0
    let refused = 0
    const begunAt = world.now()
    for (let sent = 0; ; sent++) {
      for (let wait = waitMs(); wait > 0 && !signal?.aborted && spent() === null; wait = waitMs()) {
        // It is asked now and then by one of many: the others need not ask once more to know.
        if (silence.failedSince(begunAt) && silence.isDead()) return { kind: 'retry', why: silence.givenUp() }
        landing ??= new AbortController()
        await world.sleep(Math.min(wait, 1000), AbortSignal.any(signal ? [landing.signal, signal] : [landing.signal]))
      }
      if (signal?.aborted) return { kind: 'aborted' }
      const why = spent()
      if (why !== null) return { kind: 'stop', reason: 'quota', why }
      const { outcome } = await send(request, read, sent > 0, signal)
      if (outcome.kind !== 'slow-down' && outcome.kind !== 'retry') return outcome
      if (silence.isDead()) return { ...outcome, why: silence.givenUp() }
      if (outcome.kind === 'retry' ? ++failures >= tries : ++refused >= refusals) return outcome
      const pauseMs = outcome.kind === 'retry' ? retryInMs(failures) : 0
      settings.onHitch?.(hitchOf(request.label, outcome, failures, pauseMs))
      if (pauseMs > 0) await world.sleep(pauseMs, signal)
    }
  }

  const hitchOf = (
    label: string,
    { kind, why }: { kind: 'slow-down' | 'retry'; why: string },
    attempt: number,
    pauseMs: number,
  ): Hitch => {
    const waitMs = Math.round(Math.max(pauseMs, Math.min(pace.gateUntil - world.now(), 1e9)))
    if (kind === 'slow-down') return { kind: 'slowed', why, waitMs }
    if (isDown(pace)) return { kind: 'slowed', why: `the source seems to be down: ${why}`, waitMs }
    return { kind: 'page-failed', label, why, attempt, retryInMs: waitMs }
  }

  const waitMs = (): number => waitBefore(pace, world.now())
  const spent = (): string | null => {
    const { announced, traffic, flight } = pace
    const until = quotaSpentUntil(announced, traffic, flight, world.now())
    return until === null ? null : `The source says that the quota is used up. ${renewal(until)}`
  }
  const retryInMs: Api['retryInMs'] = (attempt) => {
    const { circuit, waitMs: wait } = retryIn(pace.circuit, attempt, world.random())
    pace = { ...pace, circuit }
    return wait
  }

  return {
    send,
    ask,
    waitMs,
    retryInMs,
    spent,
    expect: (pages) => {
      pace = adjust(pace, { kind: 'planned', pages })
    },
    isDown: () => isDown(pace),
    isDead: silence.isDead,
    obituary: silence.obituary,
    trouble: () => (pace.circuit.failures > 0 ? silence.trouble() : null),
    sourceOffsetMs: () => sourceOffsetMs ?? 0,
    pace: () => pace,
    inFlight: () => pace.flight.length,
    requests: () => ({ ...requests, answerTimes, ...silence.kept() }),
  }
}

/** A clock that is further off than a year is no clock: instants moved by it would fit into no database. */
const FURTHEST_OFFSET_MS = 366 * 86_400_000

/** What the source's clock is ahead of ours, from an answer's `Date`; null where it has none that can be believed. */
const offsetOf = ({ headers, receivedAt }: Reply): number | null => {
  const offset = Date.parse(headers.get('date') ?? '') - receivedAt
  return Math.abs(offset) <= FURTHEST_OFFSET_MS ? offset : null
}

/** The end of 9999: later than that is never, and not every instant can be written as a date. */
const LATEST = 253_402_300_799_999

const renewal = ({ at, told }: Renewal): string => {
  const when = minuteOf(Math.min(at, LATEST))
  return told ? `The quota is renewed at ${when}` : `When it is renewed is not said: at ${when} at the latest`
}

/** A fault is worth another try, but a page that is too large is only worth a smaller one. */
const faultOutcome = (fault: Fault): Outcome<never> =>
  fault.reason === 'too-large' ? { kind: 'smaller-page', why: fault.why } : { kind: 'retry', why: fault.why }
