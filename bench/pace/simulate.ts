/** One whole run of a scenario, from the first request to the last page. The same seed gives the same run. */
import { randomStream } from '../../demo/random.ts'
import type { Pace } from '../../src/pace/pace.ts'
import { startPace } from '../../src/pace/start.ts'
import { boundsOf } from './bound.ts'
import { type Listener, type Ran, runJob } from './run-job.ts'
import type { Scenario } from './scenario.ts'
import { createServer } from './server.ts'

export type { Listener } from './run-job.ts'

export type Result = Ran & {
  /** All pages were read. */
  done: boolean
  /** `bound.ts` says what these two are, ms. */
  plainMs: number
  leastMs: number
}

/** An instant in the middle of a minute, so that nothing is aligned by chance; a run begins within the hour after it. */
const BEGIN = Date.UTC(2026, 0, 1, 12, 0, 23, 457)
const HOUR_MS = 3_600_000

export const beginOf = (random: () => number): number => BEGIN + Math.floor(random() * HOUR_MS)

export const pagesOf = ({ pages }: Scenario): number[] => Array.from({ length: pages }, (_, page) => page)

/** A run that takes twelve times the least is given up. */
export const mostMsOf = (leastMs: number): number => Math.max(12 * leastMs, 60_000)

export const simulate = (
  scenario: Scenario,
  seed: number,
  from: Pace | null = null,
  listener: Listener = () => {},
): Result => {
  const random = randomStream(seed)
  const beginAt = beginOf(random)
  const { pages } = scenario
  const { plain, least } = boundsOf(scenario, { beginAt, pages, state: { kind: 'fresh' } })
  const ran = runJob({
    scenario,
    server: createServer(scenario, beginAt, random),
    beginAt,
    pages: pagesOf(scenario),
    pace: from ?? startPace({ now: beginAt, pages }),
    random,
    mostMs: mostMsOf(least),
    listener,
  })
  return { ...ran, done: ran.left.length === 0, plainMs: plain, leastMs: least }
}
