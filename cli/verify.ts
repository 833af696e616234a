import type { Command } from 'commander'
import { realWorld, type Store, type Verified, verify } from '../src/node.ts'
import { type CalledAs, calledAs, calledOn } from './called-as.ts'
import { startDemo } from './demo.ts'
import { count, counted } from './figure.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { print, printJson } from './print.ts'
import { readFrom } from './reading.ts'
import { readSettings, sourceFor } from './settings.ts'
import { printable } from './text.ts'
import { whileWaiting } from './waiting.ts'

type Flags = { demo?: boolean; json?: boolean; sample: number; seed?: string }

/**
 * What helps against faults. A row that somebody has edited keeps the fingerprint of the record that it was made of, so that a sweep takes it
 * for unchanged.
 */
const adviceLines = (call: CalledAs): string[] => [
  `To mend it: ${call('sync --full')}, then verify again.`,
  'What differs even then was edited in the table, and stays so until the source changes the car: delete its row and do the same.',
]

/** Of one kind so many are told each, where it is a fault, or else: many together are a figure, with examples. */
const MOST = { fault: 20, other: 3 } as const

/** A line for each finding, faults first; of many of one kind the first few, and how many there are. */
const findingLines = ({ differences, notVerified }: Verified): string[] => {
  const found = [
    ...differences.map(({ fault, kind, sourceId, message }) => ({
      head: `${fault ? 'fault' : 'note'}  ${kind}`,
      rest: `${printable(sourceId ?? '')}  ${printable(message)}`,
    })),
    ...notVerified.map(({ sourceId, why }) => ({
      head: 'unknown  not-verified',
      rest: `${printable(sourceId ?? '')}  ${printable(why)}`,
    })),
  ]
  const kinds = Map.groupBy(found, ({ head }) => head)
  const isFault = (head: string): boolean => head.startsWith('fault')
  const heads = [...kinds.keys()].sort((a, b) => Number(isFault(b)) - Number(isFault(a)))
  return heads.flatMap((head) => {
    const all = kinds.get(head)!.map(({ rest }) => `${head}  ${rest}`)
    const most = isFault(head) ? MOST.fault : MOST.other
    // A line that says that there is one more is no shorter than that one.
    if (all.length <= most + 1) return all
    return [
      ...all.slice(0, most),
      `${head}  and ${count(all.length - most)} more like these, ${count(all.length)} in all; --json tells each`,
    ]
  })
}

/** What was found, the judgement first. */
export const verifyLines = (found: Verified, call: CalledAs): string[] => {
  const faults = faultsIn(found)
  const unknown = found.notVerified.length + found.notAsked
  const well =
    unknown === 0
      ? 'All is well: nothing differs that is a fault.'
      : 'Not all could be verified; of what could, nothing differs that is a fault.'
  return [
    faults === 0 ? well : `Not well: ${counted(faults, 'fault')}.`,
    `The source has ${found.total === null ? 'an unknown number of cars' : counted(found.total, 'car')}, stored are ${count(found.stored)}, rejected ${count(found.rejects)}.`,
    `Compared ${counted(found.compared, 'car')} field by field, asked for ${count(found.askedById)} by id: ${counted(found.requests, 'request')} (${count(found.budget)} planned), seed ${found.seed}.`,
    ...findingLines(found),
    ...(found.notAsked === 0
      ? []
      : [`Not asked for ${count(found.notAsked)} more, because so many in a row had failed.`]),
    ...(faults === 0 ? [] : adviceLines(call)),
  ]
}

const faultsIn = ({ differences }: Verified): number => differences.filter(({ fault }) => fault).length

/** A fault that was found counts for more than what the source did not show. */
export const verifyCode = (found: Verified): 0 | 1 | 3 => {
  if (found.ok) return 0
  return faultsIn(found) > 0 ? 1 : 3
}

/** Where nothing was ever synced the source is not asked either. */
const neverSynced = (seed: string, message: string): Verified => ({
  ok: false,
  seed,
  budget: 0,
  requests: 0,
  total: null,
  stored: 0,
  rejects: 0,
  compared: 0,
  askedById: 0,
  differences: [{ kind: 'count', fault: true, sourceId: null, message }],
  notVerified: [],
  notAsked: 0,
})

/** Declares `carsync verify`. */
export const declareVerify = (command: Command, done: (code: number) => void): void => {
  command
    .option('--sample <n>', 'how many cars to compare, and to ask for by id', parseLimitFlag, 200)
    .option('--seed <text>', 'picks the same sample again')
    .option('--demo', 'compare the demo database with the demo')
    .option('--json', 'print one object on stdout')
    .action(async (flags: Flags) => {
      const settings = await readSettings({}, flags.demo === true)
      const source = sourceFor(settings)
      const seed = flags.seed ?? Math.floor(realWorld.random() * 1e9).toString(36)
      const compare = async (store: Store): Promise<Verified> => {
        const demo = settings.demo === null ? null : await startDemo()
        try {
          const options = demo === null ? settings.options : { ...settings.options, apiBaseUrl: demo.url }
          const host = options.apiBaseUrl === null ? 'the source' : new URL(options.apiBaseUrl).host
          return await whileWaiting(`comparing with ${host}, as fast as it lets us`, process.stderr, process.env, () =>
            verify(options, realWorld, store, { source, sample: flags.sample, seed }),
          )
        } finally {
          await demo?.close()
        }
      }
      const { found, nothing } = await readFrom<Verified | null>(settings, null, compare)
      if (flags.json) printJson(found ?? neverSynced(seed, nothing))
      else print(found === null ? [nothing] : verifyLines(found, calledOn(calledAs(process), flags.demo === true)))
      done(found === null ? 1 : verifyCode(found))
    })
}
