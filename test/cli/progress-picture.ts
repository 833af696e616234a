import type { Progress } from '../../src/node.ts'

/** A run in its middle, with what a test wants otherwise. */
export const pictureOf = (changes: Partial<Progress> = {}): Progress => ({
  phase: 'sweeping',
  activeMs: 83_000,
  pages: { done: 81, total: 191 },
  cars: { seen: 80_000, inserted: 78_000, updated: 1_200, unchanged: 800, removed: 0, rejected: 34 },
  carsTotal: 190_000,
  heldRemovals: null,
  segments: [
    { name: 'Audi', done: 8_550, total: 8_550 },
    { name: 'BMW', done: 7_000, total: 14_250 },
    { name: 'other brands', done: 0, total: 146_000 },
  ],
  requests: { total: 90, ok: 85, limited: 3, failed: 2, retried: 2 },
  carsPerSecond: 2_310,
  requestsPerSecond: 4.8,
  inFlight: 5,
  etaMs: { low: 100_000, high: 170_000 },
  pace: { requestsPerSecond: 5, concurrency: 6, pageSize: 1000, why: 'refused at 5.2/s; holding 5/s' },
  ...changes,
})
