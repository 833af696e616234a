/** Limits, latencies and tells drawn at random, which the pace was not tuned on. The same seed draws the same ones. */
import { pick, randomStream } from '../../demo/random.ts'
import { type Scenario, scenario, TELLS } from './scenario.ts'
import { bucket, fixed, sliding } from './table.ts'

const HOW_MANY = 40
/** How often each kind comes, of all. */
const KINDS = ['bucket', 'bucket', 'bucket', 'bucket', 'fixed', 'fixed', 'fixed', 'sliding', 'cap', 'queue'] as const
/** A third of the job: a quota that the job does not use up is no limit. */
const MOST_QUOTA = 600
const WINDOWS_S = [1, 2, 5, 10, 15, 30, 60, 60, 120, 300, 900, 3600]

type Draw = {
  /** Even in the logarithm, so that 1 to 10 comes as often as 10 to 100. */
  between(low: number, high: number): number
  random: () => number
}

const figure = (value: number): number => Number(value.toPrecision(2))

const limitOf = ({ between, random }: Draw): Pick<Scenario, 'name' | 'limit'> => {
  const kind = pick(KINDS, random)
  switch (kind) {
    case 'bucket': {
      const rate = figure(between(0.5, 80))
      const burst = Math.max(1, Math.round(between(0.8, 100)))
      return { name: `bucket ${rate}/s burst ${burst}`, limit: bucket(rate, burst) }
    }
    case 'fixed':
    case 'sliding': {
      const seconds = pick(WINDOWS_S, random)
      const quota = Math.min(MOST_QUOTA, Math.max(5, Math.round(figure(seconds * between(0.5, 40)))))
      if (kind === 'sliding') return { name: `sliding ${quota} in ${seconds} s`, limit: sliding(quota, seconds) }
      const phaseMs = Math.floor(random() * seconds * 1000)
      return { name: `fixed ${quota} in ${seconds} s`, limit: fixed(quota, seconds, phaseMs) }
    }
    case 'cap': {
      const cap = Math.round(between(2, 24))
      return { name: `at most ${cap} at once`, limit: { kind: 'concurrency', cap } }
    }
    case 'queue': {
      const servers = Math.round(between(2, 24))
      const thrashAt = random() < 0.5 ? null : Math.round(servers * between(1.5, 4))
      const thrashing = thrashAt === null ? '' : `, thrashing above ${thrashAt}`
      return { name: `${servers} servers${thrashing}`, limit: { kind: 'queue', servers, thrashAt } }
    }
  }
}

export const heldOut = (seed: number): Scenario[] => {
  const random = randomStream(seed)
  const between = (low: number, high: number): number => low * (high / low) ** random()
  return Array.from({ length: HOW_MANY }, () => {
    const { name, limit } = limitOf({ between, random })
    const wayMs = figure(between(1, 80))
    const serviceMs = figure(between(8, 500))
    const jitterMs = figure(wayMs * between(0.03, 0.4))
    // A queue tells nothing: it refuses nothing.
    const tells = limit.kind === 'queue' ? 'silent' : pick(TELLS, random)
    const latency = `${Math.round(2 * wayMs + serviceMs)} ms`
    return scenario(`${name}, ${latency}`, limit, tells, { wayMs, serviceMs, jitterMs })
  })
}
