import { hostname } from 'node:os'
import { type Command, Option } from 'commander'
import { openDashboard } from '../dashboard/open-dashboard.ts'
import { ownSync, type RunSync } from '../dashboard/own-sync.ts'
import { ConfigError, NothingSyncedError, openStore, realWorld, type Store, sync } from '../src/node.ts'
import { startDemo } from './demo.ts'
import { print, printJson } from './print.ts'
import { databaseName, readSettings, type Settings, sourceFor } from './settings.ts'
import { stopOnSignals } from './stopping.ts'
import { sayAway } from './with-store.ts'

type Flags = { demo?: boolean; json?: boolean; port: number | null }

/** The value of `--port`; null: any. Throws ConfigError. */
export const portFlag = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new ConfigError(
      `--port: wanted a port from 1 to 65535, or 0 for any free one; got "${text}". For example 4040.`,
    )
  return Number(text)
}

const holder = (): string => `${hostname()}, process ${process.pid}`

/** A sync that is begun from the page. An embedded database has one opener, so there the store of the page is used. */
const runFor =
  (settings: Settings, shared: Store): RunSync =>
  async (mode, stop, tell) => {
    const source = sourceFor(settings)
    const demo = settings.demo === null ? null : await startDemo()
    try {
      const options = demo === null ? settings.options : { ...settings.options, apiBaseUrl: demo.url }
      const own =
        options.databaseUrl === null ? null : await openStore(options, settings.place, 'sync', undefined, stop)
      try {
        const events = sync(options, realWorld, own ?? shared, { mode, source, stop, holder: holder() })
        let next = await events.next()
        for (; !next.done; next = await events.next()) tell(next.value)
        return next.value
      } finally {
        await own?.close()
      }
    } finally {
      await demo?.close()
    }
  }

/** The page can begin the first sync: into a database that has nothing yet it puts the tables. */
const openPage = async ({ options, place }: Settings): Promise<Store> => {
  try {
    return await openStore(options, place, 'look', sayAway)
  } catch (error) {
    if (error instanceof NothingSyncedError) return openStore(options, place, 'sync', sayAway)
    throw error
  }
}

/** Declares `carsync dashboard`: it serves until it is interrupted. */
export const declareDashboard = (command: Command, done: (code: number) => void): void => {
  command
    .addOption(
      new Option('--port <n>', 'port on this machine; without it 4040, or any free one where that is taken')
        .argParser(portFlag)
        .default(null),
    )
    .option('--demo', 'show the demo database')
    .option('--json', 'print address and token as one JSON object on stdout')
    .action(async (flags: Flags) => {
      const settings = await readSettings({}, flags.demo === true)
      const store = await openPage(settings)
      try {
        const own = ownSync(runFor(settings, store))
        const dashboard = await openDashboard({
          store,
          options: settings.options,
          sync: own,
          holder: holder(),
          port: flags.port,
        })
        if (flags.json) printJson({ url: dashboard.url, token: dashboard.token })
        else
          print([
            `${dashboard.url} shows ${settings.options.source} in ${databaseName(settings)}`,
            `Token, to start, stop and decide from the page: ${dashboard.token}`,
          ])
        await new Promise<void>((resolve) => {
          const { signal } = stopOnSignals(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        await dashboard.close()
      } finally {
        await store.close()
      }
      done(0)
    })
}
