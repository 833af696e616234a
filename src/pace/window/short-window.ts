/**
 * The quota of a window of a second or two, by where it was refused. When it opens is not known, but of all instants at which it
 * may, only some explain every refusal: each window in which something was refused is full, so all of those hold the same
 * number, and no other holds more. Few refusals are needed, and none of them has to be at the rate of the limit.
 */
import { REORDER_MS } from '../announced.ts'
import { countBetween, indexFrom, type Sent, type Traffic } from '../traffic.ts'

/** Instants at which the windows may open, tried in steps of this share of their length. */
const STEPS = 100
/** Jitter takes a request across a border now and then. */
const SLACK = 1
/** With fewer in a window that would be too much: anything is alike. */
const LEAST = 4
/**
 * Of several quotas that explain the refusals, a high one: one that is too high is soon refused, and then fewer are left; one
 * that is too low is held for hundreds of requests.
 */
const HIGH = 0.75
/** So many of the latest windows are looked at. */
const LOOKED_AT = 200

/** Requests per window, and in how many windows it was met. */
export type Explained = { quota: number; windows: number }

/** And when a window opened, ms; null: it slides. */
export type Opened = Explained & { windowMs: number; opened: { after: number; by: number } | null }

type Counts = { full: number[]; most: number; late: number }

/** How many were let in in each window in which something was refused, and the most in any other. */
const countsOf = (
  refused: readonly number[],
  traffic: Traffic,
  flight: readonly Sent[],
  windowMs: number,
  phase: number,
  since: number,
): Counts => {
  const counts: Counts = { full: [], most: 0, late: 0 }
  const indexOf = (at: number): number => Math.floor((at - phase) / windowMs)
  const first = indexOf(since)
  const last = indexOf(refused.at(-1)!)
  for (let index = first; index <= last; index++) {
    const from = phase + index * windowMs
    const wall = refused[indexFrom(refused, from)]!
    const isFull = wall < from + windowMs
    const flying = isFull ? flight.filter(({ at }) => at < wall) : flight
    const count = countBetween(traffic, flying, from, from + windowMs)
    if (isFull) {
      counts.full.push(count)
      counts.late = Math.max(counts.late, countBetween(traffic, [], wall + REORDER_MS, from + windowMs - REORDER_MS))
    } else counts.most = Math.max(counts.most, count)
  }
  return counts
}

/** The quota that all of these counts speak of; null: they contradict each other. */
const agreed = ({ full, most, late }: Counts, slack = SLACK): Explained | null => {
  const sorted = full.toSorted((a, b) => a - b)
  const [least, greatest] = [sorted[0]!, sorted.at(-1)!]
  if (sorted.length < 2 || least < LEAST || greatest - least > slack || most > least + SLACK || late > SLACK)
    return null
  return { quota: sorted[sorted.length >> 1]!, windows: sorted.length }
}

/** Requests per window since `since`, ms; null: no window of this length explains the refusals, or too few are known. */
export const quotaByWalls = (
  traffic: Traffic,
  flight: readonly Sent[],
  windowMs: number,
  since: number,
): Explained | null => {
  const { refused } = traffic
  const latest = refused.at(-1) ?? 0
  const from = Math.max(since, latest - LOOKED_AT * windowMs, traffic.admitted[0] ?? latest)
  const walls = refused.slice(indexFrom(refused, from))
  if (walls.length < 2) return null
  const quotas: Explained[] = []
  for (let step = 0; step < STEPS; step++) {
    const quota = agreed(countsOf(walls, traffic, flight, windowMs, latest + (step * windowMs) / STEPS, from))
    if (quota !== null) quotas.push(quota)
  }
  // Or the window slides: it is full of what left within its length before each, and of what overtook it.
  const slid = walls.map((wall) =>
    Math.max(...[0, REORDER_MS].map((late) => countBetween(traffic, flight, wall + late - windowMs, wall + late))),
  )
  const sliding = latest - walls[0]! > windowMs ? agreed({ full: slid, most: 0, late: 0 }) : null
  if (sliding !== null) quotas.push(sliding)
  if (quotas.length === 0) return null
  quotas.sort((a, b) => a.quota - b.quota)
  return quotas[Math.floor(quotas.length * HIGH)]!
}

/** Lengths of window that are told by what was refused, ms; longer ones are told by when they let in again. */
export const LENGTHS_MS = [2000, 3000, 4000, 5000, 6000]
/** Instants at which it may have let in again are tried in such steps, ms. */
const STEP_MS = 10
/** So many of the latest windows tell the length: a limit that has moved is forgotten. */
const LATEST = 12

const opensIn = (traffic: Traffic, windowMs: number, after: number, by: number): Opened | null => {
  const from = Math.max(after - LATEST * windowMs, traffic.admitted[0] ?? after)
  const walls = traffic.refused.slice(indexFrom(traffic.refused, from))
  if (walls.length < 2) return null
  const explained: (Explained & { at: number })[] = []
  for (let at = by; at > after && at > by - windowMs; at -= STEP_MS) {
    const quota = agreed(countsOf(walls, traffic, [], windowMs, at, from))
    if (quota !== null) explained.push({ ...quota, at })
  }
  if (explained.length > 0) {
    const { quota, windows } = explained.toSorted((a, b) => a.quota - b.quota)[Math.floor(explained.length * HIGH)]!
    const instants = explained.filter((each) => each.quota === quota).map(({ at }) => at)
    return { quota, windows, windowMs, opened: { after: instants.at(-1)! - STEP_MS, by: instants[0]! } }
  }
  const slid = walls.map((wall) =>
    Math.max(...[0, REORDER_MS].map((late) => countBetween(traffic, [], wall + late - windowMs, wall + late))),
  )
  if (walls.at(-1)! - walls[0]! <= windowMs) return null
  const sliding = agreed({ full: slid, most: 0, late: 0 }, 0)
  return sliding === null || countBetween(traffic, [], by - windowMs, by) >= sliding.quota
    ? null
    : { ...sliding, windowMs, opened: null }
}

/**
 * The window of a few seconds that explains the refusals: of the length that is known, else the shortest; it let in again in (after, by].
 * null: none does, or too few refusals are known.
 */
export const windowByWalls = (traffic: Traffic, after: number, by: number, knownMs: number | null): Opened | null =>
  [...(knownMs === null ? [] : [knownMs]), ...LENGTHS_MS].reduce<Opened | null>(
    (found, windowMs) => found ?? opensIn(traffic, windowMs, after, by),
    null,
  )
