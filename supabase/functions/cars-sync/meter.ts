/** How much of what the platform allows a slice has spent, and whether another page fits in. Pure but for its clocks. */

/** Kinds of work, by how much processor time comes with a measured millisecond of it. */
export type Work = 'page' | 'record' | 'comparison' | 'row'

export type Limits = {
  /** Processor time of a slice, ms. */
  cpuMs: number
  /** The instant, by `now`, from which on no page is asked for. */
  askUntil: number
  /** Bytes of memory above which no page is asked for. */
  memoryBytes: number
  /** What a page is taken for before one has been committed, ms of processor time. */
  firstPageMs: number
}

export type Meter = {
  /** Runs a piece of synchronous work and adds what it costs. */
  run<T>(kind: Work, work: () => T): T
  /** So many pages have been committed. */
  committed(pages: number): void
  mayAsk(inHand: number): boolean
  /** An estimate of the processor time spent since the meter was opened. */
  cpuMs(): number
  pages(): number
}

/**
 * What cannot be measured from within goes along with what can: receiving a page and looking up its records costs a multiple of
 * cutting it up, sending rows and collecting garbage about half of reading and writing them; for a comparison the stored record
 * was received and both were parsed. Fitted to what the operating
 * system counted on Deno, for first sweeps and for sweeps without a change (`npm run bench -- edge` prints both).
 */
const COST: Readonly<Record<Work, number>> = { page: 7, record: 1.5, comparison: 3, row: 1.5 }
/** Beginning and ending a slice. */
const BASE_MS = 60
/** Heartbeats, progress, timers: for the time that passes. */
const IDLE_SHARE = 0.01
/** A heap that is left alone is collected: for the time between two commits, up to so much, ms. */
const PAUSE_SHARE = 0.015
const MOST_PAUSE_MS = 40
/**
 * `now` in ms; `memory` in bytes, 0 where the platform does not tell. At least one page is always allowed, or a job whose
 * pages are dear would never end.
 */
export const openMeter = (limits: Limits, now: () => number, memory: () => number): Meter => {
  const openedAt = now()
  let measured = 0
  let measuredAtCommit = 0
  let committedAt = openedAt
  let pages = 0
  // Work within work is counted once.
  let depth = 0
  const pageMs = (): number => (pages === 0 ? limits.firstPageMs : measuredAtCommit / pages)
  const idleMs = (): number => BASE_MS + (now() - openedAt) * IDLE_SHARE
  return {
    run: (kind, work) => {
      if (depth > 0) return work()
      depth++
      const from = now()
      try {
        return work()
      } finally {
        depth--
        measured += (now() - from) * COST[kind]
      }
    },
    committed: (count) => {
      const at = now()
      measured += Math.min((at - committedAt) * PAUSE_SHARE, MOST_PAUSE_MS)
      committedAt = at
      pages += count
      measuredAtCommit = measured
    },
    mayAsk: (inHand) => {
      if (now() >= limits.askUntil || memory() > limits.memoryBytes) return false
      if (pages === 0 && inHand === 0) return true
      // What is in hand was counted in part; the rest of it is still to come.
      const spent = Math.max(measured, measuredAtCommit + inHand * pageMs())
      return idleMs() + spent + pageMs() <= limits.cpuMs
    },
    cpuMs: () => idleMs() + measured,
    pages: () => pages,
  }
}
