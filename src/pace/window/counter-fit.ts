/**
 * The sliding counter that explains all that a source has answered so far. What it holds does not depend on its quota, only on what it has
 * counted when: so for each length, each instant at which its windows may begin, and whether refused requests count, the quota is at least
 * what it held with each request that was let in, and less than with each that was refused. Hardly any but the right one leaves a whole
 * number in between; and no window does once it has let in its quota again, nor a bucket that is spent at once.
 */
import { REORDER_MS } from '../announced.ts'
import { type Bucket, evenRate, OVER, startBucket } from '../bucket/bucket.ts'
import { indexFrom, type Traffic } from '../traffic.ts'
import { LENGTHS_MS } from './short-window.ts'
import { FEW_SECONDS_MS } from './sliding-counter.ts'
import { USUAL_MS } from './usual-window.ts'

/** `freeAt`: from when on it bears its even pace, ms. */
export type Counter = { quota: number; windowMs: number; freeAt: number }

/** Windows begin at `phase` and whole lengths from it. `counted`: when those had left that count, ascending. */
type Rule = { windowMs: number; phase: number; counted: readonly (readonly number[])[] }

/** Rates that differ by less, as a share, are the same. */
const SAME = 0.05
/** A counter of fewer is alike at any rate. */
const FEW = 5
/** What jitter may take from the even pace. */
const UNDER = 0.997
/** An instant is sought in such shares of a window. */
const STEP = 1 / 200

const countIn = (counted: Rule['counted'], from: number, to: number): number =>
  counted.reduce((sum, sorted) => sum + Math.max(0, indexFrom(sorted, to) - indexFrom(sorted, from)), 0)

const openedBy = ({ windowMs, phase }: Rule, at: number): number =>
  phase + Math.floor((at - phase) / windowMs) * windowMs

/** What it holds with a request that arrives at `at`, where of the others those had arrived that left before `until`. */
const heldWith = (rule: Rule, at: number, until = at): number => {
  const { windowMs, counted } = rule
  const from = openedBy(rule, at)
  const slid = countIn(counted, from - windowMs, from) * (1 - (at - from) / windowMs)
  return slid + countIn(counted, from, until) + 1
}

/**
 * The whole number that explains what was let in and what was refused; null: none does. Requests may overtake each other, and what arrives
 * late finds that more has slid out.
 */
const quotaBy = (rule: Rule, { admitted, refused }: Traffic): number | null => {
  const above = Math.min(...refused.map((at) => heldWith(rule, at, at + REORDER_MS)))
  const most = Math.ceil(above) - 1
  if (most < FEW || admitted.some((at) => heldWith(rule, at + REORDER_MS, at - REORDER_MS) > most)) return null
  return Math.min(most, Math.ceil(Math.max(...admitted.map((at) => heldWith(rule, at)))))
}

/** The even pace of a counter, requests per second: that of one less than its quota, for each request counts itself. */
const evenOf = (quota: number, windowMs: number): number => UNDER * evenRate(quota - 1, windowMs)

/**
 * From when on it bears that pace, ms: there is room, and at the end of its window there still is. In between what it holds changes evenly.
 */
const freeAt = (rule: Rule, quota: number, now: number): number => {
  const { windowMs, counted } = rule
  const isFree = (at: number): boolean => {
    const from = openedBy(rule, at)
    const toCome = (evenOf(quota, windowMs) * (from + windowMs - at)) / 1000
    return Math.max(heldWith(rule, at), countIn(counted, from, at) + toCome + 1) <= quota
  }
  const until = now + 2 * windowMs
  let at = now
  while (at < until && !isFree(at)) at += STEP * windowMs
  return at
}

/** What was let in between two walls, so long after the first refusal: one wall is alike for all of them. */
const APART_MS = 500
const hasTwoWalls = ({ admitted, refused }: Traffic): boolean =>
  countIn([admitted], refused[0]! + APART_MS, refused.at(-1)!) > 0

/** null: none explains it, or several do that are not alike, or not all that was let in is remembered. */
export const counterByAnswers = (traffic: Traffic, now: number): Counter | null => {
  const { admitted, refused, total } = traffic
  if (total === 0 || total !== admitted.length || refused.length === 0 || !hasTwoWalls(traffic)) return null
  const first = Math.min(admitted[0]!, refused[0]!)
  const found = USUAL_MS.flatMap((windowMs) =>
    [0, first].flatMap((phase) =>
      [[admitted], [admitted, refused]].flatMap((counted): Counter[] => {
        const rule = { windowMs, phase, counted }
        const quota = quotaBy(rule, traffic)
        return quota === null ? [] : [{ quota, windowMs, freeAt: freeAt(rule, quota, now) }]
      }),
    ),
  ).sort((a, b) => a.quota / a.windowMs - b.quota / b.windowMs)
  const [slowest, fastest] = [found[0], found.at(-1)]
  if (slowest === undefined || fastest === undefined) return null
  const isAlike = fastest.quota / fastest.windowMs <= (1 + SAME) * (slowest.quota / slowest.windowMs)
  return isAlike ? { ...slowest, freeAt: Math.max(...found.map(({ freeAt }) => freeAt)) } : null
}

/** So much of its quota was let in since the first wall. */
const ENOUGH = 0.5

/**
 * The counter that what passed for a rate turns out to be; null: none explains all answers. Where its window is of a few seconds, buckets
 * and windows look alike until more is let in; of still fewer some always do.
 */
export const counterOfRate = (traffic: Traffic, now: number): Counter | null => {
  const counter = counterByAnswers(traffic, now)
  if (counter === null || counter.windowMs <= LENGTHS_MS.at(-1)!) return null
  const letIn = countIn([traffic.admitted], traffic.refused[0]!, now)
  return counter.windowMs > FEW_SECONDS_MS || letIn >= ENOUGH * counter.quota ? counter : null
}

/** The even pace of a counter, from when on it bears that. */
export const evenly = ({ quota, windowMs, freeAt }: Counter): Bucket => {
  const rate = evenOf(quota, windowMs)
  // A token takes as long to run in.
  const at = freeAt - 1000 / rate
  return { ...startBucket({ rate, at }), steady: true, sure: true, met: true, explained: 1, ceiling: rate * OVER }
}
