/** Tries a database operation again while the error is one that passes by itself. */
import { fullJitter } from '../../pace/backoff.ts'
import type { World } from '../../world.ts'
import { isPassing } from './retryable.ts'

/** A failover or a restart of the database takes less. */
const PATIENCE_MS = 120_000
const BASE_MS = 100
const CAP_MS = 5000
/** What has passed by then is not worth a word. */
const TELL_AFTER_MS = 3000
const TELL_AGAIN_MS = 60_000

/** Runs an operation, again while it fails with what passes by itself. */
export type Again = <T>(operation: () => Promise<T>) => Promise<T>

/** How long, ms, it is worth waiting for this error to pass. */
export type Patience = (error: unknown) => number

export type OnWait = (error: unknown, patienceMs: number) => void

/**
 * Answers a function that runs an operation until it succeeds, or until the patience with its error has passed since it
 * failed first, with full jitter in between; not once `stop` is raised, nor after another was waited for in vain, until one
 * succeeds. Throws what the operation threw last. `onWait` is told of an outage that lasts, once a minute for all operations together, with how long it is waited for.
 */
export const retrying = (
  world: Pick<World, 'now' | 'sleep' | 'random'>,
  patience: Patience = () => PATIENCE_MS,
  onWait?: OnWait,
  stop?: AbortSignal,
): Again => {
  let toldAt = Number.NEGATIVE_INFINITY
  /** An operation was waited for in vain, and none has succeeded since. */
  let hasGivenUp = false
  return async <T>(operation: () => Promise<T>): Promise<T> => {
    let failedAt: number | null = null
    for (let attempt = 1; ; attempt++)
      try {
        const answer = await operation()
        hasGivenUp = false
        return answer
      } catch (error) {
        const now = world.now()
        failedAt ??= now
        const patienceMs = patience(error)
        if (!isPassing(error)) throw error
        // Or what is left to be written at the end of a sync would wait as long as that again, each by itself.
        if (hasGivenUp || now - failedAt >= patienceMs) {
          hasGivenUp = true
          throw error
        }
        if (onWait && now - failedAt >= TELL_AFTER_MS && now - toldAt >= TELL_AGAIN_MS) {
          toldAt = now
          onWait(error, patienceMs)
        }
        await world.sleep(fullJitter(attempt, world.random(), BASE_MS, CAP_MS), stop)
        if (stop?.aborted) throw error
      }
  }
}
