/** What a person reads when a sync is over: how it ended, the counts, and what to do next. Pure. */
import type { Summary } from '../src/node.ts'
import { type CalledAs, calledOn } from './called-as.ts'
import { count, counted, duration, moment } from './figure.ts'
import type { Paint } from './paint.ts'
import { driftLines, summaryLines } from './summary-lines.ts'
import { printable } from './text.ts'

export type EndingContext = {
  demo: 'asked' | 'unconfigured' | null
  /** No database is configured: the cars are in a folder. */
  embedded: boolean
  dryRun: boolean
  schema: string
  call: CalledAs
}

/** The engine's reason as a sentence behind another. */
const reasonOf = ({ reason }: Summary): string => {
  const text = printable(reason ?? '').trim()
  return text === '' ? '' : ` ${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

const dryHeadOf = ({ cars, pages }: Summary, paint: Paint): string => {
  const all =
    pages.total === null ? 'The source does not say how many pages it has' : `${counted(pages.total, 'page')} in all`
  const page = `the first page has ${counted(cars.seen, 'car')} that can be stored and ${count(cars.rejected)} that cannot`
  return `${paint('bold', 'Dry run:')} nothing was written. ${all}; ${page}.`
}

const headOf = (summary: Summary, { dryRun }: EndingContext, paint: Paint): string => {
  const took = duration(summary.durationMs)
  switch (summary.status) {
    case 'complete':
      if (dryRun) return dryHeadOf(summary, paint)
      return `${paint('green', '✓')} ${paint('bold', 'Complete')} in ${took}.${summary.mode === 'incremental' ? ' What changed since the last run was read; --full reads everything.' : ''}`
    case 'incomplete':
      return `${paint('yellow', '•')} ${paint('bold', 'Incomplete')} after ${took}.${reasonOf(summary)}`
    case 'failed':
      return `${paint('red', '✗')} ${paint('bold', 'Failed')} after ${took}.${reasonOf(summary)}`
    case 'busy': {
      const { lease } = summary
      const who = lease
        ? `${printable(lease.holder)} has been syncing since ${moment(lease.since)}`
        : 'Another process is at it'
      const done = summary.runId === '' ? ' Nothing was done.' : reasonOf(summary)
      return `${paint('yellow', '•')} ${paint('bold', 'Busy.')} ${who}.${done}`
    }
  }
}

const queryAdvice = ({ embedded, schema }: EndingContext): string[] =>
  embedded
    ? ['The cars are in .carsync/db. To query them with SQL, set DATABASE_URL to a Postgres and run it again.']
    : [
        'Query them, for example:',
        `  psql "$DATABASE_URL" -c 'select make, count(*) from ${schema}.cars where removed_at is null group by 1 order by 2 desc'`,
      ]

const demoAdvice = ({ call }: EndingContext): string[] => [
  'This was the demo: invented cars, in .carsync/demo. To mirror a real API, set these (in the environment or in .env):',
  '  API_BASE_URL=https://auctionsapi.com/api',
  '  API_KEY=your-key',
  '  DATABASE_URL=postgres://user:password@host:5432/postgres',
  `and run: ${call('sync')}`,
]

/** The next steps, most pressing first. */
const adviceOf = (summary: Summary, context: EndingContext): string[] => {
  const { demo } = context
  const call = calledOn(context.call, demo === 'asked')
  const advice: string[] = []
  if (summary.status === 'busy') advice.push(`See how far it is: ${call('status')}`)
  if (summary.status === 'incomplete') advice.push(`Run it again, it goes on from here: ${call('sync')}`)
  if (summary.status === 'failed') advice.push(`Find out what is wrong: ${call('doctor')}`)
  if (summary.heldRemovals > 0)
    advice.push(
      `${counted(summary.heldRemovals, 'removal is', 'removals are')} held back: more cars are gone than is usual. They stay as they are.`,
      `Look at them: ${call('removals')}`,
    )
  if (summary.cars.rejected > 0 && !context.dryRun)
    advice.push(`Look at the ${count(summary.cars.rejected)} rejected: ${call('rejects')}`)
  if (summary.status !== 'complete') return advice
  if (context.dryRun) advice.push(`Do it: ${call('sync')}`)
  else advice.push(...(demo === null ? queryAdvice(context) : demoAdvice(context)))
  return advice
}

/** All lines of the end. */
export const endingLines = (summary: Summary, context: EndingContext, paint: Paint): string[] => {
  const drift = driftLines(summary)
  const counts =
    summary.runId === '' || context.dryRun
      ? []
      : ['', ...summaryLines(summary, paint), ...(drift.length > 0 ? ['', ...drift] : [])]
  const advice = adviceOf(summary, context)
  return ['', headOf(summary, context, paint), ...counts, ...(advice.length > 0 ? ['', ...advice] : [])]
}
