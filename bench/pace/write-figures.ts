/** Draws the pictures of docs/pace.md into docs/images. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { type Drawing, draw, type Step } from './draw.ts'
import { type Figure, figures } from './figures.ts'
import { longRunRate } from './limiter.ts'
import { meanServiceMs, meanTripMs, type Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

const FOLDER = new URL('../../docs/images/', import.meta.url)
const SEED = 1

/** Requests per second that the source bears at this time (ms from the beginning); null: as many as are sent. */
const bearable = (scenario: Scenario, at: number): number | null => {
  const { limit, change } = scenario
  switch (limit.kind) {
    case 'none':
      return null
    case 'queue':
      return (1000 * limit.servers) / meanServiceMs(scenario)
    case 'concurrency':
      return (1000 * limit.cap) / (2 * meanTripMs(scenario) + meanServiceMs(scenario))
    default:
      return longRunRate(change !== null && at >= change.afterMs ? change.limit : limit)
  }
}

const drawingOf = ({ scenario, seconds, stepS }: Figure): Drawing => {
  const { trace, ms } = simulate(scenario, SEED)
  const count = Math.floor(Math.min(seconds, ms / 1000) / stepS)
  const steps = Array.from({ length: count }, (_, i): Step => {
    const at = i * stepS
    const within = trace.filter((each) => each.at >= at * 1000 && each.at < (at + stepS) * 1000)
    const accepted = within.filter(({ status }) => status !== 429).length
    return { at, sent: within.length / stepS, accepted: accepted / stepS, limit: bearable(scenario, at * 1000) }
  })
  const refusedAt = trace
    .filter(({ at, status }) => status === 429 && at < count * stepS * 1000)
    .map(({ at }) => at / 1000)
  return { title: scenario.name, stepS, steps, refusedAt }
}

export const writeFigures = async (): Promise<void> => {
  mkdirSync(FOLDER, { recursive: true })
  for (const figure of figures())
    writeFileSync(new URL(`pace-${figure.file}.svg`, FOLDER), await draw(drawingOf(figure)))
}
