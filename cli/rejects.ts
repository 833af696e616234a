import type { Command } from 'commander'
import { type RejectRow, type Replayed, realWorld, replayRejects, sourceNamed } from '../src/node.ts'
import { tellBusy } from './busy.ts'
import { count, counted, moment } from './figure.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { print, printJson } from './print.ts'
import { readSettings } from './settings.ts'
import { table } from './table.ts'
import { printable } from './text.ts'
import { tendStore } from './with-store.ts'

type Flags = { demo?: boolean; json?: boolean; limit: number }

/** Rejected records as a table; the payloads whole are in `--json`. */
export const rejectLines = (rejects: readonly RejectRow[]): string[] => {
  if (rejects.length === 0) return ['No record is rejected.']
  return table(
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
      `${printable(segment)} page ${page} row ${position + 1}`,
      printable(sourceId ?? '-'),
      printable(reason),
      printable(path),
      // A payload may be megabytes: no more of it is looked at than can be shown.
      printable(payload.slice(0, 200)),
    ]),
  )
}

/** What reading them again came to, as a sentence. */
export const replayedLine = ({ read, stored, settled, rejected }: Replayed): string => {
  if (read === 0) return 'No record is rejected: there is nothing to read again.'
  const parts = [
    `${count(stored)} stored`,
    ...(settled > 0 ? [`${count(settled)} settled, for a later read of the car is stored`] : []),
    `${count(rejected)} still rejected`,
  ]
  return `Read ${counted(read, 'rejected record')} again: ${parts.join(', ')}.`
}

const replay = async (flags: Flags): Promise<number> => {
  const settings = await readSettings({}, flags.demo === true)
  const { options } = settings
  return tendStore(settings, async (store, who) => {
    const answer = await replayRejects(store, realWorld, who, sourceNamed(options.source), options.raw)
    if (answer.kind === 'held') return tellBusy(answer, flags.json === true)
    if (flags.json) printJson(answer.result)
    else print([replayedLine(answer.result)])
    if (!who.stop.aborted) return 0
    console.error('Stopped. What was settled stays so; the rest waits for the next time.')
    return 3
  })
}

/** Declares `carsync rejects`. */
export const declareRejects = (command: Command, done: (code: number) => void): void => {
  command
    .command('replay')
    .description('read rejected records again, from what was kept of them, and store what can be read now')
    .option('--demo', 'work on the demo database')
    .option('--json', 'print one JSON object on stdout')
    .action(async (_flags: Flags, sub: Command) => done(await replay(sub.optsWithGlobals())))
  command
    .option('--limit <n>', 'how many, newest first', parseLimitFlag, 20)
    .option('--demo', 'look into the demo database')
    .option('--json', 'print an array of rejected records, with their payloads, on stdout')
    .action(async (flags: Flags) => {
      const { read } = await import('./reading.ts')
      const { found, begun, nothing } = await read<RejectRow[]>(flags.demo === true, [], (store) =>
        store.rejects(flags.limit),
      )
      if (flags.json) printJson(found)
      else print(begun ? rejectLines(found) : [nothing])
      done(0)
    })
}
