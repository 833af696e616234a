import { dirname, join, sep } from 'node:path'

/** How this person can call a command again: from a clone `carsync` is not on the path. */
export type CalledAs = (command: string) => string

type Process = { env: Readonly<Record<string, string | undefined>>; argv: readonly string[]; cwd(): string }

/** The same for commands that are to work on the demo database, where this one was asked to. */
export const calledOn = (call: CalledAs, demo: boolean): CalledAs =>
  demo ? (command) => call(`${command} --demo`) : call

/** Looks at how npm or the shell called this process. */
export const calledAs = (process: Process): CalledAs => {
  const script = process.argv[1] ?? ''
  if (process.env.npm_command === 'exec') return (command) => `npx carsync ${command}`
  const inClone = script.endsWith('.ts') && script.startsWith(process.cwd() + sep)
  if (inClone || process.env.npm_lifecycle_event)
    return (command) => {
      const [name, ...rest] = command.split(' ')
      const flags = rest.length > 0 ? ` -- ${rest.join(' ')}` : ''
      return name === 'sync' ? `npm run sync-cars${flags}` : `npm run carsync -- ${command}`
    }
  if (!script.endsWith('.ts')) return (command) => `carsync ${command}`
  const main = script.endsWith('sync-cars.ts') ? join(dirname(script), '..', 'cli', 'main.ts') : script
  return (command) => `node ${main} ${command}`
}
