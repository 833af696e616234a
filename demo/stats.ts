/** What a server has done so far. */
export type DemoStats = {
  requests: number
  byStatus: Record<string, number>
  /** Cars in answers that were sent whole. */
  records: number
  inFlight: number
  inFlightPeak: number
  /** Faults that struck, by kind. */
  faults: Record<string, number>
  /** Requests by path and sorted query; only with `trackPages`. */
  pages: Record<string, number>
}

/** All zero. */
export function emptyStats(): DemoStats {
  return { requests: 0, byStatus: {}, records: 0, inFlight: 0, inFlightPeak: 0, faults: {}, pages: {} }
}

/** One more of `key`. */
export function tally(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}

/** The key under which a request is counted in `pages`: path, then the query sorted. */
export function pageKey(url: URL): string {
  const query = new URLSearchParams(url.searchParams)
  query.sort()
  return query.size === 0 ? url.pathname : `${url.pathname}?${query}`
}
