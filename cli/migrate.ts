import type { Command } from 'commander'
import { print, printJson } from './print.ts'

type Flags = { demo?: boolean; json?: boolean; print?: boolean }

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
      else if (result.applied.length === 0)
        print([`Nothing to do: the schema in ${databaseName(settings)} is up to date.`])
      else print([`Applied to ${databaseName(settings)}:`, ...result.applied.map((version) => `  ${version}`)])
      done(0)
    })
}
