import type { Command } from 'commander'
import type { Concern, StatusReport } from '../src/node.ts'
import { count, counted, moment, range } from './figure.ts'
import { type Paint, paintFor } from './paint.ts'
import { print, printJson } from './print.ts'
import { driftLines, summaryLines } from './summary-lines.ts'
import { table } from './table.ts'
import { printable } from './text.ts'

type Flags = { demo?: boolean; json?: boolean }

const segmentLines = (segments: StatusReport['segments']): string[] =>
  segments.length < 2
    ? []
    : [
        '',
        ...table(
          [
            { title: 'part', max: 30 },
            { title: 'cars', align: 'right' },
            { title: 'of', align: 'right' },
          ],
          segments.map(({ name, done, total }) => [printable(name), count(done), total === null ? '?' : count(total)]),
        ).map((line) => `  ${line}`),
      ]

/** Who is at it; a process that was killed leaves its name behind. */
const holderLine = ({ holder, since, expiresAt }: NonNullable<StatusReport['lease']>, now: number): string =>
  expiresAt !== null && Date.parse(expiresAt) > now
    ? `Held by ${printable(holder)} since ${moment(since)}`
    : `Begun by ${printable(holder)} at ${moment(since)}, which gives no sign of life; the next sync takes over`

/** A status report as lines at `now`; `health` is the first of them, `named` what its name means where that has to be said. */
export const statusLines = (
  report: StatusReport,
  health: string,
  named: string | null,
  paint: Paint,
  now: number,
): string[] => {
  const when = report.finishedAt === null ? '' : `, ended ${moment(report.finishedAt)}`
  const { lease, learned } = report
  const known =
    learned.requestsPerSecond === null ? 'no limit in requests/s' : `${learned.requestsPerSecond} requests/s`
  const limit = learned.seeking ? 'the limit is not known yet' : known
  const why = learned.why === '' ? '' : `: ${printable(learned.why)}`
  return [
    printable(health),
    '',
    `${paint('bold', report.source)}: ${report.mode} run ${report.status}${report.status === 'running' ? ` (${report.phase})` : ''}`,
    `Began ${moment(report.startedAt)}${when}${report.resumed ? ', resumed' : ''}. Run ${report.runId}`,
    ...(named === null ? [] : [printable(named)]),
    ...(report.reason === undefined ? [] : [printable(report.reason)]),
    ...(lease === undefined ? [] : [holderLine(lease, now)]),
    ...(report.etaMs === null ? [] : [`${range(report.etaMs)} left`]),
    '',
    ...summaryLines(report, paint),
    ...segmentLines(report.segments),
    ...driftLines(report),
    '',
    `Learned: ${limit}, ${learned.concurrency} at a time, ${counted(learned.pageSize, 'car')} a page${why}`,
    ...(report.heldRemovals > 0 ? [`Removals held back: ${count(report.heldRemovals)}`] : []),
  ]
}

/** Declares `carsync status`. */
export const declareStatus = (command: Command, done: (code: number) => void): void => {
  command
    .option('--demo', 'look into the demo database')
    .option('--json', 'print the summary object, with phase, ETA and lease, on stdout')
    .action(async (flags: Flags) => {
      const { read } = await import('./reading.ts')
      const { healthLine, ownName, readHealth, realWorld } = await import('../src/node.ts')
      type Found = (StatusReport & { health: Concern[] }) | null
      const { found, nothing } = await read<Found>(flags.demo === true, null, async (store, { options }) => {
        const report = await store.report()
        return report && { ...report, health: await readHealth(store, options.staleHours, realWorld.now()) }
      })
      if (flags.json) printJson(found)
      else
        print(
          found === null
            ? [nothing]
            : statusLines(
                found,
                healthLine(found.health),
                ownName(found.source),
                paintFor(process.stdout, process.env),
                realWorld.now(),
              ),
        )
      done(0)
    })
}
