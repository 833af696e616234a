import { type Command, InvalidArgumentError } from 'commander'
import { type ChangeBatch, FIRST_CURSOR, isCursor, realWorld, type Store } from '../src/node.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { printJson } from './print.ts'
import { read } from './reading.ts'
import { stopOnSignals } from './stopping.ts'

type Flags = { since: string; limit: number; follow?: boolean; demo?: boolean; json?: boolean }

/** A change is at most so much older when `--follow` tells of it. */
const LOOK_EVERY_MS = 2000

const parseCursor = (text: string): string => {
  if (isCursor(text)) return text
  throw new InvalidArgumentError(
    `Wanted a cursor as carsync changes prints it, e.g. 7512-90211, or ${FIRST_CURSOR} for the beginning.`,
  )
}

const show = (batch: ChangeBatch, asObject: boolean): void => {
  if (asObject) printJson(batch)
  else for (const change of batch.changes) printJson(change)
}

/** Tells of changes as they come, until it is stopped or its reader has gone away. */
const follow = async (store: Store, flags: Flags): Promise<void> => {
  const stopping = stopOnSignals(() => {})
  const goneAway = new AbortController()
  process.stdout.once('error', () => goneAway.abort())
  const signal = AbortSignal.any([stopping.signal, goneAway.signal])
  let { since } = flags
  try {
    while (!signal.aborted) {
      const batch = await store.changes(since, flags.limit)
      if (batch.changes.length > 0) show(batch, flags.json === true)
      since = batch.cursor
      // Whoever reads slowly is waited for, or what it has not read yet would fill the memory.
      if (process.stdout.writableNeedDrain) await drained(signal)
      else if (batch.changes.length < flags.limit) await realWorld.sleep(LOOK_EVERY_MS, signal)
    }
  } finally {
    stopping.dispose()
  }
  if (!flags.json) console.error(`Go on with: --since ${since}`)
}

const drained = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.once('drain', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Declares `carsync changes`. */
export const declareChanges = (command: Command, done: (code: number) => void): void => {
  command
    .option('--since <cursor>', 'go on after this one', parseCursor, FIRST_CURSOR)
    .option('--limit <n>', 'how many at once', parseLimitFlag, 1000)
    .option('--follow', 'go on until stopped, telling of changes as they come')
    .option('--demo', 'look into the demo database')
    .option('--json', 'print one object with changes and cursor on stdout; with --follow one a batch, each on a line')
    .action(async (flags: Flags) => {
      const empty: ChangeBatch = { changes: [], cursor: flags.since }
      if (flags.follow) {
        const { begun, nothing } = await read(flags.demo === true, undefined, (store) => follow(store, flags))
        if (!begun) console.error(nothing)
      } else {
        const { found, begun, nothing } = await read(flags.demo === true, empty, (store) =>
          store.changes(flags.since, flags.limit),
        )
        show(found, flags.json === true)
        if (!flags.json) console.error(begun ? `Go on with: --since ${found.cursor}` : nothing)
      }
      done(0)
    })
}
