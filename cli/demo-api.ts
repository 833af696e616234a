import type { Command } from 'commander'
import { type DemoApi, startDemoApi } from '../demo/demo-api.ts'
import { DemoOptionError, demoFlags, parseDemoFlags } from '../demo/options.ts'
import { ConfigError } from '../src/node.ts'
import { calledAs } from './called-as.ts'
import { print, printJson } from './print.ts'
import { stopOnSignals } from './stopping.ts'

type Values = Record<string, string | boolean | undefined>

const start = async (values: Values): Promise<DemoApi> => {
  try {
    return await startDemoApi(parseDemoFlags(values))
  } catch (error) {
    if (error instanceof DemoOptionError) throw new ConfigError(error.message)
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new ConfigError(`--port: wanted a free port; ${values.port} is taken. Leave it out to get any free one.`)
    throw error
  }
}

const camel = (flag: string): string => flag.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase())

/** Declares `carsync demo-api`: it serves until it is interrupted. */
export const declareDemoApi = (command: Command, done: (code: number) => void): void => {
  for (const { flag, value, sentence, example } of demoFlags)
    command.option(
      `--${flag}${value === null ? '' : ` <${value.toLowerCase()}>`}`,
      value === null ? sentence : `${sentence}, e.g. ${example}`,
    )
  command
    .option('--json', 'print the address as one JSON object on stdout')
    .action(async (flags: Record<string, string | boolean>) => {
      // `--no-totals` is a flag that is off by default, which commander turns round.
      const values = Object.fromEntries(
        demoFlags.map(({ flag }) => {
          const negated = flag.startsWith('no-')
          const given = flags[camel(negated ? flag.slice(3) : flag)]
          return [flag, negated ? given === false : given]
        }),
      )
      const api = await start(values)
      if (flags.json) printJson({ url: api.url })
      else
        print([
          api.url,
          `Sync it: API_BASE_URL=${api.url} API_KEY=${flags.apiKey ?? 'demo'} ${calledAs(process)('sync')}`,
        ])
      await new Promise<void>((resolve) => {
        const { signal } = stopOnSignals(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await api.close()
      done(0)
    })
}
