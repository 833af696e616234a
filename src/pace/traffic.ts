/** What was sent and what of it the source let in: the record from which a limit is reckoned. Instants are ms. */

/** A request under way. `width` counts the requests in flight when it left, itself included. */
export type Sent = { id: number; at: number; width: number }

export type Traffic = {
  /** When the requests that were let in had left, ascending; the latest few thousand. */
  admitted: readonly number[]
  /** All that were let in, the forgotten ones included. */
  total: number
  /** When the latest refused requests had left, ascending. */
  refused: readonly number[]
}

const REMEMBERED = 5000
const REFUSALS_REMEMBERED = 64

export const noTraffic: Traffic = { admitted: [], total: 0, refused: [] }

/** The first index whose value is not below `at`. */
export const indexFrom = (sorted: readonly number[], at: number): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}

const inserted = (sorted: readonly number[], at: number, most: number): number[] => {
  const from = Math.max(0, sorted.length + 1 - most)
  const place = sorted.length === 0 || at >= sorted[sorted.length - 1]! ? sorted.length : indexFrom(sorted, at)
  return place < from ? sorted.slice(from - 1) : [...sorted.slice(from, place), at, ...sorted.slice(place)]
}

export const admit = (traffic: Traffic, sentAt: number): Traffic => ({
  ...traffic,
  admitted: inserted(traffic.admitted, sentAt, REMEMBERED),
  total: traffic.total + 1,
})

export const refuse = (traffic: Traffic, sentAt: number): Traffic => ({
  ...traffic,
  refused: inserted(traffic.refused, sentAt, REFUSALS_REMEMBERED),
})

/** Requests per second that were let in, of all that are remembered; those of less than a minute tell nothing: 0. */
export const meanRate = ({ admitted }: Traffic, now: number): number => {
  const seconds = (now - (admitted[0] ?? now)) / 1000
  return seconds < 60 ? 0 : admitted.length / seconds
}

/** How many were let in that left in [from, to); those still in flight count as let in. */
export const countBetween = (traffic: Traffic, flight: readonly Sent[], from: number, to: number): number => {
  let flying = 0
  for (const sent of flight) if (sent.at >= from && sent.at < to) flying++
  return flying + indexFrom(traffic.admitted, to) - indexFrom(traffic.admitted, from)
}
