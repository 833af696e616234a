/**
 * What failures do to the pace. A few are retried, with full jitter and within a budget, so that an outage does not become
 * a storm; many in a row mean that the source is down: then it is asked now and then by one request.
 * Sources: Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) for the jitter; his "Fixing
 * retries with token buckets and circuit breakers" (2022) for the budget: a tenth of a token for a success, one a retry.
 */
import { fullJitter } from './backoff.ts'

export type Circuit = {
  /** Failures in a row. */
  failures: number
  /** Whether each of the last answers was a failure, oldest first; refusals are neither. */
  recent: readonly boolean[]
  /** The source counts as down since then, ms; null: it does not. */
  downSince: number | null
  /** How often it was asked since, in vain. */
  probes: number
  /** Until when nothing leaves for the last of these failures, ms. */
  pausedUntil: number
  /** Retries that may still be made at once. */
  retries: number
}

const DOWN_AFTER = 5
const REMEMBERED = 20
const DOWN_SHARE = 0.5
const PROBE_BASE_MS = 1000
const PROBE_CAP_MS = 60_000
const RETRIES = 20
const MOST_RETRIES = 50
const EARNED = 0.1
/** Without a budget a retry waits as long as one so many attempts later. */
const PENALTY = 2

export const startCircuit: Circuit = {
  failures: 0,
  recent: [],
  downSince: null,
  probes: 0,
  pausedUntil: 0,
  retries: RETRIES,
}

export const succeeded = (circuit: Circuit): Circuit => ({
  failures: 0,
  recent: circuit.downSince === null ? [...circuit.recent.slice(1 - REMEMBERED), false] : [],
  downSince: null,
  probes: 0,
  pausedUntil: circuit.pausedUntil,
  retries: Math.min(MOST_RETRIES, circuit.retries + EARNED),
})

/** After a failure at `now` of what left at `sentAt`; `pauseMs`: nothing should leave for so long. `random` in [0, 1). */
export const failed = (
  circuit: Circuit,
  sentAt: number,
  now: number,
  random: number,
): { circuit: Circuit; pauseMs: number } => {
  const failures = circuit.failures + 1
  const recent = [...circuit.recent.slice(1 - REMEMBERED), true]
  const mostly = recent.length === REMEMBERED && recent.filter(Boolean).length > DOWN_SHARE * REMEMBERED
  if (circuit.downSince === null && failures < DOWN_AFTER && !mostly)
    return { circuit: { ...circuit, failures, recent }, pauseMs: 0 }
  // What was under way when it went down is part of the same news.
  if (circuit.downSince !== null && sentAt < circuit.downSince)
    return { circuit: { ...circuit, failures, recent }, pauseMs: 0 }
  const probes = circuit.probes + 1
  const downSince = circuit.downSince ?? now
  const pauseMs = fullJitter(probes, random, PROBE_BASE_MS, PROBE_CAP_MS)
  return { circuit: { ...circuit, failures, recent, downSince, probes, pausedUntil: now + pauseMs }, pauseMs }
}

const RETRY_BASE_MS = 250
const RETRY_CAP_MS = 15_000

/** How long a page that failed at this attempt (from 1) waits before it is asked for again, ms. Spends the budget. */
export const retryIn = (circuit: Circuit, attempt: number, random: number): { circuit: Circuit; waitMs: number } => {
  const affordable = circuit.retries >= 1
  return {
    circuit: { ...circuit, retries: Math.max(0, circuit.retries - 1) },
    waitMs: fullJitter(attempt + (affordable ? 0 : PENALTY), random, RETRY_BASE_MS, RETRY_CAP_MS),
  }
}
