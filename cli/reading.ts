import { NothingSyncedError, ownName, type Purpose, type Store } from '../src/node.ts'
import { calledAs, calledOn } from './called-as.ts'
import { readSettings, type Settings } from './settings.ts'
import { printable } from './text.ts'
import { withStore } from './with-store.ts'

/** `begun`: something was synced there at some time. `nothing` is the sentence for where it was not. */
export type Reading<T> = { found: T; begun: boolean; nothing: string }

/**
 * Asks the database of these settings. Where nothing was ever synced it makes nothing, and `empty` is found. Throws
 * ConfigError or SyncError.
 */
export const readFrom = async <T>(
  settings: Settings,
  empty: T,
  ask: (store: Store) => Promise<T>,
  purpose: Purpose = 'look',
): Promise<Reading<T>> => {
  const { options, demo } = settings
  const call = calledOn(calledAs(process), demo === 'asked')
  const nothing = `There has been no sync of ${options.source} yet. Begin with: ${call('sync')}`
  try {
    return await withStore(settings, purpose, async (store) => {
      const found = await ask(store)
      const isNothing = found === null || (Array.isArray(found) && found.length === 0)
      const named = isNothing ? ownName(options.source, await store.sourcesSynced()) : null
      return { found, begun: true, nothing: named === null ? nothing : `${nothing}\n${printable(named)}` }
    })
  } catch (error) {
    if (error instanceof NothingSyncedError) return { found: empty, begun: false, nothing }
    throw error
  }
}

/** Looks into the configured database, or the demo's, in the same way. */
export const read = async <T>(
  demo: boolean,
  empty: T,
  ask: (store: Store, settings: Settings) => Promise<T>,
): Promise<Reading<T>> => {
  const settings = await readSettings({}, demo)
  return readFrom(settings, empty, (store) => ask(store, settings))
}
