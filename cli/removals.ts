import type { Command } from 'commander'
import { ConfigError, type Decision, decideRemovals, type HeldRun, realWorld, type Store } from '../src/node.ts'
import { tellBusy } from './busy.ts'
import { type CalledAs, calledAs, calledOn } from './called-as.ts'
import { count, counted, moment } from './figure.ts'
import { print, printJson } from './print.ts'
import { readSettings } from './settings.ts'
import { table } from './table.ts'
import { printable } from './text.ts'
import { tendStore } from './with-store.ts'

type Flags = { demo?: boolean; json?: boolean }

/** What is held back as a table, with what can be done about it. `call` names a command as the person would type it. */
export const heldLines = (held: readonly HeldRun[], call: CalledAs): string[] => {
  if (held.length === 0) return ['No removals are held back.']
  const rows = held.flatMap(({ runId, at, cars, segments }) => [
    [runId.slice(0, 8), moment(at), 'in all', count(cars)],
    ...segments.map(({ name, cars: part }) => ['', '', printable(name), count(part)]),
  ])
  const [run] = rows[0]!
  return [
    ...table(
      [{ title: 'run' }, { title: 'held since' }, { title: 'part', max: 30 }, { title: 'cars', align: 'right' }],
      rows,
    ),
    '',
    'These cars are proven gone, but so many at once that somebody should look first. They stay as they are.',
    `  Mark them removed:  ${call(`removals approve ${run}`)}`,
    `  Forget the list:    ${call(`removals discard ${run}`)}`,
  ]
}

/** What was done, as a sentence. */
export const decidedLine = (
  decision: Decision,
  { cars, seenSince }: { cars: number; seenSince: number },
  call: CalledAs,
  run: string,
): string => {
  const many = counted(cars, 'car')
  switch (decision) {
    case 'approve': {
      const stay =
        seenSince === 0
          ? ''
          : ` ${counted(seenSince, 'has been seen since and stays', 'have been seen since and stay')}.`
      return `Marked ${many} removed.${stay} To take it back: ${call(`removals undo ${run}`)}`
    }
    case 'discard':
      return `Forgot ${many}. They count as there; two more full sweeps would have to miss them.`
    case 'undo':
      return `Brought ${many} back. They stay until the source has shown them again, and are judged anew then.`
  }
}

/** The whole id of the run that begins like this. Throws ConfigError where none or several do. */
export const runNamed = (given: string, runIds: readonly string[], what: string): string => {
  const matches = runIds.filter((id) => id.startsWith(given.toLowerCase()))
  if (matches.length === 1) return matches[0]!
  const known = runIds.slice(0, 5).map((id) => id.slice(0, 8))
  const which = known.length === 0 ? `There is no ${what}` : `There are: ${known.join(', ')}`
  throw new ConfigError(
    `Wanted the id of one ${what}, or its beginning; ${matches.length === 0 ? 'none' : 'more than one'} begins with "${printable(given)}". ${which}.`,
  )
}

const candidates = async (store: Store, decision: Decision): Promise<string[]> =>
  decision === 'undo'
    ? (await store.runs(1000)).map(({ runId }) => runId)
    : (await store.heldRemovals()).map(({ runId }) => runId)

const decide = async (decision: Decision, given: string, flags: Flags): Promise<number> => {
  const settings = await readSettings({}, flags.demo === true)
  return tendStore(settings, async (store, who) => {
    const what = decision === 'undo' ? 'run' : 'run with removals held back'
    const runId = runNamed(given, await candidates(store, decision), what)
    const answer = await decideRemovals(store, realWorld, who, decision, runId)
    if (answer.kind === 'held') return tellBusy(answer, flags.json === true)
    if (flags.json) printJson({ decision, runId, ...answer.result })
    else
      print([decidedLine(decision, answer.result, calledOn(calledAs(process), flags.demo === true), runId.slice(0, 8))])
    return 0
  })
}

const DECISIONS: Readonly<Record<Decision, string>> = {
  approve: 'mark what is held of this run as removed, but for cars seen since',
  discard: 'forget what is held of this run; these cars have to be proven gone anew',
  undo: 'bring back what this run marked removed; it is exempt until the source has shown it again',
}

/** Declares `carsync removals`. */
export const declareRemovals = (command: Command, done: (code: number) => void): void => {
  const shared = (each: Command): Command =>
    each.option('--demo', 'work on the demo database').option('--json', 'print one JSON value on stdout')
  shared(command).action(async (flags: Flags) => {
    const { read } = await import('./reading.ts')
    const { found, begun, nothing } = await read<HeldRun[]>(flags.demo === true, [], (store) => store.heldRemovals())
    if (flags.json) printJson(found)
    else print(begun ? heldLines(found, calledOn(calledAs(process), flags.demo === true)) : [nothing])
    done(0)
  })
  for (const [decision, summary] of Object.entries(DECISIONS))
    shared(command.command(`${decision} <run>`).description(summary)).action(
      async (run: string, _flags: Flags, sub: Command) =>
        done(await decide(decision as Decision, run, sub.optsWithGlobals())),
    )
}
