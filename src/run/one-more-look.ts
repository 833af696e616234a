/**
 * Whether the last moments of a moving inventory are worth another look. Pure.
 *
 * A look proves something only when nothing came between its feed of changes and its count, and nothing went between its
 * count and its removal feed. Cars that come and go by themselves make that a matter of chance, exp(-expected number)
 * (Poisson). So looks that fail although the chance was good say that cars are lacking, and looks whose chance is poor are
 * not worth their requests.
 */

export type Looks = {
  count: number
  /** How long they took together, ms. */
  tookMs: number
  /** How likely it is that so many looks fail where nothing is lacking. */
  unlucky: number
  /** How likely the latest was to succeed where nothing is lacking. */
  chance: number
}

export const noLooks: Looks = { count: 0, tookMs: 0, unlucky: 1, chance: 1 }

/** How many cars came and went within `overMs`, before and while it was looked. */
export type Traffic = { came: number; went: number; overMs: number }

/** How long a look left open for cars to come, and to go, ms. */
export type Openings = { comingMs: number; goingMs: number }

/** Half a car more than were met: a short time without any does not mean that there are none. */
const UNMET = 0.5

export const chanceOf = ({ came, went, overMs }: Traffic, { comingMs, goingMs }: Openings): number =>
  Math.exp(-((came + UNMET) * comingMs + (went + UNMET) * goingMs) / Math.max(1, overMs))

export const withLook = (looks: Looks, tookMs: number, chance: number): Looks => ({
  count: looks.count + 1,
  tookMs: looks.tookMs + tookMs,
  unlucky: looks.unlucky * (1 - chance),
  chance,
})

/** So many are always worth it. */
const FEW = 2
/** Bad luck that is not believed. */
const TOO_UNLUCKY = 0.05
/** A chance, by all looks that there is time for, that is worth them. */
const WORTH = 0.1
/** All looks together may take so long, or this share of what the run has taken, whichever is more. */
const PATIENCE_MS = 60_000
const SHARE = 0.05

/** `activeMs`: how long the run has worked, ms. */
export const isWorthALook = ({ count, tookMs, unlucky, chance }: Looks, activeMs: number): boolean => {
  if (count < FEW) return true
  if (unlucky < TOO_UNLUCKY) return false
  const leftMs = Math.max(PATIENCE_MS, activeMs * SHARE) - tookMs
  const more = Math.floor(leftMs / Math.max(1, tookMs / count))
  return more >= 1 && 1 - (1 - chance) ** more >= WORTH
}
