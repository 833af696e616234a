/** What a pace is made of. */
import { type Announced, isObeyed } from './announced.ts'
import type { Bucket, Opening } from './bucket/bucket.ts'
import type { Job } from './bucket/bucket-look-up.ts'
import type { Chance } from './chance.ts'
import type { Circuit } from './circuit.ts'
import type { Seeking } from './seeking.ts'
import type { Sent, Traffic } from './traffic.ts'
import { bringsMore } from './width/climb.ts'
import type { Crowd } from './width/crowd.ts'
import { type Latency, refusableShare } from './width/latency.ts'
import type { Rush } from './width/rush.ts'
import type { Throughput } from './width/throughput.ts'
import { exposure, exposureThatPays, mostWidth, type Width, widthNow } from './width/width.ts'
import type { Length } from './window/length-tried.ts'
import type { Window } from './window/window.ts'

/** The limit that the source must have, as far as its refusals tell. */
export type Shape = { kind: 'open' } | Seeking | Bucket | Window

/** Where the shape comes from: this run's refusals, an earlier run, the vendor's word, the source's headers. */
export type Origin = 'found' | 'learned' | 'documented' | 'announced'

/**
 * A refusal: when it was heard of, and the rate at that time, requests per second, or null where it was not a matter of rate. `out`: when the refused
 * request had left, with how many in flight, and how many of those were still out when it was heard of.
 */
export type Wall = { at: number; rate: number | null; out?: { sentAt: number; width: number; inside: number } }

export type Pace = {
  /** Requests per second, and in flight, that may not be exceeded whatever the source bears; null: no such wish. */
  maxRate: number | null
  maxConcurrency: number | null
  /** How many requests the job takes, as far as known. */
  pages: number
  nextId: number
  flight: readonly Sent[]
  traffic: Traffic
  latency: Latency
  throughput: Throughput
  width: Width
  /** So many in flight at once went well in the run before, which met no limit, and whether more surely brought more; 0: not known. */
  wentWell: number
  paid: boolean
  shape: Shape
  /** A quota for a longer time, which holds beside the shape. */
  longer: Window | null
  /** When the source let in again after a wall that the shape does not explain, ms; null: there was none. */
  renewedAt: number | null
  /** The bucket as it was before the latest refusals in a row. */
  stood: Bucket | null
  origin: Origin
  announced: readonly Announced[]
  /** Something was refused although all that is announced had room: the shape is of another limit, of which nothing is said, and all hold. */
  unannounced: boolean
  /** The even pace of a short limit that is announced, where the shape is of another one; null: there is none. */
  beside: Bucket | null
  /** The lengths of announced windows that were tried out. */
  lengths: readonly Length[]
  circuit: Circuit
  /** No request may leave before this instant, ms. */
  gateUntil: number
  /** When the next request is due by `maxRate`, ms. */
  nextAt: number
  /** The latest wall was heard of then: what had left before says nothing new. */
  heardAt: number
  /** Since when a quota may have been counted: when the source let in again after the last search, ms. */
  countedFrom: number
  /** Whether refusals come by chance, whatever the pace. */
  chance: Chance
  /** How many were refused right after a refusal. */
  rush: Rush
  /** Whether refusals depend on how many are out at once. */
  crowd: Crowd
  /** What was let in before the first wall. */
  opening: Opening | null
  /** The latest refusal. */
  wall: Wall | null
}

/**
 * Requests that might be in flight now if the source made use of them. Where it says how many it will take, and those are not
 * enough for the job, that is the limit which will be met, and it is foreseen.
 */
export const mostWidthOf = (pace: Pace): number => {
  const { width, pages, traffic, latency, throughput, announced, unannounced, maxConcurrency, shape } = pace
  const isForeseen = !unannounced && announced.some((each) => isObeyed(each) && each.remaining! < pages)
  const pays = shape.kind === 'open' && bringsMore(throughput, width.limit)
  const unknown = (pays ? exposureThatPays : exposure)(pages, traffic.total, refusableShare(latency))
  // What went well is no risk, and a cap is met by one too many.
  const exposed = Math.max(unknown, shape.kind === 'open' ? pace.wentWell : 0, width.cap ?? 0)
  return mostWidth(width, isForeseen ? Number.POSITIVE_INFINITY : exposed, maxConcurrency)
}

/** How many more requests the job takes, as far as known. */
export const leftOf = ({ pages, traffic }: Pace): number => pages - traffic.total

/** What a look higher depends on. */
export const jobOf = (pace: Pace): Job => ({ left: leftOf(pace), latencyMs: pace.latency.meanMs })

/** Requests that may be in flight now. */
export const widthOf = (pace: Pace): number => widthNow(pace.width, mostWidthOf(pace))

/** Requests per second that the width allows, by Little's law, with some room. */
export const mostByWidth = (pace: Pace): number => (1300 * widthOf(pace)) / Math.max(1, pace.latency.meanMs)

/** Requests per second that can be asked for: what the width allows, and no more than is announced. */
export const mostOf = (pace: Pace): number => Math.min(mostByWidth(pace), pace.beside?.rate ?? Number.POSITIVE_INFINITY)

/** Before the first answer nobody knows what is late. */
const UNKNOWN_MS = 3000

/** How long an answer is waited for before it is taken for a straggler, ms. */
export const patienceOf = ({ latency }: Pace): number => (latency.samples === 0 ? UNKNOWN_MS : 3 * latency.meanMs)

/** The rate that is followed and not sought, of a bucket of which nothing is saved up; null: there is none. */
export const evenRateOf = (shape: Shape): number | null =>
  shape.kind === 'bucket' && shape.search === null && (shape.narrow || (shape.burst < 2 && shape.fallback === null))
    ? shape.rate
    : null
