/**
 * How long to wait before something is tried again: full jitter, `random(0, min(cap, base * 2^(attempt-1)))`.
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */

/** Milliseconds. `attempt` counts from 1; `random` is uniform in [0, 1). */
export const fullJitter = (attempt: number, random: number, baseMs: number, capMs: number): number =>
  random * Math.min(capMs, baseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)))
