/**
 * What a limiter allows, as data, and from it the least time that any client needs. Pure. All figures are of a limiter
 * that has seen nobody for `freshAfterMs`, with windows that open at the first request, as all limiters here have them.
 */

type FixedWindow = { kind: 'fixed-window'; quota: number; windowMs: number }

export type Allowance =
  /** `burst` at once, then `rate` per second. */
  | { kind: 'token-bucket'; rate: number; burst: number }
  | FixedWindow
  | { kind: 'sliding-window'; quota: number; windowMs: number }
  /** HAProxy's rate: this period's count, and of the last period's the share that still lies within a period of now. */
  | { kind: 'sliding-counter'; quota: number; windowMs: number }
  /** Passes on `rate` per second and lets up to `burst` wait for it. */
  | { kind: 'leaky-queue'; rate: number; burst: number }
  /** So many at the same time. */
  | { kind: 'concurrency'; cap: number }
  /** A request passes if all of these let it pass. */
  | { kind: 'all'; of: readonly FixedWindow[] }
  /** A request passes if one of these lets it pass. */
  | { kind: 'any'; of: readonly Allowance[] }

/** Each passes as soon as all windows have room; one that has ended opens again with the next request. */
const passedAll = (windows: readonly FixedWindow[], ms: number): number => {
  const open = windows.map(() => ({ since: Number.NEGATIVE_INFINITY, used: 0 }))
  let passed = 0
  for (let at = 0; at <= ms; ) {
    const full = windows.filter(({ quota, windowMs }, i) => {
      if (at >= open[i]!.since + windowMs) open[i] = { since: at, used: 0 }
      return open[i]!.used >= quota
    })
    if (full.length === 0) {
      for (const each of open) each.used++
      passed++
    } else at = Math.max(...full.map((each) => open[windows.indexOf(each)]!.since + each.windowMs))
  }
  return passed
}

/** The most requests let through within `ms`; for a limit on concurrency, the most that are answered by then. */
export const admittedWithin = (limit: Allowance, ms: number, latencyMs: number): number => {
  switch (limit.kind) {
    case 'token-bucket':
      return Math.floor(limit.burst + (limit.rate * ms) / 1000)
    case 'fixed-window':
    case 'sliding-window':
      return limit.quota * (Math.floor(ms / limit.windowMs) + 1)
    case 'sliding-counter':
      // After a full first period the next one's places come back one by one, the first of them at once.
      return ms < limit.windowMs ? limit.quota : 1 + Math.floor((limit.quota * ms) / limit.windowMs)
    case 'leaky-queue':
      return 1 + Math.floor((limit.rate * ms) / 1000)
    case 'concurrency':
      return latencyMs > 0 ? limit.cap * Math.floor(ms / latencyMs) : Number.POSITIVE_INFINITY
    case 'all':
      return passedAll(limit.of, ms)
    case 'any':
      return limit.of.reduce((sum, each) => sum + admittedWithin(each, ms, latencyMs), 0)
  }
}

/** The least time (whole ms) in which so many requests are let through, each of which takes `latencyMs`. */
export const lowerBoundMs = (limit: Allowance, requests: number, latencyMs: number): number => {
  const isEnough = (ms: number): boolean => admittedWithin(limit, ms, latencyMs) >= requests
  if (isEnough(0)) return 0
  let enough = 1
  while (!isEnough(enough)) enough *= 2
  let tooFew = enough >> 1
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1
    if (isEnough(middle)) enough = middle
    else tooFew = middle
  }
  return enough
}

/** How long (ms) nothing may be asked until the limiter is as if nothing had been asked before. */
export const freshAfterMs = (limit: Allowance): number => {
  switch (limit.kind) {
    case 'token-bucket':
    case 'leaky-queue':
      return (limit.burst / limit.rate) * 1000
    case 'fixed-window':
    case 'sliding-window':
      return limit.windowMs
    case 'sliding-counter':
      return 2 * limit.windowMs
    case 'concurrency':
      return 0
    case 'all':
    case 'any':
      return Math.max(...limit.of.map(freshAfterMs))
  }
}
