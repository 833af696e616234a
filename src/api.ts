/**
 * The conversation with a source: every request goes through here, under one pace, counted once, with the key taken out
 * of whatever is said about it.
 */
import type { RequestCounts } from './events.ts'
import { type Fault, fetchPage } from './fetch-page.ts'
import { fullJitter } from './pace/backoff.ts'
import { retryAfterMs } from './pace/limit-headers.ts'
import { adjust, isCircuitOpen, type Pace, waitBefore } from './pace/pace.ts'
import type { Outcome, Reply, SourceRequest } from './source/source.ts'
import type { World } from './world.ts'

/** What a request came to. `failed` is a network fault or an answer worth asking for again. */
export type Answer<T> = { outcome: Outcome<T> | { kind: 'aborted' }; sentAt: number; at: number; bytes: number }

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
}

export type Api = {
  /** Sends now and answers; the caller has waited for `waitMs()` to be 0. */
  send<T>(
    request: SourceRequest,
    read: (reply: Reply) => Outcome<T>,
    again: boolean,
    signal?: AbortSignal,
  ): Promise<Answer<T>>
  /** Sends when the pace allows, and again while that helps; for the few requests that are not pages. */
  ask<T>(
    request: SourceRequest,
    read: (reply: Reply) => Outcome<T>,
    signal?: AbortSignal,
  ): Promise<Answer<T>['outcome']>
  /** Milliseconds until the next request may leave; Infinity: not before one in flight has come back. */
  waitMs(): number
  /** So many requests failed in a row that the source counts as down; it is asked now and then by one request. */
  isDown(): boolean
  /** The source has answered nothing useful for longer than it is waited for. */
  isDead(): boolean
  pace(): Pace
  inFlight(): number
  requests(): RequestCounts
}

const ASK_ATTEMPTS = 6

export const openApi = (settings: ApiSettings): Api => {
  const { world } = settings
  const requests: RequestCounts = { ...settings.before }
  let pace = settings.pace
  let inFlight = 0
  let lastGoodAt = world.now()

  const redacted = <T>(outcome: Outcome<T>): Outcome<T> =>
    outcome.kind === 'data' || !settings.apiKey
      ? outcome
      : {
          ...outcome,
          why: outcome.why.replaceAll(settings.apiKey, '***').replaceAll(encodeURIComponent(settings.apiKey), '***'),
        }

  const learn = (answer: Reply | Fault, outcome: Outcome<unknown>): void => {
    const { sentAt } = answer
    const at = world.now()
    const refused = outcome.kind === 'slow-down'
    if (answer.kind === 'reply' && answer.status === 429) requests.limited++
    else if (outcome.kind === 'data') requests.ok++
    else requests.failed++
    if (outcome.kind === 'data') lastGoodAt = at
    if (refused) {
      const retryAfter = answer.kind === 'reply' ? retryAfterMs(answer.headers, at) : null
      // A refusal is an answer: the source lives.
      lastGoodAt = Math.max(lastGoodAt, at + (retryAfter ?? 0))
      pace = adjust(pace, { kind: 'refused', sentAt, at, retryAfterMs: retryAfter, random: world.random() })
    } else if (outcome.kind === 'data') pace = adjust(pace, { kind: 'accepted', sentAt, at })
    else if (outcome.kind === 'retry') pace = adjust(pace, { kind: 'failed', at, random: world.random() })
  }

  const send: Api['send'] = async (request, read, again, signal) => {
    inFlight++
    requests.total++
    if (again) requests.retried++
    pace = adjust(pace, { kind: 'sent', at: world.now() })
    const answer = await fetchPage(request, world, {
      timeoutMs: settings.timeoutMs,
      maxBytes: settings.maxBytes,
      ...(signal ? { signal } : {}),
    })
    inFlight--
    const span = { sentAt: answer.sentAt, at: answer.kind === 'reply' ? answer.receivedAt : answer.at }
    if (answer.kind === 'fault' && answer.reason === 'aborted') {
      // Taken back by ourselves: nobody's failure, and as if never sent.
      requests.total--
      if (again) requests.retried--
      return { outcome: { kind: 'aborted' }, ...span, bytes: 0 }
    }
    const outcome = redacted(answer.kind === 'reply' ? read(answer) : faultOutcome(answer))
    learn(answer, outcome)
    return { outcome, ...span, bytes: answer.kind === 'reply' ? answer.body.byteLength : 0 }
  }

  const ask: Api['ask'] = async (request, read, signal) => {
    let failures = 0
    for (let sent = 0; ; sent++) {
      for (let wait = waitMs(); wait > 0 && !signal?.aborted; wait = waitMs())
        await world.sleep(Math.min(wait, 1000), signal)
      if (signal?.aborted) return { kind: 'aborted' }
      const { outcome } = await send(request, read, sent > 0, signal)
      if (outcome.kind === 'retry') failures++
      const goesOn = outcome.kind === 'slow-down' || (outcome.kind === 'retry' && failures < ASK_ATTEMPTS)
      if (!goesOn || isDead()) return outcome
      if (outcome.kind === 'retry') await world.sleep(fullJitter(failures, world.random(), 500, 15_000), signal)
    }
  }

  const waitMs = (): number => waitBefore(pace, inFlight, world.now())
  const isDown = (): boolean => isCircuitOpen(pace)
  const isDead = (): boolean => world.now() - lastGoodAt > settings.giveUpMs

  return {
    send,
    ask,
    waitMs,
    isDown,
    isDead,
    pace: () => pace,
    inFlight: () => inFlight,
    requests: () => ({ ...requests }),
  }
}

/** A fault is worth another try, but a page that is too large is only worth a smaller one. */
const faultOutcome = (fault: Fault): Outcome<never> =>
  fault.reason === 'too-large' ? { kind: 'smaller-page', why: fault.why } : { kind: 'retry', why: fault.why }
