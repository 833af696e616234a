/** `carsync`: which commands there are. Each is loaded only when it is called, so that help and version are quick. */
import { Command, CommanderError } from 'commander'
import { demandValues } from './demand-values.ts'
import { ownVersion } from './own-root.ts'
import { beginAnswer, printFailure } from './print.ts'

type Declare = (command: Command, done: (code: number) => void) => void

type Entry = { summary: string; examples: readonly string[]; notes?: readonly string[]; load(): Promise<Declare> }

const COMMANDS: Readonly<Record<string, Entry>> = {
  sync: {
    summary: 'mirror the source into the database',
    examples: [
      'carsync sync',
      'carsync sync --demo',
      'carsync sync --priority "Audi,BMW" --max-rate 2',
      'carsync sync --full --max-removals 2%',
      'carsync sync --time-budget 90s --json',
    ],
    notes: [
      'An unfinished run is resumed if its last commit is under 6 hours old.',
      'Without API_BASE_URL and DATABASE_URL the demo inventory is mirrored.',
      'Exit codes: 0 complete, 1 failed, 2 wrong usage or configuration, 3 incomplete and resumable,',
      '4 complete with removals held back.',
    ],
    load: async () => (await import('./sync.ts')).declareSync,
  },
  status: {
    summary: 'show the current or last run',
    examples: ['carsync status', 'carsync status --json'],
    load: async () => (await import('./status.ts')).declareStatus,
  },
  runs: {
    summary: 'show the history of runs',
    examples: ['carsync runs', 'carsync runs --limit 5 --json'],
    load: async () => (await import('./runs.ts')).declareRuns,
  },
  rejects: {
    summary: 'show records that could not be stored, with reason and payload',
    examples: ['carsync rejects', 'carsync rejects --limit 100 --json', 'carsync rejects replay'],
    load: async () => (await import('./rejects.ts')).declareRejects,
  },
  removals: {
    summary: 'show removals that are held back, and decide on them',
    examples: [
      'carsync removals',
      'carsync removals approve 5f0c4f5e',
      'carsync removals discard 5f0c4f5e',
      'carsync removals undo 5f0c4f5e',
    ],
    notes: ['A run is named by its id or the beginning of it, as carsync runs shows it.'],
    load: async () => (await import('./removals.ts')).declareRemovals,
  },
  changes: {
    summary: 'read the log of changes, from where you stopped',
    examples: [
      'carsync changes --limit 100',
      'carsync changes --since 7512-90211',
      'carsync changes --since 7512-90211 --json',
      'carsync changes --follow | your-program',
    ],
    notes: [
      'One change a line, each with its cursor: keep that of the last one that you have dealt with, and go on with --since.',
      'docs/changes.md says what can be relied on.',
    ],
    load: async () => (await import('./changes.ts')).declareChanges,
  },
  verify: {
    summary: 'compare the database with the source, by count and by sample',
    examples: ['carsync verify', 'carsync verify --sample 50 --json'],
    notes: [
      'Exit codes: 0 all is well, 1 there are faults or nothing was synced yet, 3 source or database do not answer,',
      'or not for every car and page that was asked for: these are named, and the others are compared.',
      'It writes nothing.',
    ],
    load: async () => (await import('./verify.ts')).declareVerify,
  },
  migrate: {
    summary: 'apply the schema',
    examples: ['carsync migrate', 'carsync migrate --print | psql -v ON_ERROR_STOP=1 "$DATABASE_URL"'],
    notes: [
      'sync does this by itself when it may. What --print shows can be applied twice, and does all or nothing; it makes the',
      'schema that CARSYNC_SCHEMA names. From a clone: npm run --silent carsync -- migrate --print | psql …',
    ],
    load: async () => (await import('./migrate.ts')).declareMigrate,
  },
  init: {
    summary: 'put the edge function into a Supabase project',
    examples: ['carsync init', 'carsync init ../my-marketplace', 'carsync init --diff'],
    notes: [
      'It adds files and an entry in supabase/config.toml, and touches nothing else. Run twice it changes nothing.',
    ],
    load: async () => (await import('./init.ts')).declareInit,
  },
  dashboard: {
    summary: 'serve a web page on loopback with live progress, history, inventory and trouble',
    examples: [
      'carsync dashboard',
      'carsync dashboard --port 8080',
      'carsync dashboard --demo',
      'carsync sync --dashboard',
    ],
    notes: [
      'The page is for this machine only. What changes something asks for the token that is printed at the start.',
      'An embedded database has one opener at a time: start the sync from the page, or use carsync sync --dashboard.',
    ],
    load: async () => (await import('./dashboard.ts')).declareDashboard,
  },
  alerts: {
    summary: 'judge how things are, and tell the webhook of what is wrong',
    examples: ['carsync alerts', 'carsync alerts --json', 'carsync alerts --list'],
    notes: [
      'Every sync does this at its end. From cron it also tells of stale data and of a sync that does not run at all.',
      'Exit codes: 0 everybody knows, 3 an alert could not be delivered and is tried again. docs/alerts.md says more.',
    ],
    load: async () => (await import('./alerts.ts')).declareAlerts,
  },
  doctor: {
    summary: 'check configuration, database and API, and say what to do',
    examples: ['carsync doctor', 'carsync doctor --json'],
    load: async () => (await import('./doctor.ts')).declareDoctor,
  },
  'demo-api': {
    summary: 'serve the demo inventory on loopback, with the limits and faults asked for',
    examples: [
      'carsync demo-api --port 4010 --cars 5000',
      'carsync demo-api --limit "10/s burst 5" --limit-headers retry-after',
      'carsync demo-api --faults "status500=0.05,reset=0.02" --dirty 1%',
    ],
    notes: [
      'The demo that sync starts takes its size from CARSYNC_DEMO_CARS and its latency from CARSYNC_DEMO_LATENCY_MS.',
    ],
    load: async () => (await import('./demo-api.ts')).declareDemoApi,
  },
}

const helpAfter = ({ examples, notes = [] }: Pick<Entry, 'examples' | 'notes'>): string =>
  ['', 'Examples:', ...examples.map((example) => `  ${example}`), ...(notes.length > 0 ? ['', ...notes] : [])].join(
    '\n',
  )

const programFor = async (called: string | undefined, done: (code: number) => void): Promise<Command> => {
  const program = new Command('carsync')
    .description("Mirrors a paginated API's vehicle inventory into Postgres")
    .version(ownVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .exitOverride()
    .showHelpAfterError('Run it with --help to see what there is.')
    .addHelpText('after', helpAfter({ examples: ['carsync sync', 'carsync sync --help', 'carsync status --json'] }))
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(entry.summary).addHelpText('after', helpAfter(entry))
    if (name !== called) continue
    ;(await entry.load())(command, done)
    if (name !== 'sync') command.option('--verbose', 'on an unexpected error, say where it came from')
    demandValues(command)
  }
  return program
}

/** Commander's sentence begins with a word of its own; where it printed the help instead there is none. */
const usageFault = ({ code, message }: CommanderError): string =>
  code === 'commander.help'
    ? 'wanted a command; run it with --help to see what there is'
    : message.replace(/^error: /, '')

/** Sentences for what is expected to go wrong; where it came from only when that is asked for. */
const tell = (error: unknown, { verbose, json }: { verbose: boolean; json: boolean }): number => {
  // Known by its exit code, so that telling of an error does not need the engine to be loadable.
  const { exitCode = null, message = String(error), stack } = error as Partial<Error & { exitCode: number }>
  if (json) printFailure(message, exitCode ?? 1)
  if (verbose) console.error(stack ?? message, (error as Partial<Error>).cause ?? '')
  else console.error(exitCode === null ? `Unexpected error: ${message}. With --verbose it says where.` : message)
  return exitCode ?? 1
}

/** Runs `carsync` with these arguments and answers the exit code of the contract. Never throws. */
export const carsync = async (args: readonly string[]): Promise<number> => {
  let code = 0
  beginAnswer()
  const json = args.includes('--json')
  const words = args.filter((arg) => !arg.startsWith('-'))
  const called = words[0] === 'help' ? words[1] : words[0]
  try {
    const program = await programFor(called, (answer) => {
      code = answer
    })
    if (args.length === 0) {
      program.outputHelp({ error: true })
      return 2
    }
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    // Commander has printed its sentence already; help and version arrive here too.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      if (json) printFailure(usageFault(error), 2)
      return 2
    }
    return tell(error, { verbose: args.includes('--verbose'), json })
  }
}
