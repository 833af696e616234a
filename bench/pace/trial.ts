/** A scenario run with several seeds, and the row of a table that says what came of it. */
import { REFERENCE, type Reference } from './reference.ts'
import type { Scenario } from './scenario.ts'
import { type Result, simulate } from './simulate.ts'

export type Spread = { mean: number; worst: number }

export type Trial = {
  scenario: Scenario
  /** Times the bounds of `bound.ts`. */
  plain: Spread
  least: Spread
  /** The mean of the bound. */
  leastMs: number
  /** Refused per request, as a share. */
  refused: Spread
  /** Runs that were given up. */
  givenUp: number
  /** Pages that runs which were not given up have not read. */
  lost: number
}

/** What is aimed at: times the least, and the share refused. */
export const AIM = { least: 1.03, refused: 0.01 }

export const spreadOf = (values: readonly number[]): Spread => ({
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  worst: Math.max(...values),
})

/** Pages that were not read although the run went on until there was nothing left to do. */
export const lostOf = ({ left, givenUp }: Pick<Result, 'left' | 'givenUp'>): number => (givenUp ? 0 : left.length)

export const tryScenario = (scenario: Scenario, seeds: number): Trial => {
  const runs = Array.from({ length: seeds }, (_, i): Result => simulate(scenario, i + 1))
  return {
    scenario,
    plain: spreadOf(runs.map(({ ms, plainMs }) => ms / plainMs)),
    least: spreadOf(runs.map(({ ms, leastMs }) => ms / leastMs)),
    leastMs: spreadOf(runs.map(({ leastMs }) => leastMs)).mean,
    refused: spreadOf(runs.map(({ refused, requests }) => refused / requests)),
    givenUp: runs.filter(({ givenUp }) => givenUp).length,
    lost: runs.reduce((sum, run) => sum + lostOf(run), 0),
  }
}

export const times = (value: number): string => value.toFixed(3)
export const percent = (share: number): string => `${(100 * share).toFixed(2)}%`

const missed = (least: number, refused: number): string =>
  [...(least > AIM.least ? ['time'] : []), ...(refused >= AIM.refused ? ['refused'] : [])].join(', ')

/** Whether the aim is met: by every seed, by the mean only, or by what it is missed. */
export const verdictOf = ({ least, refused, givenUp }: Pick<Trial, 'least' | 'refused' | 'givenUp'>): string => {
  if (givenUp > 0) return `no: ${givenUp} given up`
  const byMean = missed(least.mean, refused.mean)
  if (byMean !== '') return `no: ${byMean}`
  return missed(least.worst, refused.worst) === '' ? 'yes' : 'mean'
}

/** Differences below these are chance: a hundredth of the time, a tenth of a percent of the requests. */
const CHANCE = { time: 0.01, refused: 0.001 }

const referenceOf = ({ name, tells }: Scenario): Reference | null => REFERENCE[name]?.[tells] ?? null

/** In what we are worse than the reference: compared by the least where both know it, since that knows the phase. */
export const worseIn = ({ scenario, plain, least, refused }: Trial): string => {
  const reference = referenceOf(scenario)
  if (reference === null) return ''
  const [itsPlain, itsLeast, itsRefused] = reference
  const isSlower = itsLeast === null ? plain.mean > itsPlain + CHANCE.time : least.mean > itsLeast + CHANCE.time
  const isRefused = itsRefused !== null && refused.mean > itsRefused / 100 + CHANCE.refused
  return [...(isSlower ? ['time'] : []), ...(isRefused ? ['refused'] : [])].join(', ')
}

export const HEAD = ['source', 'tells', 'time/plain', 'time/least', 'worst', 'refused', 'worst', 'aim', 'lost'] as const

export const cellsOf = (trial: Trial): (string | number)[] => {
  const { scenario, plain, least, refused, lost } = trial
  return [
    scenario.name,
    scenario.tells,
    times(plain.mean),
    times(least.mean),
    times(least.worst),
    percent(refused.mean),
    percent(refused.worst),
    verdictOf(trial),
    lost,
  ]
}

export const REFERENCE_HEAD = ['earlier: time/plain', 'time/least', 'refused', 'worse'] as const

export const referenceCells = (trial: Trial): string[] => {
  const reference = referenceOf(trial.scenario)
  if (reference === null) return ['', '', '', '']
  const [plain, least, refused] = reference
  return [
    times(plain),
    least === null ? '' : times(least),
    refused === null ? '' : `${refused.toFixed(2)}%`,
    worseIn(trial),
  ]
}
