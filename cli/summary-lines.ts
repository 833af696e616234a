import type { StatusReport } from '../src/node.ts'
import { count, counted, duration, rate } from './figure.ts'
import type { Paint, Tone } from './paint.ts'
import { padEnd, padStart, printable, widthOf } from './text.ts'

type Figures = Pick<
  StatusReport,
  'mode' | 'cars' | 'pages' | 'requests' | 'rate' | 'proof' | 'status' | 'durationMs' | 'activeMs' | 'learned'
>
type Row = [label: string, figure: string, remark?: string, tone?: Tone]

const requestsRemark = ({ limited, failed, retried }: Figures['requests']): string =>
  [
    [limited, 'refused for speed'],
    [failed, 'failed'],
    [retried, 'made again'],
  ]
    .filter(([number]) => Number(number) > 0)
    .map(([number, what]) => `${count(Number(number))} ${what}`)
    .join(', ')

const PROOF = {
  exact: 'shown to have seen every car of the source',
  none: 'not shown to have seen every car of the source',
} as const

const DRIFT_SHOWN = 3

/** What the source has changed about its records, for people; nothing where all is as known. */
export const driftLines = ({ drift = {} }: Pick<StatusReport, 'drift'>): string[] => {
  const findings = Object.entries(drift)
  if (findings.length === 0) return []
  const shown = findings
    .slice(0, DRIFT_SHOWN)
    .map(([what, times]) => `  ${printable(what)} (${counted(times, 'record')})`)
  const more = findings.length - shown.length
  return [
    'The source has changed what it sends. All of it is in the column raw, and nothing is lost:',
    ...shown,
    ...(more > 0 ? [`  and ${more} more; all with --json`] : []),
  ]
}

/** An incremental run does not try to see every car: that it did not is no cause for alarm. */
const proofRemark = ({ mode, status, proof }: Figures): string => {
  if (status !== 'complete') return ''
  return mode === 'incremental' ? 'only what changed was read; a full sweep proves' : PROOF[proof]
}

const paceOf = ({ requestsPerSecond, seeking }: Figures['learned']): string => {
  if (seeking) return 'seeking'
  return requestsPerSecond === null ? 'open' : `${rate(requestsPerSecond)}/s`
}

/** The counts of a run as a short aligned table. */
export const summaryLines = (summary: Figures, paint: Paint): string[] => {
  const { cars, pages, requests, learned } = summary
  // A resumed run took longer than this process did.
  const all = summary.activeMs > summary.durationMs + 1000 ? `${duration(summary.activeMs)} in all` : ''
  const rows: Row[] = [
    ['Cars seen', count(cars.seen)],
    ['  new', count(cars.inserted)],
    ['  changed', count(cars.updated)],
    ['  unchanged', count(cars.unchanged)],
    ['  removed', count(cars.removed)],
    ['  rejected', count(cars.rejected), '', cars.rejected > 0 ? 'yellow' : undefined] as Row,
    ['Pages', count(pages.done), pages.total === null ? 'of an unknown number' : `of ${count(pages.total)}`],
    ['Requests', count(requests.total), requestsRemark(requests)],
    ['Pace', paceOf(learned), printable(learned.why)],
    ['Duration', duration(summary.durationMs), all],
    cars.seen === 0
      ? ['Speed', '–']
      : ['Speed', `${rate(summary.rate.carsPerSecond)}/s`, `${counted(summary.rate.carsPerMinute, 'car')} a minute`],
    ['Proof', summary.proof, proofRemark(summary)],
  ]
  const labels = Math.max(...rows.map(([label]) => widthOf(label)))
  const figures = Math.max(...rows.map(([, figure]) => widthOf(figure)))
  return rows.map(([label, figure, remark, tone]) => {
    const shown = padStart(figure, figures)
    const line = `  ${paint('dim', padEnd(label, labels))}  ${tone ? paint(tone, shown) : shown}`
    return remark ? `${line}  ${paint('dim', remark)}` : line
  })
}
