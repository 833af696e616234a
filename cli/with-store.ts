import { hostname } from 'node:os'
import { explained, isExplained, openStore, type Purpose, type Store } from '../src/node.ts'
import type { Settings } from './settings.ts'
import { stopOnSignals } from './stopping.ts'
import { printable } from './text.ts'
import { sayBeside } from './waiting.ts'

/** Says on stderr that the database is away and waited for. */
export const sayAway = (sentence: string): void => sayBeside(printable(sentence), process.stderr, process.env)

/**
 * Does the work on the database of these settings. A database that is away is waited for, with a word on stderr. Throws
 * SyncError with the code that fits where it stays away, and whatever else the work throws.
 */
export const withStore = async <T>(
  { options, place }: Settings,
  purpose: Purpose,
  work: (store: Store) => Promise<T>,
): Promise<T> => {
  const store = await openStore(options, place, purpose, sayAway)
  try {
    return await work(store)
  } catch (error) {
    throw isExplained(error) ? explained(error) : error
  } finally {
    await store.close()
  }
}

/** Who takes the lease for a command that writes: until a signal comes, or the length of the lease has passed without a sign of life. */
export type Tender = { holder: string; lengthMs: number; stop: AbortSignal }

/** Does work that writes beside no sync, as `withStore` does it: under a lease, and ended by a signal. */
export const tendStore = <T>(settings: Settings, work: (store: Store, who: Tender) => Promise<T>): Promise<T> =>
  withStore(settings, 'tend', async (store) => {
    const stopping = stopOnSignals(() => {})
    const who = {
      holder: `${hostname()}, process ${process.pid}`,
      lengthMs: settings.options.leaseSeconds * 1000,
      stop: stopping.signal,
    }
    try {
      return await work(store, who)
    } finally {
      stopping.dispose()
    }
  })
