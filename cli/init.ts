import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { ConfigError, readMigrations } from '../src/node.ts'
import { counted } from './figure.ts'
import { asksForJwt, withEntry } from './init/config-entry.ts'
import { functionFiles } from './init/function-files.ts'
import { placeMigrations } from './init/migration-files.ts'
import { ownRoot, ownVersion } from './own-root.ts'
import { print, printJson } from './print.ts'

type Flags = { diff?: boolean; force?: boolean; json?: boolean }

/** What is to be done with a file of the project. `kept`: it is not as it would be made, and is left so. */
export type Change = { path: string; kind: 'added' | 'changed' | 'kept'; before: string; after: string }

const CONFIG = 'supabase/config.toml'
const ENTRY = 'supabase/functions/cars-sync/index.ts'

/** Where the files of this program are. */
const packageRoot = (): string => {
  const root = ownRoot()
  if (root === null || !existsSync(join(root, ENTRY)))
    throw new ConfigError(`${ENTRY} is missing from this installation. Install the package again.`)
  return root
}

const textOf = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null)

/** What would be different in the project in `folder`; `force` takes over files that somebody may have changed. */
export const planInit = (folder: string, force: boolean, now: number): Change[] => {
  const config = textOf(join(folder, CONFIG))
  if (config === null)
    throw new ConfigError(
      `Wanted a Supabase project in ${folder}; there is no ${CONFIG}. Go to the project's folder, or make one: npx supabase init.`,
    )
  const migrations = join(folder, 'supabase/migrations')
  const there = existsSync(migrations) ? readdirSync(migrations) : []
  const wanted = new Map([
    ...placeMigrations(readMigrations(), there, now),
    ...functionFiles(packageRoot(), ownVersion()),
    [CONFIG, withEntry(config)],
  ])
  return [...wanted].flatMap(([path, after]): Change[] => {
    const before = textOf(join(folder, path))
    if (before === after) return []
    if (before === null) return [{ path, kind: 'added', before: '', after }]
    // What was applied must not change, and the entry in the configuration only ever grows it.
    const isOurs = path.startsWith(dirname(ENTRY))
    return [{ path, kind: path === CONFIG || (isOurs && force) ? 'changed' : 'kept', before, after }]
  })
}

/** Files of one folder are named as such: there are many, and they belong together. */
const summed = (changes: readonly Change[]): string[] => {
  const engine = changes.filter(({ path }) => path.includes('/cars-sync/engine/'))
  const rest = changes.filter((change) => !engine.includes(change))
  const lines = rest.map(({ path }) => `  ${path}`)
  return engine.length > 0 ? [...lines, `  ${dirname(ENTRY)}/engine (${counted(engine.length, 'file')})`] : lines
}

const NEXT = [
  '',
  'Three commands follow:',
  '  npx supabase db push',
  '  npx supabase secrets set --env-file supabase/functions/cars-sync/.env    (filled in as .env.example says)',
  '  npx supabase functions deploy cars-sync --use-api',
  '',
  'Then start the schedule, in the SQL editor:',
  "  select carsync.schedule('https://<project>.supabase.co/functions/v1/cars-sync', '<CARS_SYNC_SECRET>');",
]

/** What was done, as lines. */
export const initLines = (changes: readonly Change[], jwt: boolean): string[] => {
  const added = changes.filter(({ kind }) => kind === 'added')
  const changed = changes.filter(({ kind }) => kind === 'changed')
  const kept = changes.filter(({ kind }) => kind === 'kept')
  return [
    ...(changes.length === 0 ? ['Nothing to do: everything is here as this version has it.'] : []),
    ...(added.length > 0 ? ['Added:', ...summed(added)] : []),
    ...(changed.length > 0 ? ['Changed:', ...summed(changed)] : []),
    ...(kept.length > 0
      ? [
          'Left alone, though this version has them otherwise (--diff shows how, --force takes over the function):',
          ...summed(kept),
        ]
      : []),
    ...(jwt ? ['', `${CONFIG}: set verify_jwt = false in [functions.cars-sync], or cron is not let in.`] : []),
    ...(added.length + changed.length > 0 ? NEXT : []),
  ]
}

const write = (folder: string, { path, after }: Change): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), after)
}

/** Declares `carsync init`. */
export const declareInit = (command: Command, done: (code: number) => void): void => {
  command
    .argument('[folder]', 'the folder of the Supabase project', '.')
    .option('--diff', 'show what would change, as a patch, and change nothing')
    .option('--force', 'take over files of the function that are not as this version has them')
    .option('--json', 'print what was done on stdout')
    .action(async (folder: string, flags: Flags) => {
      if (flags.diff) {
        const { createTwoFilesPatch } = await import('diff')
        for (const { path, kind, before, after } of planInit(folder, true, Date.now()))
          process.stdout.write(
            createTwoFilesPatch(kind === 'added' ? '/dev/null' : `a/${path}`, `b/${path}`, before, after),
          )
        return done(0)
      }
      const changes = planInit(folder, flags.force === true, Date.now())
      for (const change of changes) if (change.kind !== 'kept') write(folder, change)
      const jwt = asksForJwt(readFileSync(join(folder, CONFIG), 'utf8'))
      if (flags.json) printJson(changes.map(({ path, kind }) => ({ path, kind })))
      else print(initLines(changes, jwt))
      done(0)
    })
}
