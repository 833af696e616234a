/** What a refusal does to the pace: the model of the limiter is corrected, or what the limit is has to be sought. */
import { REORDER_MS } from './announced.ts'
import { ROUNDED_MS } from './at-wall.ts'
import { type Bucket, isTold, type Opening } from './bucket/bucket.ts'
import { bucketRefused } from './bucket/bucket-refused.ts'
import { refusedBeside } from './bucket/bucket-shared.ts'
import { metAt } from './chance.ts'
import { evenRateOf, type Pace, patienceOf } from './model.ts'
import { settle } from './release.ts'
import { nextProbeAt, type Seeking } from './seeking.ts'
import { admit, countBetween, type Sent, type Traffic } from './traffic.ts'
import { capHolds, isMore } from './width/cap-trial.ts'
import { apart, noCrowd, refusedAt, takenAtOnce, widthAt } from './width/crowd.ts'
import { refusedAgain } from './width/rush.ts'
import { counterOfRate, evenly } from './window/counter-fit.ts'
import { provenBucket, refusedByLonger, settledBucket, standsFor } from './window/longer-quota.ts'
import { SHORT_MS } from './window/usual-window.ts'
import { windowRefused } from './window/window.ts'

/** After so many refusals in a row it is not a matter of the rate, nor of what others take of it. */
const BARREN = { alone: 4, shared: 8 }

const OPENING = 256

/** How long several refusals in a row take at our own pace, and with the waits that were asked for, ms. */
const sparseMs = (shape: Pace['shape']): number =>
  shape.kind === 'bucket' ? 6000 / shape.rate + 2 * BARREN.alone * shape.tollMs : 0

/** The bucket whose rate was found. */
const heldOf = (shape: Pace['shape']): Bucket | null =>
  shape.kind === 'bucket' && (shape.narrow || shape.search === null) && shape.fallback === null ? shape : null

/** What was let in before the first wall; those in flight count as let in. */
const openingOf = ({ traffic, flight }: Pace, wallAt: number): Opening => {
  const flying = flight.map(({ at }) => at)
  const admitted = [...traffic.admitted.slice(-OPENING), ...flying].filter((at) => at < wallAt).sort((a, b) => a - b)
  return { admitted, wallAt }
}

/** The limit that goes on if the wall is of another. What asks for a long wait is none of a rate, however little that is known. */
const keptOf = ({ shape, stood, longer, opening }: Pace, told: boolean): Seeking['kept'] => {
  if (shape.kind === 'window') return longer === null ? null : shape
  if (shape.kind !== 'bucket') return null
  if (told) return settledBucket(shape)
  return longer === null ? provenBucket(stood, opening?.admitted.length ?? 0) : settledBucket(stood)
}

/** Begins to seek: one request at a time. `wallAt`: when the first refused request had left. */
const seek = (pace: Pace, own: Sent, now: number, told: boolean, wallAt = own.at): Pace => {
  const before = pace.longer ?? (pace.shape.kind === 'window' ? pace.shape : null)
  const isAgain = wallAt !== own.at
  const firstAt = pace.traffic.admitted[0] ?? own.at
  const seeking: Seeking = {
    kind: 'seeking',
    wallAt,
    heardAt: now,
    wallWidth: Math.max(
      own.width,
      ...pace.flight.filter(({ at }) => at <= own.at + REORDER_MS).map(({ width }) => width),
    ),
    beside: pace.flight.map(({ at }) => at).filter((at) => at <= own.at),
    countedFrom: before ? before.opened.by : Math.max(firstAt, pace.countedFrom),
    refusedAt: own.at,
    probeAt: 0,
    unansweredAt: null,
    // After several refusals in a row what was in flight at the first of them says nothing: it takes a probe.
    tries: isAgain ? 1 : 0,
    told,
    sparseMs: isAgain ? sparseMs(pace.shape) : 0,
    before,
    held: isAgain ? heldOf(pace.shape) : null,
    kept: keptOf(pace, told),
  }
  const probeAt = told ? pace.gateUntil : nextProbeAt(seeking, now)
  // A run that began with a pace had no rush at first: what was let in before the wall tells of our own pace.
  const isPaced = pace.shape.kind === 'bucket' && !pace.shape.narrow
  const opening = pace.opening ?? (isPaced ? null : openingOf(pace, own.at))
  return settle({ ...pace, heardAt: now, opening, longer: null, stood: null, shape: { ...seeking, probeAt } }, now)
}

/** At a rate that was found such a wait is for the next few tokens, in whole seconds; a longer one is for something else. */
const TOKENS = 3
const isForTokens = ({ rate, search, fallback }: Bucket, waitMs: number): boolean =>
  search === null && fallback === null && waitMs <= ROUNDED_MS + (TOKENS * 1000) / rate

/** The bucket at a pace of which some is refused whatever it is: nothing is concluded from that. */
const heldAt = (bucket: Bucket, rate: number): Bucket =>
  bucket.rate >= rate ? bucket : { ...bucket, rate, search: null, fallback: null }

/**
 * Not what a quota explains already, nor a single token, nor what the source has said. Of an even pace without a rush before its first wall
 * chance would make one.
 */
const mayBeCounter = ({ explained, narrow, most }: Bucket, { opening }: Pace): boolean =>
  opening !== null && explained === 0 && !narrow && most === null

/** The record, as if those in flight that had left before were let in. */
const asLetIn = ({ traffic, flight }: Pace, before: number): Traffic =>
  flight.filter(({ at }) => at < before).reduce((all, { at }) => admit(all, at), traffic)

/** Requests per second that were let in over the last second before `at`. */
const lately = (pace: Pace, at: number): number => countBetween(pace.traffic, pace.flight, at - 1000, at)

/** When the first of those had left that were out when another left at `at`, if all of them are stragglers. */
const overdueSince = (pace: Pace, at: number): number | null => {
  const out = pace.flight.filter((each) => each.at < at)
  return out.length > 0 && out.every((each) => each.at + patienceOf(pace) < at) ? out[0]!.at : null
}

/**
 * The pace after the refusal of `own`, heard at `now`. `pace` has the refusal in its traffic, and a wait that the source
 * asked for (`waitMs`, or null) in its gate.
 */
export const meetWall = (pace: Pace, own: Sent, now: number, waitMs: number | null): Pace => {
  const { shape } = pace
  const told = waitMs !== null
  // Whatever was in flight when the wall was heard of is refused by the same wall.
  if (own.at <= pace.heardAt) {
    if (shape.kind === 'bucket') return { ...pace, shape: refusedBeside(shape, own.at) }
    if (shape.kind !== 'seeking') return pace
    return settle({ ...pace, shape: { ...shape, told, probeAt: Math.max(shape.probeAt, pace.gateUntil) } }, now)
  }
  const rate = shape.kind === 'bucket' ? shape.rate : shape.kind === 'open' ? lately(pace, own.at) : null
  // What is only looked at higher up is no pace that was held.
  const pacedAt = (shape.kind === 'bucket' && shape.search?.from) || rate
  const chance =
    pacedAt === null ? pace.chance : metAt(pace.chance, { at: own.at, rate: pacedAt, total: pace.traffic.total })
  const { rush, pauseMs } = refusedAgain(pace.rush, own.at, pace.heardAt)
  const gateUntil = pauseMs > 0 ? Math.max(pace.gateUntil, now + pauseMs) : pace.gateUntil
  const inside = pace.flight.filter(({ at }) => at <= own.at).length
  const wall = { at: now, rate, out: { sentAt: own.at, width: own.width, inside } }
  const stood = shape.kind === 'bucket' && standsFor(shape) ? shape : pace.stood
  const met: Pace = { ...pace, chance, rush, gateUntil, heardAt: now, origin: 'found', wall, stood }
  const opens = told ? { after: met.gateUntil - ROUNDED_MS, by: met.gateUntil } : null
  const isLongWait = told && waitMs >= SHORT_MS && !(shape.kind === 'bucket' && isForTokens(shape, waitMs))
  const byLonger = shape.kind === 'window' ? null : refusedByLonger(met, own.at, isLongWait ? opens : null)
  if (byLonger !== null) return byLonger
  switch (shape.kind) {
    case 'open':
      return seek(met, own, now, told)
    case 'bucket': {
      const held = shape.capTrial && capHolds(shape.capTrial, shape.rate, own.width)
      if (held) return { ...met, shape: { kind: 'open' }, width: held }
      const capTrial = shape.capTrial && { ...shape.capTrial, refuted: true }
      if (isLongWait) return seek(met, own, now, told)
      const overdueAt = shape.narrow ? overdueSince(pace, own.at) : null
      // It may be that these have all the places there are. It is tried again after as long as they were waited for already.
      if (overdueAt !== null) return { ...met, shape: { ...shape, tokens: 0, at: now + own.at - overdueAt } }
      const crowd = evenRateOf(shape) === null ? apart(pace.crowd) : refusedAt(pace.crowd, own.width)
      const cap = takenAtOnce(crowd)
      if (cap !== null && !isMore(capTrial, cap)) {
        const width = widthAt(cap, waitMs ?? 0)
        return { ...met, crowd: { ...noCrowd, told: true }, shape: { kind: 'open' }, width }
      }
      const counter = mayBeCounter(shape, pace) ? counterOfRate(asLetIn(met, own.at), now) : null
      if (counter !== null) return { ...met, shape: evenly(counter) }
      const bucket = bucketRefused(shape, own.at, now, met.traffic, met.flight, waitMs ?? 0)
      const isShared = bucket.others !== null || isTold(bucket)
      if (bucket.barren >= (isShared ? BARREN.shared : BARREN.alone))
        return seek(met, own, now, told, bucket.barrenSince)
      return {
        ...met,
        crowd,
        shape: { ...(chance.held === null ? bucket : heldAt(bucket, chance.held.rate)), capTrial },
      }
    }
    case 'window': {
      const window = windowRefused(shape, met.traffic, met.flight, own.at, opens)
      return window ? { ...met, shape: window } : (refusedByLonger(met, own.at, opens) ?? seek(met, own, now, told))
    }
    case 'seeking': {
      const tried = { ...shape, tries: shape.tries + 1, refusedAt: own.at, unansweredAt: null, heardAt: now, told }
      return { ...met, wall: pace.wall, shape: { ...tried, probeAt: told ? met.gateUntil : nextProbeAt(tried, now) } }
    }
  }
}
