/** Tries a database operation again while the error is one that passes by itself. */
import { fullJitter } from '../pace/backoff.ts'
import type { World } from '../world.ts'
import { isPassing } from './retryable.ts'

const ATTEMPTS = 8
const BASE_MS = 100
const CAP_MS = 10_000

/** Answers a function that runs an operation up to eight times, waiting with full jitter in between. */
export const retrying =
  (world: Pick<World, 'sleep' | 'random'>) =>
  async <T>(operation: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++)
      try {
        return await operation()
      } catch (error) {
        if (!isPassing(error) || attempt === ATTEMPTS) throw error
        await world.sleep(fullJitter(attempt, world.random(), BASE_MS, CAP_MS))
      }
  }
