import { existsSync } from 'node:fs'
import { openStore, type Store } from '../src/node.ts'
import { calledAs } from './called-as.ts'
import { readSettings, type Settings } from './settings.ts'

export type Reading<T> = { found: T; nothing: string }

/**
 * Asks the configured database, or the demo's. An embedded database that was never made is not made by looking: then
 * `empty` is found. `nothing` is the sentence for that. Throws ConfigError or SyncError.
 */
export const read = async <T>(
  demo: boolean,
  empty: T,
  ask: (store: Store, settings: Settings) => Promise<T>,
): Promise<Reading<T>> => {
  const settings = await readSettings({}, demo)
  const call = calledAs(process)
  const nothing = `There has been no sync of ${settings.options.source} yet. Begin with: ${call(demo ? 'sync --demo' : 'sync')}`
  if (settings.options.databaseUrl === null && !existsSync(settings.place.embeddedFolder))
    return { found: empty, nothing }
  const store = await openStore(settings.options, settings.place, 'look')
  try {
    return { found: await ask(store, settings), nothing }
  } finally {
    await store.close()
  }
}
