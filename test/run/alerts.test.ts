import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALERT_KINDS,
  alertBody,
  decideAlerts,
  type LastRun,
  type OpenAlert,
  overAlert,
  renewedAlert,
  resendInMs,
  toldIn,
} from '../../src/run/alerts.ts'
import type { Concern } from '../../src/run/health.ts'

const concern = (kind: Concern['kind']): Concern => ({ kind, weight: 'fault', message: `it is ${kind}` })
const openOf = (kind: string, members: Partial<OpenAlert> = {}): OpenAlert => ({
  id: `id of ${kind}`,
  alertId: `trouble of ${kind}`,
  kind,
  weight: 'fault',
  message: `it is ${kind}`,
  openedAt: '2026-11-25T11:00:00.000Z',
  findings: [],
  ...members,
})
const last = (status: string, mode = 'full'): LastRun => ({ runId: 'r', status, mode })
const decide = (seen: readonly Concern['kind'][], open: readonly string[], run: LastRun) => {
  const decided = decideAlerts(
    seen.map(concern),
    open.map((kind) => openOf(kind)),
    run,
  )
  assert.deepEqual(decided.renew, [])
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
    for (const kind of ['failed', 'incomplete-twice', 'feed']) {
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

describe('of drift', () => {
  const drift = (...findings: string[]): Concern => ({
    kind: 'drift',
    weight: 'notice',
    message: 'it drifts',
    findings,
  })
  const decideDrift = (findings: string[], toldOf: string[], run = last('complete')) =>
    decideAlerts([drift(...findings)], [openOf('drift', { findings: toldOf })], run)

  it('a new kind is told while the alert is open, and what was told is not told again', () => {
    const { open, renew, settle } = decideDrift(['a', 'b', 'c'], ['b', 'gone'])
    assert.deepEqual([open, settle, renew.map(({ fresh }) => fresh)], [[], [], [['a', 'c']]])
    assert.deepEqual(decideDrift(['b'], ['a', 'b']).renew, [])
    assert.equal(decideDrift(['a'], [], last('running')).renew.length, 1)
  })

  it('a source that makes up new ones for ever is told of two hundred', () => {
    const told = Array.from({ length: 200 }, (_, i) => `key ${i}`)
    assert.deepEqual(decideDrift(['another'], told).renew, [])
    const [renewal] = decideDrift(['x', 'y'], told.slice(1)).renew
    const { body } = renewedAlert(renewal!, { id: 'a2', source: 'demo', last: null, at: 0 })
    assert.equal(JSON.parse(body).data.findings.length, 200)
  })

  it('the new message names what is new and the same trouble, and knows all that was told', () => {
    const [renewal] = decideDrift(['a', 'b', 'c', 'd', 'e'], ['b']).renew
    const { message, body } = renewedAlert(renewal!, { id: 'a2', source: 'demo', last: last('complete'), at: 0 })
    assert.equal(message, 'it drifts; new: a, c, d and 1 more')
    const { type, data } = JSON.parse(body)
    assert.deepEqual([type, data.id, data.status, data.fresh], ['carsync.drift', 'a2', 'firing', ['a', 'c', 'd', 'e']])
    assert.deepEqual(toldIn('a2', body), { alertId: 'trouble of drift', findings: ['b', 'a', 'c', 'd', 'e'] })
  })

  it('a message of an earlier version names nothing: it stands for itself', () => {
    assert.deepEqual(toldIn('a1', '{"type":"carsync.drift","data":{"id":"a1"}}'), { alertId: 'a1', findings: [] })
    assert.deepEqual(toldIn('a1', '{}'), { alertId: 'a1', findings: [] })
  })
})

describe('what is sent', () => {
  const at = Date.UTC(2026, 10, 25, 12)
  const about = { id: 'a1', source: 'demo', last: last('failed'), at }

  it('says what, where and since when', () => {
    const [alert] = decideAlerts([concern('stale')], [], null).open
    const data = { source: 'demo', kind: 'stale', weight: 'fault', message: 'it is stale', runId: 'r' }
    assert.deepEqual(JSON.parse(alertBody(alert!, about)), {
      type: 'carsync.stale',
      timestamp: '2026-11-25T12:00:00.000Z',
      data: { id: 'a1', alertId: 'a1', status: 'firing', ...data },
    })
  })

  it('says at the end what is over, under the name of the trouble', () => {
    const { message, body } = overAlert(openOf('stale'), about)
    assert.equal(message, 'over: it is stale')
    assert.match(overAlert(openOf('drift'), about).message, /^no longer seen in what was read: /)
    const data = { source: 'demo', kind: 'stale', weight: 'fault', message, runId: 'r' }
    assert.deepEqual(JSON.parse(body), {
      type: 'carsync.stale.resolved',
      timestamp: '2026-11-25T12:00:00.000Z',
      data: {
        id: 'a1',
        alertId: 'trouble of stale',
        status: 'resolved',
        openedAt: '2026-11-25T11:00:00.000Z',
        ...data,
      },
    })
  })
})

it('leaves a webhook alone for longer after each failure, never for less than it asks, never for more than two hours', () => {
  const waits = [1, 2, 3, 4, 5, 6, 60].map((attempt) => resendInMs(attempt, null))
  assert.deepEqual(waits, [2000, 10_000, 60_000, 300_000, 1_800_000, 7_200_000, 7_200_000])
  assert.equal(resendInMs(1, 30_000), 30_000)
  assert.equal(resendInMs(4, 1000), 300_000)
  assert.equal(resendInMs(1, 1e15), 7_200_000)
})
