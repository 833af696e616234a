/** The real arithmetic: 190,000 cars behind a request a second that nobody announced. */
import { type Table, thousands } from '../table.ts'
import { scenario, type Tells } from './scenario.ts'
import { simulate } from './simulate.ts'
import { bucket } from './table.ts'
import { lostOf, percent, spreadOf, times } from './trial.ts'

const CARS = 190_000
/** Cars a page, and the minutes in which it must be done. */
const JOBS = [
  { pageSize: 50, mostMinutes: 70 },
  { pageSize: 1000, mostMinutes: 4 },
]
const TOLD: readonly Tells[] = ['silent', 'retry-after']

export const arithmeticTable = (seeds: number): Table => ({
  title: '190,000 cars behind one request a second',
  head: [
    'cars a page',
    'pages',
    'tells',
    'minutes',
    'worst',
    'at most',
    'met',
    'time/least',
    'refused',
    'cars a minute',
    'lost',
  ],
  rows: JOBS.flatMap(({ pageSize, mostMinutes }) =>
    TOLD.map((tells) => {
      const pages = CARS / pageSize
      const runs = Array.from({ length: seeds }, (_, i) =>
        simulate(scenario('bucket 1/s burst 1', bucket(1, 1), tells, { pages }), i + 1),
      )
      const minutes = spreadOf(runs.map(({ ms }) => ms / 60_000))
      return [
        pageSize,
        thousands(pages),
        tells,
        minutes.mean.toFixed(2),
        minutes.worst.toFixed(2),
        mostMinutes,
        minutes.worst < mostMinutes ? 'yes' : 'no',
        times(spreadOf(runs.map(({ ms, leastMs }) => ms / leastMs)).mean),
        percent(spreadOf(runs.map(({ refused, requests }) => refused / requests)).mean),
        thousands(CARS / minutes.mean),
        runs.reduce((sum, run) => sum + lostOf(run), 0),
      ]
    }),
  ),
  notes: [`A bucket of one token, filled once a second. Means of ${seeds} seeds.`],
})
