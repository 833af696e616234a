/** Trials that narrow down a rate of which next to nothing is known: it is between the highest that went well and the lowest that did not. */
import type { Bucket, Search } from './bucket.ts'

/** Close enough: the rest is left to following. */
const FOUND = 1.06

/** The next trial, or the end of the search. */
export const tried = (bucket: Bucket, search: Search, now: number): Bucket => {
  const { low, high, step } = search
  // All that came after the only one that was refused, up to just under it, was let in: somebody else may have taken what was there.
  if (bucket.narrow && low !== null && high !== null && high / low < FOUND && search.refused === 1)
    return { ...bucket, rate: high, search: { ...search, high: null, passed: 0, sinceAt: now } }
  if (low !== null && high !== null && high / low < FOUND)
    // Where nothing can be saved up: else what went well may have been paid from savings.
    return { ...bucket, rate: low, search: null }
  const rate = high === null ? low! * step : low === null ? high / step : Math.sqrt(low * high)
  return { ...bucket, rate, search: { ...search, passed: 0, sinceAt: now } }
}
