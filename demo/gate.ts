import { limitHeaders } from './limit-headers.ts'
import { admit, type LimitState, release } from './limits.ts'
import type { DemoSettings } from './settings.ts'

/** Whether a request may pass: its refusal, or null, and the headers that tell of limits. */
export type Verdict = {
  refusal: { status: number; message: string } | null
  headers: Record<string, string>
  admitted: boolean
}

/** Key, quota and rate limit of a server, in the order in which a real one checks them. */
export type Gate = { check(key: string | undefined, monotonicMs: number, nowMs: number): Verdict; leave(): void }

/** A gate that has seen no request. */
export function createGate(settings: DemoSettings): Gate {
  let seen = 0
  let state: LimitState = { kind: 'fresh' }
  return {
    check(key, monotonicMs, nowMs) {
      seen++
      const refuse = (status: number, message: string, headers = {}): Verdict => ({
        refusal: { status, message },
        headers,
        admitted: false,
      })
      if (settings.apiKey !== undefined && key !== settings.apiKey) return refuse(401, 'Unauthenticated.')
      if (seen > (settings.faults.unauthorizedAfter ?? Number.POSITIVE_INFINITY)) return refuse(401, 'Unauthenticated.')
      if (seen > (settings.faults.forbiddenAfter ?? Number.POSITIVE_INFINITY)) return refuse(403, 'Forbidden.')
      if (seen > (settings.quota ?? Number.POSITIVE_INFINITY))
        return refuse(429, 'You have exceeded your monthly quota of requests.')
      if (settings.limit === undefined) return { refusal: null, headers: {}, admitted: false }
      const admission = admit(settings.limit, state, monotonicMs)
      state = admission.state
      const headers = limitHeaders(settings.limitHeaders, admission, nowMs)
      return admission.ok ? { refusal: null, headers, admitted: true } : refuse(429, 'Too Many Attempts.', headers)
    },
    leave() {
      state = release(state)
    },
  }
}
