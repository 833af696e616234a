import { openDashboard } from '../dashboard/open-dashboard.ts'
import { ownSync } from '../dashboard/own-sync.ts'
import { type Options, openStore, type Place, type Store, type Summary } from '../src/node.ts'
import type { Watch } from './watch.ts'

type Setting = { options: Options; place: Place; store: Store; holder: string }

/**
 * Runs a sync with a page beside it that lives as long. The page has connections of its own, so that it never waits for
 * commits; an embedded database has but one opener, so there it looks through the store of the sync.
 */
export const withPage = async (
  { options, place, store, holder }: Setting,
  watch: Watch,
  run: (more: AbortSignal[], told: Watch) => Promise<Summary>,
): Promise<Summary> => {
  const stop = new AbortController()
  const own = ownSync(null, () => stop.abort())
  const looking = options.databaseUrl === null ? store : await openStore(options, place, 'look')
  try {
    const dashboard = await openDashboard({ store: looking, options, sync: own, holder, port: null })
    watch.say(`Dashboard: ${dashboard.url} (token ${dashboard.token})`)
    try {
      return await run([stop.signal], {
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
    if (looking !== store) await looking.close()
  }
}
