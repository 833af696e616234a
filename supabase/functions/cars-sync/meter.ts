/** How much of what the platform allows a slice has spent, and whether another page fits in. Pure but for its clocks. */

export type Limits = {
  /** Synchronous work in a slice, ms. */
  busyMs: number
  /** The instant, by `now`, from which on no page is asked for. */
  askUntil: number
  /** Bytes of memory above which no page is asked for. */
  memoryBytes: number
}

export type Meter = {
  /** Runs a piece of synchronous work and adds its time. */
  run<T>(work: () => T): T
  /** So many pages have been committed. */
  committed(pages: number): void
  mayAsk(inHand: number): boolean
  busyMs(): number
  pages(): number
}

/** What a page is taken for before one has been committed, ms: 1000 cars on a slow machine. */
const FIRST_PAGE_MS = 100

/**
 * `now` in ms; `memory` in bytes, 0 where the platform does not tell. At least one page is always allowed, or a job whose
 * pages are dear would never end.
 */
export const openMeter = (limits: Limits, now: () => number, memory: () => number): Meter => {
  let busy = 0
  let busyAtCommit = 0
  let pages = 0
  // Work within work is counted once.
  let depth = 0
  const pageMs = (): number => (pages === 0 ? FIRST_PAGE_MS : busyAtCommit / pages)
  return {
    run: (work) => {
      if (depth > 0) return work()
      depth++
      const from = now()
      try {
        return work()
      } finally {
        depth--
        busy += now() - from
      }
    },
    committed: (count) => {
      pages += count
      busyAtCommit = busy
    },
    mayAsk: (inHand) => {
      if (now() >= limits.askUntil || memory() > limits.memoryBytes) return false
      if (pages === 0 && inHand === 0) return true
      // What is in hand was counted in part; the rest of it is still to come.
      return Math.max(busy, busyAtCommit + inHand * pageMs()) + pageMs() <= limits.busyMs
    },
    busyMs: () => busy,
    pages: () => pages,
  }
}
