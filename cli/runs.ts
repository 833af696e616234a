import type { Command } from 'commander'
import type { RunRow } from '../src/node.ts'
import { count, duration, moment } from './figure.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { print, printJson } from './print.ts'
import { table } from './table.ts'
import { printable } from './text.ts'

type Flags = { demo?: boolean; json?: boolean; limit: number }

/** Runs as a table, newest first as they come. */
export const runLines = (runs: readonly RunRow[]): string[] =>
  table(
    [
      { title: 'began' },
      { title: 'mode' },
      { title: 'status' },
      { title: 'proof' },
      { title: 'took', align: 'right' },
      { title: 'seen', align: 'right' },
      { title: 'new', align: 'right' },
      { title: 'changed', align: 'right' },
      { title: 'removed', align: 'right' },
      { title: 'rejected', align: 'right' },
      { title: 'run' },
      // A run that was given up names the cause at the end of a sentence.
      { title: 'reason', max: 200 },
    ],
    runs.map(({ startedAt, mode, status, proof, activeMs, cars, runId, reason }) => [
      moment(startedAt),
      mode,
      status,
      proof,
      duration(activeMs),
      count(cars.seen),
      count(cars.inserted),
      count(cars.updated),
      count(cars.removed),
      count(cars.rejected),
      runId.slice(0, 8),
      printable(reason ?? ''),
    ]),
  )

/** Declares `carsync runs`. */
export const declareRuns = (command: Command, done: (code: number) => void): void => {
  command
    .option('--limit <n>', 'how many, newest first', parseLimitFlag, 20)
    .option('--demo', 'look into the demo database')
    .option('--json', 'print an array of runs on stdout')
    .action(async (flags: Flags) => {
      const { read } = await import('./reading.ts')
      const { healthLine, readHealth, realWorld } = await import('../src/node.ts')
      let health = ''
      const { found, nothing } = await read<RunRow[]>(flags.demo === true, [], async (store, { options }) => {
        health = healthLine(await readHealth(store, options.staleHours, realWorld.now()))
        return store.runs(flags.limit)
      })
      if (flags.json) printJson(found)
      else print(found.length === 0 ? [nothing] : [printable(health), '', ...runLines(found)])
      done(0)
    })
}
