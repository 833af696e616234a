/** What went wrong with the database, as an error that ends a command. */
import { messageOf, SyncError } from './errors.ts'
import { adviceFor, isPassing } from './store/connection/retryable.ts'

/** The same with what a person can do about it; code 3 where it may have passed by the next run, else 1. */
export const explained = (error: unknown): SyncError => {
  if (error instanceof SyncError) return error
  const advice = adviceFor(error)
  return new SyncError(`${messageOf(error)}${advice ? `. ${advice}` : ''}`, isPassing(error) ? 3 : 1, { cause: error })
}

/** Whether it passes by itself, or what a person can do about it is known; else it is unexpected. */
export const isExplained = (error: unknown): boolean =>
  error instanceof SyncError || isPassing(error) || adviceFor(error) !== null
