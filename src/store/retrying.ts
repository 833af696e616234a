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
 * Answers a function that runs an operation until it succeeds, or until `patienceMs` have passed since it failed first, with
 * full jitter in between. Throws what the operation threw last.
 */
export const retrying =
  (world: Pick<World, 'now' | 'sleep' | 'random'>, patienceMs = PATIENCE_MS): Again =>
  async <T>(operation: () => Promise<T>): Promise<T> => {
    let failedAt: number | null = null
    for (let attempt = 1; ; attempt++)
      try {
        return await operation()
      } catch (error) {
        failedAt ??= world.now()
        if (!isPassing(error) || world.now() - failedAt >= patienceMs) throw error
        await world.sleep(fullJitter(attempt, world.random(), BASE_MS, CAP_MS))
      }
  }
