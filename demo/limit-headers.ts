import type { Admission } from './limits.ts'

/** How the source tells of its limits: not at all, on 429 only, or on every answer. */
export const limitHeaderKinds = ['none', 'retry-after', 'retry-after-date', 'ratelimit', 'x-ratelimit'] as const
/** One of them. */
export type LimitHeaders = (typeof limitHeaderKinds)[number]

/** The headers of an answer. `nowMs` is the server's clock, for the kinds that give an instant. */
export function limitHeaders(kind: LimitHeaders, admission: Admission, nowMs: number): Record<string, string> {
  const seconds = Math.max(1, Math.ceil(admission.resetMs / 1000))
  switch (kind) {
    case 'none':
      return {}
    case 'retry-after':
      return admission.ok ? {} : { 'retry-after': String(seconds) }
    case 'retry-after-date':
      // A date has whole seconds: rounded up, so that who obeys it is not early.
      return admission.ok
        ? {}
        : { 'retry-after': new Date(Math.ceil((nowMs + admission.resetMs) / 1000) * 1000).toUTCString() }
    case 'ratelimit':
      // draft-ietf-httpapi-ratelimit-headers: q = quota, w = window, r = remaining, t = seconds until more.
      return {
        'ratelimit-policy': `"default";q=${admission.quota};w=${Math.max(1, Math.round(admission.windowMs / 1000))}`,
        ratelimit: `"default";r=${admission.remaining};t=${seconds}`,
      }
    case 'x-ratelimit':
      return {
        'x-ratelimit-limit': String(admission.quota),
        'x-ratelimit-remaining': String(admission.remaining),
        'x-ratelimit-reset': String(Math.ceil((nowMs + admission.resetMs) / 1000)),
      }
  }
}
