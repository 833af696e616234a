/** What the commands run with: flags, then the environment, then carsync.config.ts, then the defaults; and the demo rule. */
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import {
  alertTargetOf,
  ConfigError,
  type GivenOptions,
  messageOf,
  OPTIONS,
  type Options,
  parseAddress,
  resolveOptions,
  type Source,
  sourceNamed,
} from '../src/node.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the settings come from. `demo` is the flag `--demo`. */
export type Given = { flags: GivenOptions; env: Environment; file: GivenOptions; demo: boolean; cwd: string }

export type Settings = {
  options: Options
  place: { embeddedFolder: string }
  /** The demo inventory is mirrored, because of the flag (`asked`) or because nothing is configured (`unconfigured`). */
  demo: 'asked' | 'unconfigured' | null
}

/** What belongs to the user's own source and database: the demo knows nothing of it. */
const OWN = ['apiBaseUrl', 'apiKey', 'databaseUrl', 'schema', 'source', 'alertUrl', 'alertSecret'] as const

const without = <T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))

const demoSettings = (given: Given, demo: 'asked' | 'unconfigured'): Settings => {
  const variables = OWN.flatMap((name) => [...OPTIONS[name].env])
  const options = resolveOptions(given.flags, without(given.env, variables), without(given.file, OWN))
  return {
    options: { ...options, source: 'demo' },
    place: { embeddedFolder: join(given.cwd, '.carsync', 'demo') },
    demo,
  }
}

/**
 * Resolves the settings. Without a configured API and without a database it is the demo, in its own embedded database;
 * so it is with `--demo`, whatever is configured. Throws ConfigError.
 */
export const resolveSettings = (given: Given): Settings => {
  if (given.demo) return demoSettings(given, 'asked')
  const options = resolveOptions(given.flags, given.env, given.file)
  // Half a webhook tells nobody of anything: said at once, not on the night when it is needed.
  alertTargetOf(options)
  if (options.apiBaseUrl === null && options.databaseUrl === null) return demoSettings(given, 'unconfigured')
  return { options, place: { embeddedFolder: join(given.cwd, '.carsync', 'db') }, demo: null }
}

/** The source that the settings name, with what is needed to ask it. Throws ConfigError where that is missing. */
export const sourceFor = (settings: Settings): Source => {
  const { options, demo } = settings
  const source = sourceNamed(options.source)
  if (demo !== null) return source
  if (options.apiBaseUrl === null)
    throw new ConfigError(
      `API_BASE_URL: wanted the address of the API, because a database is configured; got nothing. For example API_BASE_URL=${OPTIONS.apiBaseUrl.example}. To try it without an API use --demo, which leaves your database alone.`,
    )
  if (options.apiKey === null && source.traits.needsKey)
    throw new ConfigError(
      `API_KEY: wanted the key of the API at ${new URL(options.apiBaseUrl).host}; got nothing. Set it in the environment or in .env, for example API_KEY=${OPTIONS.apiKey.example}`,
    )
  return source
}

/** The folder of the embedded database as seen from here. */
export const folderName = ({ place }: Settings): string => relative(process.cwd(), place.embeddedFolder)

/** Where the database is, for people: never a user, a password or a parameter. */
export const databaseName = (settings: Settings): string => {
  const { databaseUrl } = settings.options
  if (databaseUrl === null) return `the embedded database in ${folderName(settings)}`
  const address = parseAddress(databaseUrl)
  if ('fault' in address) return 'the configured database'
  return `${address.hosts.map(({ host }) => host).join(',')}/${address.database}`
}

/** The environment over `.env`. An empty variable is absent, and hides nothing: so a secret that was never set comes. */
const readEnv = (cwd: string): Environment => {
  const path = join(cwd, '.env')
  if (!existsSync(path)) return process.env
  const given = Object.entries(process.env).filter(([, value]) => value?.trim() !== '')
  try {
    return { ...parseEnv(readFileSync(path, 'utf8')), ...Object.fromEntries(given) }
  } catch (error) {
    throw new ConfigError(`.env: wanted a readable file of lines such as API_KEY=…; got: ${messageOf(error)}`)
  }
}

const readFile = async (cwd: string): Promise<GivenOptions> => {
  const path = join(cwd, 'carsync.config.ts')
  if (!existsSync(path)) return {}
  const wanted = 'wanted `export default defineConfig({ … })`'
  let loaded: { default?: unknown }
  try {
    loaded = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new ConfigError(`carsync.config.ts: ${wanted}; it cannot be loaded: ${messageOf(error)}`)
  }
  if (typeof loaded.default !== 'object' || loaded.default === null)
    throw new ConfigError(`carsync.config.ts: ${wanted}; got no such default export`)
  return loaded.default
}

/** Reads the environment, `.env` and `carsync.config.ts` of the working directory. Throws ConfigError. */
export const readSettings = async (flags: GivenOptions, demo: boolean): Promise<Settings> => {
  const cwd = process.cwd()
  return resolveSettings({ flags, demo, cwd, env: readEnv(cwd), file: await readFile(cwd) })
}

/** The schema of the read model, also where nothing says which database: `demo` knows no other than the default. */
export const readSchema = async (demo: boolean): Promise<string> => {
  if (demo) return OPTIONS.schema.default
  const cwd = process.cwd()
  return resolveOptions({}, readEnv(cwd), await readFile(cwd)).schema
}
