import assert from 'node:assert/strict'
import { it } from 'node:test'
import { latelyTook } from '../../dashboard/lately-took.ts'
import type { Live } from '../../src/node.ts'
import { noDurations, withDuration } from '../../src/run/durations.ts'

const after = (...took: number[]) => took.reduce(withDuration, noDurations())
const liveOf = (runId: string, commits: number[]): Live =>
  ({ runId, requests: { answerTimes: after(50), commitTimes: after(...commits) } }) as Live

it('tells of the commits of the last minute, or of the whole run where there are none in it', () => {
  const look = latelyTook()
  const commitAt = (seconds: number, runId: string, ...commits: number[]): number | undefined =>
    look(liveOf(runId, commits), seconds * 1000).commit?.meanMs
  assert.equal(commitAt(0, 'a', 10, 20), 15, 'nothing was seen before: the run so far')
  assert.equal(commitAt(1, 'a', 10, 20, 40), 40)
  assert.equal(commitAt(60, 'a', 10, 20, 40, 80), 60, 'both are of the last minute')
  assert.equal(commitAt(61, 'a', 10, 20, 40, 80), 80)
  assert.equal(commitAt(122, 'a', 10, 20, 40, 80), 37.5, 'none in a minute')
  assert.equal(commitAt(123, 'b', 8), 8, 'of another run')
  assert.equal(commitAt(124, 'c'), undefined)
})

it('knows nothing of what an earlier version did not count', () => {
  const look = latelyTook()
  assert.deepEqual(look(null, 0), { answer: null, commit: null })
  const requests = { total: 4, ok: 4, limited: 0, failed: 0, retried: 0 }
  assert.deepEqual(look({ runId: 'a', requests } as Live, 0), { answer: null, commit: null })
})
