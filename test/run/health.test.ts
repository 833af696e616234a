import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type HealthFacts, healthLine, judgeHealth } from '../../src/run/health.ts'

const HOUR = 3_600_000
const well: HealthFacts = {
  now: 100 * HOUR,
  staleMs: 26 * HOUR,
  runs: [{ status: 'complete', reason: null, unreadFeed: null }],
  resumed: false,
  leaseUntil: null,
  lastCommitAt: 98 * HOUR,
  coverage: [{ kind: 'full', from: 99 * HOUR, to: 99 * HOUR }],
  heldRemovals: 0,
  rejected: 0,
  drift: {},
}
const kinds = (facts: Partial<HealthFacts>): string[] => judgeHealth({ ...well, ...facts }).map(({ kind }) => kind)
const run = (
  status: HealthFacts['runs'][number]['status'],
  reason: string | null = null,
  unreadFeed: string | null = null,
) => ({
  status,
  reason,
  unreadFeed,
})

it('says that all is well when it is, also while a living run is on', () => {
  assert.equal(healthLine(judgeHealth(well)), 'All is well.')
  assert.deepEqual(kinds({ runs: [run('running')], leaseUntil: well.now + 1 }), [])
})

it('knows a run that failed, is stuck, or was not completed once or twice', () => {
  assert.deepEqual(kinds({ runs: [run('failed')] }), ['failed'])
  assert.deepEqual(kinds({ runs: [run('running')], leaseUntil: null }), ['stuck'])
  assert.deepEqual(kinds({ runs: [run('running')], leaseUntil: well.now }), ['stuck'])
  assert.deepEqual(kinds({ runs: [run('running')], lastCommitAt: well.now - 60_000 }), [], 'it is being handed over')
  assert.deepEqual(kinds({ runs: [run('running')], lastCommitAt: well.now - 60_001 }), ['stuck'])
  assert.deepEqual(kinds({ runs: [run('incomplete'), run('complete')] }), ['incomplete'])
  assert.deepEqual(kinds({ runs: [run('incomplete'), run('abandoned')] }), ['incomplete-twice'])
  assert.deepEqual(kinds({ runs: [run('incomplete')], resumed: true }), ['incomplete-twice'])
})

it('says of a run that is stuck what the next sync does with it', () => {
  const line = (idleMs: number) =>
    healthLine(judgeHealth({ ...well, runs: [run('running')], lastCommitAt: well.now - idleMs }))
  assert.match(line(6 * HOUR - 1), /no sign of life; the next sync takes it up/)
  assert.match(line(6 * HOUR), /no sign of life; it is too old to be taken up, so the next sync begins anew/)
})

it('tells a feed that is not to be had from other ends, before and after everything was read instead', () => {
  const feed = 'The source shows no feed of changes (HTTP 404)'
  const ofRun = (status: 'failed' | 'incomplete' | 'complete' | 'running', reason: string | null) =>
    judgeHealth({ ...well, runs: [run(status, reason, feed)] }).map(({ kind, weight }) => `${kind} ${weight}`)
  assert.deepEqual(ofRun('failed', `${feed}. Everything is read by a sync after noon`), ['feed fault'])
  assert.deepEqual(ofRun('incomplete', feed), ['feed fault'])
  assert.deepEqual(ofRun('complete', null), ['feed notice'])
  assert.deepEqual(ofRun('failed', 'the key is not accepted'), ['failed fault', 'feed notice'])
  assert.match(
    healthLine(judgeHealth({ ...well, runs: [run('complete', null, feed)] })),
    /^Well, but note: the source shows no feed of changes \(HTTP 404\): everything is read instead/,
  )
})

it('judges age by what is covered, to the millisecond, and sees holes', () => {
  const full = (at: number) => ({ kind: 'full' as const, from: at, to: at })
  assert.deepEqual(kinds({ coverage: [full(74 * HOUR)] }), [])
  assert.deepEqual(kinds({ coverage: [full(74 * HOUR - 1)] }), ['stale'])
  assert.deepEqual(kinds({ coverage: [full(90 * HOUR), { kind: 'incremental', from: 91 * HOUR, to: 92 * HOUR }] }), [
    'hole',
  ])
  assert.deepEqual(kinds({ coverage: [] }), ['stale'])
  assert.deepEqual(kinds({ coverage: [], runs: [] }), ['never'])
})

it('puts faults before notices, and does not call notices alone a fault', () => {
  assert.deepEqual(kinds({ rejected: 2, drift: { 'new key x': 1 }, heldRemovals: 60 }), ['held', 'rejects', 'drift'])
  assert.match(healthLine(judgeHealth({ ...well, rejected: 2 })), /^Well, but note: 2 records/)
  assert.match(healthLine(judgeHealth({ ...well, rejected: 1 })), /: 1 record could/)
  assert.match(healthLine(judgeHealth({ ...well, heldRemovals: 1 })), /: 1 removal is held back and waits/)
  assert.match(
    healthLine(judgeHealth({ ...well, runs: [run('failed', 'No space.')] })),
    /^Not well: .*failed: No space\.$/,
  )
})
