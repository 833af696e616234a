import type { Command } from 'commander'
import type { RejectRow } from '../src/node.ts'
import { moment } from './figure.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { print, printJson } from './print.ts'
import { table } from './table.ts'
import { printable } from './text.ts'

type Flags = { demo?: boolean; json?: boolean; limit: number }

/** Rejected records as a table; the payloads whole are in `--json`. */
export const rejectLines = (rejects: readonly RejectRow[]): string[] =>
  table(
    [
      { title: 'id', align: 'right' },
      { title: 'at' },
      { title: 'place', max: 30 },
      { title: 'car', max: 20 },
      { title: 'reason', max: 60 },
      { title: 'path', max: 30 },
      { title: 'payload', max: 60 },
    ],
    rejects.map(({ id, at, segment, page, position, sourceId, reason, path, payload }) => [
      id,
      moment(at),
      `${printable(segment)} page ${page} row ${position}`,
      printable(sourceId ?? '-'),
      printable(reason),
      printable(path),
      // A payload may be megabytes: no more of it is looked at than can be shown.
      printable(payload.slice(0, 200)),
    ]),
  )

/** Declares `carsync rejects`. */
export const declareRejects = (command: Command, done: (code: number) => void): void => {
  command
    .option('--limit <n>', 'how many, newest first', parseLimitFlag, 20)
    .option('--demo', 'look into the demo database')
    .option('--json', 'print an array of rejected records, with their payloads, on stdout')
    .action(async (flags: Flags) => {
      const { read } = await import('./reading.ts')
      const { found } = await read<RejectRow[]>(flags.demo === true, [], (store) => store.rejects(flags.limit))
      if (flags.json) printJson(found)
      else print(found.length === 0 ? ['No record is rejected.'] : rejectLines(found))
      done(0)
    })
}
