/**
 * A bucket whose refusals make everybody wait, once such a wait is over: all that was in flight at the refusal is back by then, and what
 * was let in since the one before tells the rate. A refusal costs a wait, so nothing is left to be found out by further ones.
 */

import type { Traffic } from '../traffic.ts'
import { type Bucket, heldAt, MARGIN, type Opening, OVER } from './bucket.ts'
import { EXACT, fitRate, type Known, leftAt, type Run, runsOf, SLACK } from './bucket-fit.ts'

/** By such a share of what was let in, or of what it holds, a run contradicts those before it: the limit has moved. */
const MOVED = 0.15
/** Enough to tell another limit. Where so few requests told it that it may be wrong by more, it grows while nothing is refused. */
const ROUGHLY = 0.2
/** What takes up the jitter of requests that leave evenly. */
const ROOM = 5
/** So many refusals in a row that came soon are no chance. */
const HASTY = 2
/** A rate that may be wrong by more than this, as a share, is a guess. */
const WELL = 0.1

/** The limit has been lowered, or raised, since what is known was found out. */
const isLower = (run: Run, { low }: Known, holds: Opening | number): boolean =>
  leftAt(run, low, heldAt(holds, low)) > 2 * SLACK + MOVED * run.admitted.length
const isHigher = (run: Run, { high }: Known, holds: Opening | number): boolean =>
  leftAt(run, high, heldAt(holds, high)) < -2 * SLACK - MOVED * heldAt(holds, high)

const at = ({ rate, error }: Known): Partial<Bucket> => ({
  rate,
  ceiling: rate * OVER,
  tokens: 0,
  opening: null,
  search: null,
  fallback: null,
  looksUp: false,
  steady: false,
  sure: true,
  met: error < EXACT,
})

const spendable = (store: number, evenly: boolean): number => (evenly ? 1 : Math.max(1, MARGIN * store))

/** The bucket when the wait after a refusal is over. */
export const waited = (bucket: Bucket, traffic: Traffic): Bucket => {
  const { holds } = bucket
  // Of all that were refused together the last had left then.
  const last = { ...bucket.walls.at(-1)!, at: traffic.refused.at(-1)! }
  const walls = [...bucket.walls.slice(0, -1), last]
  // Refused soon after each wait though so much should be there: nothing is to be had at once, as for a cap.
  const evenly = bucket.evenly || (bucket.hasty >= HASTY && bucket.burst >= 2)
  const over: Bucket = { ...bucket, walls, evenly, isWaiting: false }
  if (holds === null) return over
  const [run] = runsOf(walls.slice(-2), traffic)
  const before = fitRate(walls.slice(0, -1), holds, traffic)
  if (run !== undefined && before !== null && heldAt(holds, before.best) >= ROOM) {
    const isLess = isLower(run, before, holds)
    // So many at once may have been too many, as for a cap: first as much is asked for evenly.
    if (isLess && bucket.burst >= 2) return { ...over, ...at(before), walls: walls.slice(0, -1), burst: 1 }
    if (isLess || isHigher(run, before, holds)) {
      const store = heldAt(holds, before.best)
      const latest = fitRate(walls.slice(-2), store, traffic)
      if (latest !== null && latest.error < ROUGHLY)
        return { ...over, ...at(latest), walls: walls.slice(-2), burst: spendable(store, evenly), holds: store }
    }
  }
  const whole = fitRate(walls, holds, traffic)
  // With so little room refusals tell of jitter: the pace has to stay below the rate.
  if (whole === null || heldAt(holds, whole.best) < ROOM) return over
  // What is only guessed is not spent at once.
  const known = whole.error > WELL ? { ...whole, rate: Math.max(whole.rate, bucket.proven) } : whole
  return {
    ...over,
    ...at(known),
    sure: whole.few <= ROUGHLY,
    burst: spendable(heldAt(holds, whole.rate), evenly || whole.error > WELL),
  }
}
