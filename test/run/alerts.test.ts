import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALERT_KINDS, alertBody, decideAlerts, type LastRun, resendInMs } from '../../src/run/alerts.ts'
import type { Concern } from '../../src/run/health.ts'

const concern = (kind: Concern['kind']): Concern => ({ kind, weight: 'fault', message: `it is ${kind}` })
const last = (status: string, mode = 'full'): LastRun => ({ runId: 'r', status, mode })
const decide = (seen: readonly Concern['kind'][], open: readonly string[], run: LastRun) => {
  const decided = decideAlerts(
    seen.map(concern),
    open.map((kind) => ({ id: `id of ${kind}`, kind })),
    run,
  )
  return { open: decided.open.map(({ kind }) => kind), settle: decided.settle.map(({ kind }) => kind) }
}

describe('decideAlerts', () => {
  it('opens what is seen and not open yet, and nothing of what is only good to know', () => {
    assert.deepEqual(decide(['failed', 'held', 'rejects', 'never', 'hole', 'incomplete'], ['held'], last('failed')), {
      open: ['failed'],
      settle: [],
    })
    assert.deepEqual(decide([...ALERT_KINDS], [], null).open, [...ALERT_KINDS])
    assert.deepEqual(decide([...ALERT_KINDS], ALERT_KINDS, null), { open: [], settle: [] })
  })

  it('settles a failed or twice incomplete run only by a complete one', () => {
    for (const kind of ['failed', 'incomplete-twice']) {
      for (const status of ['running', 'incomplete', 'abandoned'])
        assert.deepEqual(decide([], [kind], last(status)).settle, [], `${kind} ${status}`)
      assert.deepEqual(decide([], [kind], null).settle, [])
      assert.deepEqual(decide([], [kind], last('complete', 'incremental')).settle, [kind])
    }
  })

  it('settles drift only by a complete full run without any', () => {
    assert.deepEqual(decide([], ['drift'], last('complete', 'incremental')).settle, [])
    assert.deepEqual(decide([], ['drift'], last('running')).settle, [])
    assert.deepEqual(decide(['drift'], ['drift'], last('complete')).settle, [])
    assert.deepEqual(decide([], ['drift'], last('complete')).settle, ['drift'])
  })

  it('settles what is seen to be over, and leaves alone what it does not know', () => {
    assert.deepEqual(decide(['stale'], ['stuck', 'held', 'stale', 'of-tomorrow'], last('running')).settle, [
      'stuck',
      'held',
    ])
  })
})

it('writes a body that says what, where and since when', () => {
  const [alert] = decideAlerts([concern('stale')], [], null).open
  const at = Date.UTC(2026, 10, 25, 12)
  assert.deepEqual(JSON.parse(alertBody(alert!, { id: 'a1', source: 'demo', last: last('failed'), at })), {
    type: 'carsync.stale',
    timestamp: '2026-11-25T12:00:00.000Z',
    data: { id: 'a1', source: 'demo', kind: 'stale', weight: 'fault', message: 'it is stale', runId: 'r' },
  })
})

it('leaves a webhook alone for longer after each failure, never for less than it asks, never for more than two hours', () => {
  const waits = [1, 2, 3, 4, 5, 6, 60].map((attempt) => resendInMs(attempt, null))
  assert.deepEqual(waits, [2000, 10_000, 60_000, 300_000, 1_800_000, 7_200_000, 7_200_000])
  assert.equal(resendInMs(1, 30_000), 30_000)
  assert.equal(resendInMs(4, 1000), 300_000)
  assert.equal(resendInMs(1, 1e15), 7_200_000)
})
