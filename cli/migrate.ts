import type { Command } from 'commander'
import type { Migrated } from '../src/node.ts'
import { print, printJson } from './print.ts'

type Flags = { demo?: boolean; json?: boolean; print?: boolean }

/** What was done, as lines. */
export const migratedLines = (name: string, { applied, publicRead }: Migrated): string[] => {
  const lines = applied.length > 0 ? [`Applied to ${name}:`, ...applied.map((version) => `  ${version}`)] : []
  if (publicRead === 'given') lines.push('The role anon may read cars now (CARSYNC_PUBLIC_READ).')
  if (publicRead === 'taken back')
    lines.push('The role anon may not read cars any more: CARSYNC_PUBLIC_READ is not set.')
  return lines.length > 0 ? lines : [`Nothing to do: the schema in ${name} is up to date.`]
}

/** Declares `carsync migrate`. */
export const declareMigrate = (command: Command, done: (code: number) => void): void => {
  command
    .option('--print', 'show the SQL on stdout and change nothing; needs no database')
    .option('--demo', 'the demo database')
    .option('--json', 'print what was applied on stdout')
    .action(async (flags: Flags) => {
      const { migrate, printMigrations } = await import('../src/node.ts')
      const { databaseName, readSchema, readSettings } = await import('./settings.ts')
      if (flags.print) {
        const sql = printMigrations(await readSchema(flags.demo === true))
        if (flags.json) printJson({ sql })
        else process.stdout.write(sql)
        return done(0)
      }
      const settings = await readSettings({}, flags.demo === true)
      const result = await migrate(settings.options, settings.place)
      if (flags.json) printJson(result)
      else print(migratedLines(databaseName(settings), result))
      done(0)
    })
}
