/** The table of runs that begin with what an earlier one learned. */
import type { Table } from '../table.ts'
import type { Scenario } from './scenario.ts'
import { type Again, secondRun, sources, takeOver } from './second-run.ts'
import { percent, type Spread, spreadOf, times } from './trial.ts'

/** What is aimed at: the share refused. */
const AIM = 0.003

const spreads = (runs: readonly Again[]): { least: Spread; refused: Spread; lost: number } => ({
  least: spreadOf(runs.map(({ ms, leastMs }) => ms / leastMs)),
  refused: spreadOf(runs.map(({ refused, requests }) => refused / requests)),
  lost: runs.reduce((sum, { lost }) => sum + lost, 0),
})

const cells = (scenario: Scenario, seeds: readonly number[], run: typeof secondRun): (string | number)[] => {
  const { least, refused, lost } = spreads(seeds.map((seed) => run(scenario, seed)))
  const verdict = refused.worst < AIM ? 'yes' : refused.mean < AIM ? 'mean' : 'no'
  return [times(least.mean), percent(refused.mean), percent(refused.worst), verdict, lost]
}

export const secondRunTable = (howMany: number): Table => {
  const seeds = Array.from({ length: howMany }, (_, i) => i + 1)
  return {
    title: 'With what an earlier run learned',
    head: [
      'source',
      'tells',
      ...['second: time/least', 'refused', 'worst', 'aim', 'lost'],
      ...['after a kill: time/least', 'refused', 'worst', 'aim', 'lost'],
    ],
    rows: sources().map((scenario) => [
      scenario.name,
      scenario.tells,
      ...cells(scenario, seeds, secondRun),
      ...cells(scenario, seeds, takeOver),
    ]),
    notes: [
      `Means and worst of ${howMany} seeds. Second: one to two hours after a run of the same 1,900 pages, 520 of the limits of 2 to 4 s. After a kill: at any instant between a tenth and nine tenths of the job; what was learned is up to 3 s old, the successor comes within 30 s, the limiter remembers, and only the successor's part is counted. The aim is less than ${percent(AIM)} refused.`,
    ],
  }
}
