/** Limiters that nobody here wrote, each for a few seconds. Their figures are in the benchmark `limiters`. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDatabase } from './support/databases.ts'
import { LIMITERS } from './support/limiters/limiters.ts'
import { type TrialRun, tryLimiter } from './support/limiters/trial.ts'

/** Refused of all requests of a run. Generous: a short run is mostly finding out, and a bare 503 may count as a fault. */
const MAX_REFUSED_SHARE = 0.35

const SHORT = { aimMs: 2000, pageSize: 5, rest: false }

/** More would wait for the processor instead of for the limiter. */
const AT_ONCE = 4

const checkRun = ({ summary, refused, early }: TrialRun, cars: number): void => {
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact')
  assert.equal(summary.cars.seen, cars)
  assert.equal(early, 0, 'no request leaves before the time that a refusal named')
  const share = refused / summary.requests.total
  assert.ok(share <= MAX_REFUSED_SHARE, `${refused} of ${summary.requests.total} requests were refused`)
}

describe('a sync through a limiter that nobody here wrote', { concurrency: AT_ONCE }, () => {
  for (const limiter of LIMITERS)
    it(limiter.name, { skip: limiter.available() ?? false }, async () => {
      const { first, second, sourceIds, tableIds } = await tryLimiter(limiter, await newDatabase('postgres'), SHORT)
      assert.deepEqual(
        tableIds,
        sourceIds.toSorted((a, b) => a - b),
      )
      checkRun(first, sourceIds.length)
      checkRun(second, sourceIds.length)
    })
})
