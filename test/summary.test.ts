import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StatusReport, Store } from '../src/store/store.ts'
import { summaryOf } from '../src/summary.ts'

it('tells the speed that the status tells of the same run', async () => {
  const rate = { carsPerSecond: 333.3, carsPerMinute: 19_998, pagesPerSecond: 0.3 }
  const report = { activeMs: 3000, cars: { seen: 1000 }, pages: { done: 1, total: 1 }, status: 'complete', rate }
  const store = { report: async () => report as unknown as StatusReport } as unknown as Store
  assert.deepEqual((await summaryOf(store, 'r', false, 3000)).rate, rate)
})
