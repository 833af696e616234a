/**
 * Which page is asked for next: what `src/run/next-step.ts`, `src/sweep/sweep.ts` and `src/request/flights.ts` decide, for one list of
 * pages. A page that was refused goes back to the front. One that failed waits with full jitter. At the end, with nothing
 * else to ask for, an overdue page is asked for twice. Instants are ms since the beginning.
 */
import { type Latencies, mayAskTwice, overdueAfterMs, withLatency } from '../../src/pace/page/straggler.ts'

type Flight = { page: number; sentAt: number; noticedAt: number | null; ids: number[]; failed: boolean }

/** What an answer did to its page: `failed` has its number of the attempt, and is due when `retry` says. */
export type Landing =
  | { kind: 'read'; superseded: readonly number[] }
  | { kind: 'refused' | 'another-out' | 'nothing' }
  | { kind: 'failed'; attempt: number }

export type Asking = {
  /** The page to ask for now; null: none. */
  next(now: number): number | null
  /** When a page that failed is due again; Infinity: none waits. */
  dueAt(): number
  /** Milliseconds until a page may be asked for a second time; Infinity: none may. */
  overdueInMs(now: number): number
  /** The page to be asked for a second time. */
  overdue(): number
  sent(page: number, id: number, now: number): void
  landed(page: number, id: number, status: 200 | 429 | 500, sentAt: number, now: number): Landing
  /** A page that failed is asked for again at this instant. */
  retry(page: number, at: number): void
  /** Pages that were not read. */
  left(): number[]
}

/** As in src/request/flights.ts: a page must stay overdue for so long, ms. */
const NOTICE_MS = 50
/** As in src/sweep/sweep.ts. */
const ATTEMPTS = 8

export const openAsking = (pages: readonly number[]): Asking => {
  const read = new Set<number>()
  const unasked = [...pages].reverse()
  const out = new Map<number, Flight>()
  const attempts = new Map<number, number>()
  const askedTwice = new Set<number>()
  let retries: { page: number; at: number }[] = []
  let asked = 0
  let latencies: Latencies = []

  const oldest = (): Flight | undefined => out.values().find(({ page }) => !askedTwice.has(page))

  return {
    next: (now) => retries.find(({ at }) => at <= now)?.page ?? unasked.at(-1) ?? null,
    dueAt: () => retries.reduce((first, { at }) => Math.min(first, at), Number.POSITIVE_INFINITY),
    overdueInMs(now) {
      const flight = mayAskTwice(asked, askedTwice.size) ? oldest() : undefined
      if (!flight) return Number.POSITIVE_INFINITY
      const leftMs = flight.sentAt + overdueAfterMs(latencies) - now
      if (leftMs > 0) return leftMs
      flight.noticedAt ??= now
      return Math.max(0, flight.noticedAt + NOTICE_MS - now)
    },
    overdue: () => oldest()!.page,
    sent(page, id, now) {
      const flight = out.get(page)
      if (flight) {
        askedTwice.add(page)
        flight.ids.push(id)
        return
      }
      asked++
      if (unasked.at(-1) === page) unasked.pop()
      else retries = retries.filter((retry) => retry.page !== page)
      out.set(page, { page, sentAt: now, noticedAt: null, ids: [id], failed: false })
    },
    landed(page, id, status, sentAt, now) {
      const flight = out.get(page)
      if (!flight?.ids.includes(id)) return { kind: 'nothing' }
      flight.ids = flight.ids.filter((each) => each !== id)
      if (status === 200) {
        latencies = withLatency(latencies, now - sentAt)
        read.add(page)
        out.delete(page)
        return { kind: 'read', superseded: flight.ids }
      }
      flight.failed ||= status === 500
      if (flight.ids.length > 0) return { kind: 'another-out' }
      out.delete(page)
      if (!flight.failed) {
        unasked.push(page)
        return { kind: 'refused' }
      }
      const attempt = (attempts.get(page) ?? 0) + 1
      attempts.set(page, attempt)
      return { kind: 'failed', attempt }
    },
    retry(page, at) {
      if (attempts.get(page)! < ATTEMPTS) retries.push({ page, at })
    },
    left: () => pages.filter((page) => !read.has(page)),
  }
}
