/**
 * What a run is measured against. Two times in ms:
 *
 * - `plain`: pages divided by what the limit lets through in the long run. A run may be faster, by a burst or by a window
 *   that was open when it began.
 * - `least`: the time of somebody who knows the limiter, whose requests arrive as on rails, each at the very instant at
 *   which it is let in, with at most 32 in flight, and who then waits one round trip for the last answer. He is the
 *   limiter itself, asked at the instants that it names, so burst, phase and a change in mid-run are in it. Nobody who
 *   has to find out, and whose requests jitter, gets there.
 *
 * Where `least` is not a law:
 * - A cap on requests at once is reckoned as so many in flight, seen from here. Its places are free while answers travel;
 *   who knew when an answer leaves could use that time too.
 * - A queue is reckoned as full all the time, as far as 32 in flight fill it, with service times of exactly the mean. Chance may undercut that.
 * - Of several limits at once a cap is reckoned as so many in flight, too.
 * - Another tenant takes his whole share. He gets less from somebody who leaves nothing over.
 * - Answers of 500 are asked for again, as many as their share.
 * - Without a limit it is 32 in flight from the first moment on.
 */
import { admit, type LimiterState, longRunRate, type Several, type SourceLimit } from './limiter.ts'
import { meanServiceMs, meanTripMs, type Scenario } from './scenario.ts'

export const MOST_IN_FLIGHT = 32

/** Where a job begins: when, how many pages it has left, and what the limiter remembers of requests before it. */
export type Beginning = { beginAt: number; pages: number; state: LimiterState }

/** The limits on a rate that hold at once, what they remember, and how many may be in flight beside them. */
const withoutCaps = (
  { limits }: Several,
  state: LimiterState,
): { rates: Several; state: LimiterState; cap: number } => {
  const isRate = (_: unknown, i: number): boolean => limits[i]!.kind !== 'concurrency'
  return {
    rates: { kind: 'several', limits: limits.filter(isRate) },
    state: state.kind === 'several' ? { kind: 'several', states: state.states.filter(isRate) } : state,
    cap: Math.min(...limits.flatMap((each) => (each.kind === 'concurrency' ? [each.cap] : [])), MOST_IN_FLIGHT),
  }
}

/** ms from the beginning to the arrival of the last of `asks` requests at a limiter. */
const onRails = (
  scenario: Scenario,
  limit: SourceLimit,
  asks: number,
  { beginAt, state: first }: Beginning,
  most = MOST_IN_FLIGHT,
): number => {
  const trip = meanTripMs(scenario)
  const roundTrip = 2 * trip + meanServiceMs(scenario)
  const changeAt = scenario.change === null ? Number.POSITIVE_INFINITY : beginAt + scenario.change.afterMs
  const admitted: number[] = []
  let state = first
  let at = beginAt + trip
  while (admitted.length < asks) {
    at = Math.max(at, (admitted.at(-most) ?? 0) + roundTrip)
    const answer = admit(at >= changeAt ? scenario.change!.limit : limit, state, at)
    if (answer.ok) {
      state = answer.state
      admitted.push(at)
    } else
      at = at < changeAt ? Math.min(at + Math.max(0.01, answer.resetMs), changeAt) : at + Math.max(0.01, answer.resetMs)
  }
  return admitted.at(-1)! - beginAt
}

const plainOf = ({ change, tenant }: Scenario, limit: SourceLimit, pages: number): number => {
  const rate = (longRunRate(limit) - tenant) / 1000
  if (change === null || pages < rate * change.afterMs) return pages / rate
  return change.afterMs + (pages - rate * change.afterMs) / ((longRunRate(change.limit) - tenant) / 1000)
}

export const boundsOf = (scenario: Scenario, from: Beginning): { plain: number; least: number } => {
  const { limit, errors, shed, tenant } = scenario
  const { pages } = from
  const service = meanServiceMs(scenario)
  const trip = meanTripMs(scenario)
  const roundTrip = 2 * trip + service
  const asks = Math.round(pages / (1 - errors - shed))
  switch (limit.kind) {
    case 'none': {
      const time = Math.ceil(asks / MOST_IN_FLIGHT) * roundTrip
      return { plain: time, least: time }
    }
    case 'queue': {
      const time = (asks * service) / limit.servers
      return { plain: time, least: Math.max(time, (asks * roundTrip) / MOST_IN_FLIGHT) + 2 * trip }
    }
    case 'concurrency': {
      const time = (asks * roundTrip) / limit.cap
      return { plain: time, least: time }
    }
    case 'several': {
      const { rates, state, cap } = withoutCaps(limit, from.state)
      const least = onRails(scenario, rates, asks, { ...from, state }, cap) + service + trip
      return { plain: plainOf(scenario, limit, pages), least }
    }
    default: {
      const shared = longRunRate(limit) / (longRunRate(limit) - tenant)
      const least = onRails(scenario, limit, asks, from) * shared + service + trip
      return { plain: plainOf(scenario, limit, pages), least }
    }
  }
}
