/** How a source may limit its callers. */
export type Limit =
  | { kind: 'token-bucket' /** Tokens per second. */; rate: number; burst: number }
  | { kind: 'fixed-window'; quota: number; windowMs: number; phaseMs?: number }
  | { kind: 'sliding-window'; quota: number; windowMs: number }
  | { kind: 'concurrency'; cap: number }

/** What a limiter remembers; start with `{ kind: 'fresh' }`. */
export type LimitState =
  | { kind: 'fresh' }
  | { kind: 'bucket'; tokens: number; at: number }
  | { kind: 'window'; start: number; used: number }
  | { kind: 'log'; at: readonly number[] }
  | { kind: 'gauge'; inFlight: number }

/** A limiter's answer to one request. */
export type Admission = {
  state: LimitState
  ok: boolean
  /** Requests allowed at once, or per window. */
  quota: number
  windowMs: number
  remaining: number
  /** Time until another request can be admitted. */
  resetMs: number
}

/** Decides within a window that began at `start` and has let in `used` so far. */
export const countedIn = (
  { quota, windowMs }: { quota: number; windowMs: number },
  start: number,
  used: number,
  now: number,
): Admission => {
  const ok = used < quota
  const next = ok ? used + 1 : used
  return {
    state: { kind: 'window', start, used: next },
    ok,
    quota,
    windowMs,
    remaining: quota - next,
    resetMs: start + windowMs - now,
  }
}

/** Decides on a request that arrives at `now` (ms on any clock that does not run backwards). Pure. */
export function admit(limit: Limit, state: LimitState, now: number): Admission {
  switch (limit.kind) {
    case 'token-bucket': {
      const last = state.kind === 'bucket' ? state : { tokens: limit.burst, at: now }
      const tokens = Math.min(limit.burst, last.tokens + ((now - last.at) / 1000) * limit.rate)
      // A thousandth of a token forgives rounding of a caller that waits exactly as told.
      const ok = tokens >= 0.999
      const left = ok ? Math.max(0, tokens - 1) : tokens
      const resetMs = left >= 1 ? 0 : ((1 - left) / limit.rate) * 1000
      // What is announced is what a whole number of seconds grants in the long run.
      const windowMs = Math.max(1, Math.ceil(limit.burst / limit.rate)) * 1000
      return {
        state: { kind: 'bucket', tokens: left, at: now },
        ok,
        quota: Math.max(1, Math.round((limit.rate * windowMs) / 1000)),
        windowMs,
        remaining: Math.floor(left),
        resetMs,
      }
    }
    case 'fixed-window': {
      const { windowMs } = limit
      const phase = limit.phaseMs ?? 0
      const start = Math.floor((now - phase) / windowMs) * windowMs + phase
      return countedIn(limit, start, state.kind === 'window' && state.start === start ? state.used : 0, now)
    }
    case 'sliding-window': {
      const { quota, windowMs } = limit
      const recent = state.kind === 'log' ? state.at.filter((at) => at > now - windowMs) : []
      const ok = recent.length < quota
      const at = ok ? [...recent, now] : recent
      const oldest = at[0] ?? now
      return {
        state: { kind: 'log', at },
        ok,
        quota,
        windowMs,
        remaining: quota - at.length,
        resetMs: oldest + windowMs - now,
      }
    }
    case 'concurrency': {
      const inFlight = state.kind === 'gauge' ? state.inFlight : 0
      const ok = inFlight < limit.cap
      const next = ok ? inFlight + 1 : inFlight
      return {
        state: { kind: 'gauge', inFlight: next },
        ok,
        quota: limit.cap,
        windowMs: 1000,
        remaining: limit.cap - next,
        resetMs: 1000,
      }
    }
  }
}

/** Gives back the place of an admitted request that has ended; only a concurrency limit has such places. */
export function release(state: LimitState): LimitState {
  return state.kind === 'gauge' ? { kind: 'gauge', inFlight: Math.max(0, state.inFlight - 1) } : state
}
