/** Tries a database operation again while the error is one that passes by itself. */
import { fullJitter } from '../pace/backoff.ts'
import type { World } from '../world.ts'
import { isPassing } from './retryable.ts'

/** A failover or a restart of the database takes less. */
const PATIENCE_MS = 120_000
const BASE_MS = 100
const CAP_MS = 10_000

/** Runs an operation, again while it fails with what passes by itself. */
export type Again = <T>(operation: () => Promise<T>) => Promise<T>

/**
 * Answers a function that runs an operation until it succeeds or has been waited for long enough, with full jitter in
 * between. Throws what the operation threw last.
 */
export const retrying =
  (world: Pick<World, 'sleep' | 'random'>, patienceMs = PATIENCE_MS): Again =>
  async <T>(operation: () => Promise<T>): Promise<T> => {
    let waited = 0
    for (let attempt = 1; ; attempt++)
      try {
        return await operation()
      } catch (error) {
        if (!isPassing(error) || waited >= patienceMs) throw error
        const wait = fullJitter(attempt, world.random(), BASE_MS, CAP_MS)
        waited += Math.max(wait, BASE_MS)
        await world.sleep(wait)
      }
  }
