/** The tables of first runs: nothing is known of the limit. */
import type { Table } from '../table.ts'
import { atOnce } from './at-once.ts'
import { faulty } from './faulty.ts'
import { heldOut } from './held-out.ts'
import type { Scenario } from './scenario.ts'
import { tuned } from './table.ts'
import { cellsOf, HEAD, REFERENCE_HEAD, referenceCells, type Trial, tryScenario, verdictOf, worseIn } from './trial.ts'

/** Draws the limits that were not used for tuning, unless BENCH_SEED says another. */
const SEED = 20_261_201

const counted = (trials: readonly Trial[]): string => {
  const [yes, mean] = ['yes', 'mean'].map((word) => trials.filter((trial) => verdictOf(trial) === word).length)
  const lost = trials.reduce((sum, trial) => sum + trial.lost, 0)
  return `${trials.length} rows: ${yes} meet the aim (at most 1.03 of the least, under 1% refused) with every seed, ${mean} by the mean, ${trials.length - yes! - mean!} do not. Pages lost: ${lost}.`
}

const tableOf = (title: string, scenarios: readonly Scenario[], seeds: number, notes: readonly string[]): Table => {
  const trials = scenarios.map((scenario) => tryScenario(scenario, seeds))
  const rows = trials.map((trial) => [...cellsOf(trial), (trial.leastMs / 1000).toFixed(0)])
  return { title, head: [...HEAD, 'least, s'], rows, notes: [...notes, counted(trials)] }
}

const besideReference = (title: string, scenarios: readonly Scenario[], seeds: number, notes: string[]): Table => {
  const trials = scenarios.map((scenario) => tryScenario(scenario, seeds))
  const worse = trials.filter((trial) => worseIn(trial) !== '').length
  return {
    title,
    head: [...HEAD, ...REFERENCE_HEAD],
    rows: trials.map((trial) => [...cellsOf(trial), ...referenceCells(trial)]),
    notes: [
      ...notes,
      counted(trials),
      `Earlier: what a simulation of another design measured (bench/pace/reference.ts). Ours are worse in ${worse} rows, by more than 0.01 of the time or 0.1% refused.`,
    ],
  }
}

export const limitTables = (seeds: number): Table[] => {
  const drawnBy = Number(process.env.BENCH_SEED ?? SEED)
  const limited = tuned().filter(({ limit }) => limit.kind !== 'none')
  return [
    besideReference('Limits that the pace was tuned on', limited, seeds, [
      `1,900 pages, about 155 ms an answer, ${seeds} seeds. bench/pace/bound.ts says what the bounds are.`,
    ]),
    besideReference('Faults on top', faulty(), seeds, [
      `${seeds} seeds. Stragglers: 1% of the answers take twenty times as long. 500s: 1%. Limits move after two fifths of the job. Another tenant asks at random instants.`,
    ]),
    tableOf('Two limits at once', atOnce(), seeds, [
      `${seeds} seeds. What one of the two refuses is counted by neither. Of a cap nothing is announced, nor of what is untold. Bare: what the untold limit refuses says nothing at all.`,
    ]),
    tableOf('Limits that it was not tuned on', heldOut(drawnBy), seeds, [
      `Drawn with seed ${drawnBy} (BENCH_SEED draws others), ${seeds} seeds each.`,
    ]),
  ]
}
