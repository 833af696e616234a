/** What the function is told by its environment. */
import {
  type AlertTarget,
  alertTargetOf,
  ConfigError,
  type Options,
  resolveOptions,
  sourceNamed,
} from '../../../src/mod.ts'

export type FunctionSettings = {
  options: Options
  databaseUrl: string
  /** What callers must present in `x-sync-secret`. */
  secret: string
  /** Where the function calls itself to hand over; null: cron wakes the next slice. */
  ownUrl: string | null
  /** Origins that may call from a browser. */
  origins: readonly string[]
  /** Where alerts are sent; null: nowhere. */
  alerts: AlertTarget | null
  /** How long a worker lives, from its boot. */
  wallMs: number
  /** Who is named as the holder of the lease. */
  holder: string
}

type Env = Readonly<Record<string, string | undefined>>

/** Of the free plan; 400 on paid ones. */
const WALL_SECONDS = 150
/** A shorter life is over before a slice is worth its beginning. */
const LEAST_WALL_SECONDS = 10

const wallMsOf = (env: Env): number => {
  const given = env.CARSYNC_EDGE_WALL_SECONDS?.trim()
  if (!given) return WALL_SECONDS * 1000
  const seconds = Number(given)
  if (!(seconds >= LEAST_WALL_SECONDS && seconds <= 3600))
    throw new ConfigError(
      `CARSYNC_EDGE_WALL_SECONDS: wanted how many seconds the platform lets a worker live, 150 on the free plan and 400 on paid ones; got "${given}".`,
    )
  return seconds * 1000
}

const ownUrlOf = (env: Env): string | null => {
  if (env.CARSYNC_FUNCTION_URL) return env.CARSYNC_FUNCTION_URL
  return env.SUPABASE_URL ? `${env.SUPABASE_URL.replace(/\/+$/, '')}/functions/v1/cars-sync` : null
}

const wanted = (name: string, example: string): ConfigError =>
  new ConfigError(
    `${name} is not set, and the function cannot work without it. Set it: npx supabase secrets set ${name}=${example}`,
  )

/**
 * What a header does not carry as it is would shut out everybody who knows it, cron and the function itself included, and some
 * runtimes repeat it in their error.
 */
const assertTravels = (secret: string): void => {
  if (!/^[\x20-\x7e]+$/.test(secret))
    throw new ConfigError(
      'CARS_SYNC_SECRET: wanted letters, digits and signs of ASCII on one line, which a header can carry; got others (it is not shown). Set another: npx supabase secrets set CARS_SYNC_SECRET=$(openssl rand -hex 32)',
    )
}

/** Throws ConfigError naming the variable, what is wrong with it and the command that sets it. */
export const readSettings = (env: Env): FunctionSettings => {
  const options = resolveOptions({}, env)
  const secret = env.CARS_SYNC_SECRET?.trim() ?? ''
  if (secret === '') throw wanted('CARS_SYNC_SECRET', '$(openssl rand -hex 32)')
  assertTravels(secret)
  if (options.apiBaseUrl === null) throw wanted('API_BASE_URL', 'https://auctionsapi.com/api')
  if (options.apiKey === null && sourceNamed(options.source).traits.needsKey) throw wanted('API_KEY', 'your-key')
  if (options.databaseUrl === null) throw wanted('DATABASE_URL', 'postgres://user:password@host:6543/postgres')
  return {
    options,
    databaseUrl: options.databaseUrl,
    secret,
    ownUrl: ownUrlOf(env),
    origins: (env.CARSYNC_CORS_ORIGINS ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
    alerts: alertTargetOf(options),
    wallMs: wallMsOf(env),
    holder: `edge function, worker ${env.SB_EXECUTION_ID ?? 'unnamed'}`,
  }
}
