/** A source without a limit: there is no bound but how quickly the pace dares to widen. */
import { type Table, thousands } from '../table.ts'
import { MOST_IN_FLIGHT } from './bound.ts'
import { type Scenario, scenario } from './scenario.ts'
import { type Result, simulate } from './simulate.ts'
import { lostOf, spreadOf, times } from './trial.ts'

const at = (name: string, wayMs: number, serviceMs: number): Scenario =>
  scenario(name, { kind: 'none' }, 'silent', { wayMs, serviceMs, jitterMs: wayMs / 10 })

const SOURCES = [at('5 ms', 1, 3), at('150 ms', 20, 110), at('600 ms', 50, 500)]

const STEP_MS = 100

/** The most requests sent in a tenth of the first second, as a rate. */
const reached = ({ trace }: Result): number => {
  const steps = Array.from({ length: 1000 / STEP_MS }, () => 0)
  for (const { at } of trace) if (at < 1000) steps[Math.floor(at / STEP_MS)]!++
  return (Math.max(...steps) * 1000) / STEP_MS
}

export const noLimitTable = (seeds: number): Table => ({
  title: 'No limit',
  head: [
    'latency',
    'requests a second, reached in the first second',
    'seconds',
    `times ${MOST_IN_FLIGHT} in flight from the start`,
    'lost',
  ],
  rows: SOURCES.map((source) => {
    const runs = Array.from({ length: seeds }, (_, i) => simulate(source, i + 1))
    return [
      source.name,
      thousands(spreadOf(runs.map(reached)).mean),
      spreadOf(runs.map(({ ms }) => ms / 1000)).mean.toFixed(1),
      times(spreadOf(runs.map(({ ms, leastMs }) => ms / leastMs)).mean),
      runs.reduce((sum, run) => sum + lostOf(run), 0),
    ]
  }),
  notes: [
    `1,900 pages, means of ${seeds} seeds. The pace is cautious with a source that it does not know: a limit that nobody announced refuses all that is in flight.`,
  ],
})
