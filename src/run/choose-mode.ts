/** Which mode a sync takes, and from when on changes have to be asked for. Pure; instants are ms by the source's clock. */
/** A stretch of the source's time of which all changes were read. A full sweep covers the instant of its start. */
export type Covered = { kind: 'full' | 'incremental'; from: number; to: number }

export type ModeFacts = {
  /** null: whichever is due. */
  asked: 'full' | 'incremental' | null
  /** The longest period that the feed of changes goes back, minutes; null: there is no feed. */
  maxMinutes: number | null
  /** An unfinished full sweep is there to be taken up. */
  unfinishedFull: boolean
  /** What the latest run did not complete for want of a feed, in a sentence. */
  unreadFeed: string | null
  /** How long the last complete sweep was worked on. */
  fullTookMs: number
  coverage: readonly Covered[]
  now: number
}

export type ModeChoice = { mode: 'full'; note: string | null } | { mode: 'incremental'; coveredUntil: number }

/** A full sweep is due when the last one began longer ago than this. */
const FULL_EVERY_MS = 24 * 3_600_000
/** Asked for beyond the gap, against clocks that differ and feeds that lag. */
const OVERLAP_MINUTES = 5

/**
 * How far everything is covered without a hole since the last full sweep began; null where there was none. Stretches that
 * begin behind a hole do not count: what changed in the hole is not known.
 */
export const coveredUntil = (coverage: readonly Covered[]): number | null => {
  const fulls = coverage.filter(({ kind }) => kind === 'full')
  if (fulls.length === 0) return null
  let until = Math.max(...fulls.map(({ to }) => to))
  for (const { from, to } of [...coverage].sort((a, b) => a.from - b.from))
    if (from <= until) until = Math.max(until, to)
  return until
}

/** The stretches since the last full sweep of which nothing is known. */
export const holesIn = (coverage: readonly Covered[]): { from: number; to: number }[] => {
  const until = coveredUntil(coverage)
  if (until === null) return []
  const holes: { from: number; to: number }[] = []
  let end = until
  for (const { from, to } of [...coverage].sort((a, b) => a.from - b.from)) {
    if (from > end) holes.push({ from: end, to: from })
    end = Math.max(end, to)
  }
  return holes
}

/** Minutes to ask the feed for, so that it reaches back to `since`. */
export const minutesSince = (since: number, now: number): number =>
  Math.max(0, Math.ceil((now - since) / 60_000)) + OVERLAP_MINUTES

/**
 * Whether the source's clock shows less than it did, by more than is asked for beyond the gap: its feed, asked back to what
 * is covered, would leave out what has changed since.
 */
export const hasGoneBack = (until: number, now: number): boolean => until - now > OVERLAP_MINUTES * 60_000

/** Sweeps that stand in for a feed which cannot be read may take this share of the time. */
const SHARE_OF_SWEEPS = 0.1

/** From when on everything may be read again where the feed of changes cannot be: at once, if the last sweep was a short one. */
export const sweepsAgainAt = (coverage: readonly Covered[], tookMs: number): number =>
  Math.max(...coverage.filter(({ kind }) => kind === 'full').map(({ to }) => to)) + tookMs / SHARE_OF_SWEEPS

/**
 * Full where no complete sweep is younger than 24 hours, where the feed does not reach back to what is covered, where there is no
 * feed, and where the latest run could not read it; else incremental. An unfinished sweep is taken up first.
 */
export const chooseMode = (facts: ModeFacts): ModeChoice => {
  const { asked, maxMinutes, unfinishedFull, unreadFeed, fullTookMs, coverage, now } = facts
  const full = (note: string | null): ModeChoice => ({ mode: 'full', note: asked === 'incremental' ? note : null })
  if (asked === 'full') return full(null)
  if (maxMinutes === null) return full('The source has no feed of changes: reading all of it.')
  const until = coveredUntil(coverage)
  if (until === null) return full('There was no complete sweep yet: reading everything.')
  if (minutesSince(until, now) > maxMinutes)
    return full('The feed of changes does not go back far enough: reading everything.')
  if (unreadFeed !== null && !unfinishedFull && now >= sweepsAgainAt(coverage, fullTookMs))
    return { mode: 'full', note: `${unreadFeed}: reading everything.` }
  if (asked === 'incremental') return { mode: 'incremental', coveredUntil: until }
  const lastFull = Math.max(...coverage.filter(({ kind }) => kind === 'full').map(({ to }) => to))
  if (unfinishedFull || now - lastFull >= FULL_EVERY_MS) return full(null)
  return { mode: 'incremental', coveredUntil: until }
}
