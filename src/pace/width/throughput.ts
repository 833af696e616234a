/**
 * What each width has brought. By Little's law that many in flight, divided by how long an answer takes, are the answers a
 * second. A source that serves some at once and lets others wait in line brings no more when more are in flight; one that
 * thrashes brings less. Latency alone does not tell: it would have to be compared with that of a source which is not
 * crowded, and a small one is crowded by the first few requests.
 */
import { HALF_LIFE, noTrend, observeTrend, type Trend } from './trend.ts'

/** Answers to requests that left at about one width: averages, how many are in them, and when the latest came. */
export type Level = { width: number; tookMs: number; answers: number; asOf: number }

export type Throughput = {
  /** Answers so far: the clock by which a level gets old. */
  count: number
  /** By `levelOf`; empty where that width was not tried. */
  levels: readonly (Level | null)[]
  trend: Trend
}

export const noThroughput: Throughput = { count: 0, levels: [], trend: noTrend }

/** An answer: how many were in flight when its request left, itself included, and how long it took. */
export type Answer = { width: number; tookMs: number }

/** Two levels to a doubling: coarse enough to gather answers, fine enough for a width near the best. */
export const levelOf = (width: number): number => Math.round(2 * Math.log2(width))

/** So many answers make up an average at most: it follows a source that changes. */
const ANSWERS = 400

/** For how many answers a level counts: the longer ago, the fewer. */
export const weightOf = ({ answers, asOf }: Level, count: number): number =>
  answers * 0.5 ** ((count - asOf) / HALF_LIFE)

export const observeThroughput = (given: Throughput, { width, tookMs }: Answer): Throughput => {
  const count = given.count + 1
  const at = levelOf(width)
  const before = given.levels[at] ?? { width, tookMs, answers: 0, asOf: count }
  const answers = Math.min(ANSWERS, weightOf(before, count) + 1)
  const level: Level = {
    width: before.width + (width - before.width) / answers,
    tookMs: before.tookMs + (tookMs - before.tookMs) / answers,
    answers,
    asOf: count,
  }
  const levels = Array.from({ length: Math.max(given.levels.length, at + 1) }, (_, each) =>
    each === at ? level : (given.levels[each] ?? null),
  )
  return { count, levels, trend: observeTrend(given.trend, { width, tookMs }) }
}

/** What twice as many in flight must bring: less is not worth the crowd at the source. */
const WORTH = Math.log2(1.15)
/** A difference of so many standard deviations is believed. */
const BELIEVED = 1.5

export type Comparison = {
  /** How many times as many are in flight, and how many times as much they bring; that beside what would be worth it. */
  ratio: number
  gain: number
  worth: number
  /** By what factor these may be wrong. Service times may vary as much as their mean: that is supposed. */
  doubt: number
}

export const compare = (more: Level, less: Level, count: number): Comparison => {
  const ratio = more.width / less.width
  const gain = (ratio * less.tookMs) / more.tookMs
  return {
    ratio,
    gain,
    worth: gain / ratio ** WORTH,
    doubt: 1 + BELIEVED * Math.sqrt(1 / weightOf(more, count) + 1 / weightOf(less, count)),
  }
}
