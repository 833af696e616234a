import { openDashboard } from '../dashboard/open-dashboard.ts'
import { ownSync } from '../dashboard/own-sync.ts'
import { type Options, openStore, type Place, type Store, type Summary } from '../src/node.ts'
import type { Watch } from './watch.ts'

type Setting = { options: Options; place: Place; store: Store; holder: string; stop: AbortSignal }

/**
 * Runs a sync with a page beside it that lives as long. The page has connections of its own, so that it never waits for
 * commits; an embedded database has but one opener, so there it looks through the store of the sync.
 */
export const withPage = async (
  { options, place, store, holder, stop }: Setting,
  watch: Watch,
  run: (stopped: AbortSignal, told: Watch) => Promise<Summary>,
): Promise<Summary> => {
  const stopping = new AbortController()
  const onStop = (): void => stopping.abort()
  if (stop.aborted) onStop()
  stop.addEventListener('abort', onStop, { once: true })
  const own = ownSync(null, onStop)
  const looking = options.databaseUrl === null ? store : await openStore(options, place, 'look')
  try {
    const dashboard = await openDashboard({ store: looking, options, sync: own, holder, port: null })
    watch.say(`Dashboard: ${dashboard.url} (token ${dashboard.token})`)
    try {
      return await run(stopping.signal, {
        ...watch,
        event: (event) => {
          own.tell(event)
          watch.event(event)
        },
      })
    } finally {
      await dashboard.close()
    }
  } finally {
    stop.removeEventListener('abort', onStop)
    if (looking !== store) await looking.close()
  }
}
