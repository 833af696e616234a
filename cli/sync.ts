import { hostname } from 'node:os'
import { type Command, Option } from 'commander'
import type { DemoApi } from '../demo/demo-api.ts'
import {
  busyWith,
  ConfigError,
  type Control,
  dryRun,
  type GivenOptions,
  messageOf,
  OPTIONS,
  openStore,
  realWorld,
  type Summary,
  type SyncEvent,
  sync,
} from '../src/node.ts'
import { calledAs } from './called-as.ts'
import { startDemo } from './demo.ts'
import { endingLines } from './ending.ts'
import { exitCodeOf } from './exit-code.ts'
import { logLine } from './log-line.ts'
import { isLive, paintFor } from './paint.ts'
import { printFailure, printJson } from './print.ts'
import { databaseName, folderName, readSettings, type Settings, sourceFor } from './settings.ts'
import { openSoFar, type SoFar } from './so-far.ts'
import { stopOnSignals } from './stopping.ts'
import { keepBefore, tellAtEnd } from './tell-at-end.ts'
import { printable } from './text.ts'
import { openTraces, type Traces, wantsTraces } from './traces.ts'
import { jsonWatch, plainWatch, quietWatch, verboseWatch, type Watch } from './watch.ts'

type Shown = { json?: boolean; quiet?: boolean; verbose?: boolean; log?: 'text' | 'json' }
type Flags = Shown & { demo?: boolean; dryRun?: boolean; full?: boolean; incremental?: boolean; dashboard?: boolean }

/** Settings that are flags; their names, values and sentences come from the one table. */
const SETTINGS = [
  'fresh',
  'priority',
  'maxRate',
  'maxConcurrency',
  'pageSize',
  'timeBudget',
  'maxRemovals',
  'raw',
] as const

const settingFlag = (name: (typeof SETTINGS)[number]): Option => {
  const row: { flag: string; sentence: string; example: string; default?: unknown } = OPTIONS[name]
  const sentence = row.flag.startsWith('--no-') ? `do not ${row.sentence}` : row.sentence
  return new Option(row.flag, row.flag.includes('<') ? `${sentence}, e.g. ${row.example}` : sentence)
}

const modeOf = ({ full, incremental }: Flags): Control['mode'] => {
  if (full && incremental) throw new ConfigError('--full and --incremental exclude each other: give one of them.')
  if (full) return 'full'
  return incremental ? 'incremental' : 'auto'
}

const write = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`)

const watchFor = async (flags: Shown, now: () => number): Promise<Watch> => {
  const { stderr, env } = process
  if (flags.log === 'json') return jsonWatch(write(stderr), now, flags.quiet)
  if (flags.quiet) return quietWatch(write(stderr))
  if (flags.verbose) return verboseWatch(write(stderr), now)
  if (!isLive(stderr, env)) return plainWatch(write(stderr))
  const { liveWatch } = await import('./live.ts')
  return liveWatch(stderr, paintFor(stderr, env), now)
}

const firstLine = (settings: Settings, isDry: boolean): string | null => {
  const mirrored = `${isDry ? 'would be' : 'are'} mirrored into ${folderName(settings)}`
  switch (settings.demo) {
    case null:
      return null
    case 'asked':
      return `Demo: invented cars ${mirrored}; a configured database is not touched.`
    case 'unconfigured':
      return `Demo: no API_BASE_URL and no DATABASE_URL is set, so invented cars ${mirrored}.`
  }
}

const follow = async (
  events: AsyncGenerator<SyncEvent, Summary>,
  watch: Watch,
  traces: Traces | null = null,
): Promise<Summary> => {
  let next = await events.next()
  for (; !next.done; next = await events.next()) {
    watch.event(next.value)
    traces?.event(next.value)
  }
  return next.value
}

const ASKING = 'asking the source what it has'

const AWAY = 'the database does not answer. The next run goes on from the last committed page'

/**
 * Runs the engine; the demo inventory and the database live as long as it does. `onCut` is called with the reason before
 * the process ends without an answer.
 */
const mirror = async (
  settings: Settings,
  { source, mode }: Pick<Control, 'source' | 'mode'>,
  { isDry, hasPage }: { isDry: boolean; hasPage: boolean },
  watch: Watch,
  { soFar, onCut }: { soFar: SoFar; onCut(reason: string): void },
): Promise<Summary> => {
  const stopping = stopOnSignals(
    () => watch.say(`Stopping${soFar.hasBegun() ? ': committing what is in hand' : ''}; Ctrl-C again stops at once`),
    () => {
      watch.say(`Stopped: ${AWAY}`)
      onCut(AWAY)
    },
  )
  const stop = stopping.signal
  let demo: DemoApi | null = null
  try {
    watch.stage('starting')
    if (settings.demo !== null) demo = await startDemo()
    const options = demo === null ? settings.options : { ...settings.options, apiBaseUrl: demo.url }
    if (isDry) {
      watch.stage(ASKING)
      return await follow(dryRun(options, realWorld, { source, stop }), watch)
    }
    watch.stage(`opening ${databaseName(settings)}`)
    const traces = wantsTraces(process.env) ? await openTraces(process.env) : null
    const opened = await openStore(options, settings.place, 'sync', (sentence) => watch.say(printable(sentence)), stop)
    const store = traces?.store(opened) ?? opened
    const world = traces?.world(realWorld) ?? realWorld
    try {
      await keepBefore(store, options)
      watch.stage(ASKING)
      const holder = `${hostname()}, process ${process.pid}`
      const run = (stopped: AbortSignal, told: Watch): Promise<Summary> =>
        follow(sync(options, world, store, { mode, source, stop: stopped, holder }), told, traces)
      if (!hasPage) return await run(stop, watch)
      const { withPage } = await import('./with-page.ts')
      return await withPage({ options, place: settings.place, store, holder, stop }, watch, run)
    } finally {
      await tellAtEnd(store, options, stop, (sentence) => watch.say(printable(sentence)))
      await store.close()
      await traces?.end()
    }
  } catch (error) {
    // Who stops it wants no error, but to know how far it came.
    if (!stop.aborted || (error as { exitCode?: number }).exitCode !== 3) throw error
    return soFar.summary('incomplete', messageOf(error))
  } finally {
    watch.end()
    stopping.dispose()
    await demo?.close()
  }
}

const runSync = async (given: GivenOptions, flags: Flags): Promise<number> => {
  const settings = await readSettings(given, flags.demo === true)
  const { options, demo } = settings
  const mode = modeOf(flags)
  const source = sourceFor(settings)
  const out = flags.json ? process.stderr : process.stdout
  const isDry = flags.dryRun === true
  const watch = await watchFor(flags, realWorld.now)
  const isLog = flags.log === 'json'
  const first = firstLine(settings, isDry)
  const mirroring = (): string => `Mirroring ${new URL(options.apiBaseUrl!).host} into ${databaseName(settings)}`
  if (isLog) watch.say(first ?? mirroring())
  else if (first !== null) write(out)(first)
  else if (!flags.quiet) write(process.stderr)(mirroring())

  const printSummary = (summary: Summary): void => {
    if (flags.json) printJson(summary)
  }
  const soFar = openSoFar(options, mode, realWorld.now)
  const told: Watch = {
    ...watch,
    event: (event) => {
      soFar.event(event)
      watch.event(event)
    },
  }
  const how = { isDry, hasPage: flags.dashboard === true }
  const onCut = (reason: string): void => printSummary(soFar.summary('incomplete', reason))
  const summary = await mirror(settings, { source, mode }, how, told, { soFar, onCut }).catch((error) => {
    const busy = busyWith(error, options)
    if (busy !== null) return busy
    // Whoever reads the summary learns how it ended also where the engine could not say it.
    const { exitCode } = error as { exitCode?: number }
    if (exitCode !== 2) printSummary(soFar.summary(exitCode === 3 ? 'incomplete' : 'failed', messageOf(error)))
    throw error
  })
  // The engine tells of the end of a run; where another process is at it, or none was begun, there is none.
  if (isLog && !soFar.hasFinished()) watch.event({ kind: 'finished', summary })
  const context = {
    demo,
    embedded: options.databaseUrl === null,
    dryRun: isDry,
    schema: options.schema,
    call: calledAs(process),
  }
  // With --log json nothing but lines of JSON goes to stderr.
  if (!(flags.json && (flags.quiet || isLog)))
    write(out)(endingLines(summary, context, paintFor(out, process.env)).join('\n'))
  printSummary(summary)
  return exitCodeOf(summary)
}

/** With `--log json` an error is a line like any other. */
const logged = async (flags: Flags, work: () => Promise<number>): Promise<number> => {
  if (flags.log !== 'json') return work()
  try {
    return await work()
  } catch (error) {
    const exitCode = (error as { exitCode?: number }).exitCode ?? 1
    if (flags.json) printFailure(messageOf(error), exitCode)
    write(process.stderr)(logLine({ kind: 'error', message: messageOf(error), exitCode }, realWorld.now()))
    return exitCode
  }
}

/** Declares `carsync sync`. */
export const declareSync = (command: Command, done: (code: number) => void): void => {
  command
    .option('--full', 'read the whole source; the default when no complete sweep is younger than 24 hours')
    .option('--incremental', 'read only what has changed since the last run; the default otherwise')
  for (const name of SETTINGS) command.addOption(settingFlag(name))
  command
    .option('--demo', 'mirror the demo inventory into .carsync/demo; no configured database is touched')
    .option('--dashboard', 'serve a web page on loopback that shows how it goes, as long as it runs')
    .option('--dry-run', 'read the plan and one page, write nothing at all')
    .option('--json', 'print the summary as one JSON object on stdout, and nothing else there')
    .option('--quiet', 'only the end')
    .option('--verbose', 'every event as a line')
    .addOption(
      new Option('--log <format>', 'how stderr is written; json: one event a line, see docs/logs.md').choices([
        'text',
        'json',
      ]),
    )
    .action(async (flags: Flags) => {
      // `--no-raw` gives `raw` a default of its own: only what was typed may beat the environment and the file.
      const typed = SETTINGS.filter((name) => command.getOptionValueSource(name) === 'cli')
      const given = Object.fromEntries(typed.map((name) => [name, command.getOptionValue(name)]))
      done(await logged(flags, () => runSync(given, flags)))
    })
}
