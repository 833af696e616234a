/**
 * Whether the last moments of a moving inventory are worth another look. Pure.
 *
 * A look proves something only when nothing came between its feed of changes and its count, and nothing went between its
 * count and its removal feed: each car that did makes the source count one more than was met. Cars come and go by
 * themselves, so the number of those is Poisson's. Looks that lack more than that explains say that cars were missed, and
 * looks whose chance is poor are not worth their requests.
 */

export type Looks = {
  count: number
  /** How long they took together, and how long was waited before them, ms. */
  tookMs: number
  waitedMs: number
  /** How likely it is that so many looks fail where no car was missed. */
  unlucky: number
  /** Cars that the looks lacked, all together, and how many of them are explained by what moved. */
  lacking: number
  explained: number
}

export const noLooks: Looks = { count: 0, tookMs: 0, waitedMs: 0, unlucky: 1, lacking: 0, explained: 0 }

/** How many cars came and went within `overMs`, before and while it was looked. */
export type Traffic = { came: number; went: number; overMs: number }

/** How long a look left open for cars to come, and to go, ms. */
export type Openings = { comingMs: number; goingMs: number }

/** Half a car more than were met: a short time without any does not mean that there are none. */
const UNMET = 0.5

/** How many cars come and go while a look is open for them, on average. */
export const movesExpected = ({ came, went, overMs }: Traffic, { comingMs, goingMs }: Openings): number =>
  ((came + UNMET) * comingMs + (went + UNMET) * goingMs) / Math.max(1, overMs)

/** What a look found: cars that it lacked, those of them that may only have been taken for gone, and what is expected to move. */
export type Look = { tookMs: number; waitedMs?: number; lacking: number; doubtful: number; explained: number }

export const withLook = (looks: Looks, { tookMs, waitedMs = 0, lacking, doubtful, explained }: Look): Looks => ({
  count: looks.count + 1,
  tookMs: looks.tookMs + tookMs,
  waitedMs: looks.waitedMs + waitedMs,
  // A look with doubtful cars could not succeed, whatever was missed.
  unlucky: doubtful > 0 ? looks.unlucky : looks.unlucky * (1 - Math.exp(-explained)),
  lacking: looks.lacking + Math.max(0, lacking - doubtful),
  explained: looks.explained + explained,
})

/** The chance of so many events or more where `mean` are expected (Poisson). */
export const tailOf = (events: number, mean: number): number => {
  let exactly = Math.exp(-mean)
  let fewer = 0
  for (let n = 0; n < events; n++) {
    fewer += exactly
    exactly *= mean / (n + 1)
  }
  return Math.max(0, 1 - fewer)
}

/** So many are always worth it. */
const FEW = 2
/** Bad luck that is not believed. */
const TOO_UNLUCKY = 0.05
/** The traffic is measured while it is looked, so what it explains is not sure itself. */
const TOO_MANY = 0.01
/** A chance, by all looks that there is time for, that is worth them. */
const WORTH = 0.1
/** The most looks, however short. */
const MOST = 100
/** All looks and the waits between them may take as long as the run has, within these bounds, or this share of it, whichever is more. */
const LEAST_PATIENCE_MS = 10_000
const MOST_PATIENCE_MS = 60_000
const SHARE = 0.05

const patienceOf = (activeMs: number): number =>
  Math.max(LEAST_PATIENCE_MS, Math.min(activeMs, MOST_PATIENCE_MS), activeMs * SHARE)

/** `activeMs`: how long the run had worked before the first look, ms. */
export const isWorthALook = (looks: Looks, activeMs: number): boolean => {
  const { count, tookMs, waitedMs, unlucky, lacking, explained } = looks
  if (count < FEW) return true
  if (count >= MOST) return false
  if (unlucky < TOO_UNLUCKY || tailOf(lacking, explained) < TOO_MANY) return false
  const leftMs = patienceOf(activeMs) - tookMs - waitedMs
  const more = Math.floor(leftMs / Math.max(1, tookMs / count))
  return more >= 1 && 1 - (1 - Math.exp(-explained / count)) ** more >= WORTH
}
