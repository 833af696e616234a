import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSoFar } from '../../cli/so-far.ts'
import { pictureOf } from './progress-picture.ts'

test('a sync that ends before the engine can say how is told of as far as is known', () => {
  let now = Date.UTC(2026, 0, 1)
  const soFar = openSoFar({ source: 'cars' }, 'auto', () => now)
  now += 2000
  assert.equal(soFar.hasBegun(), false)
  const before = soFar.summary('incomplete', 'Stopped.')
  assert.deepEqual(
    { ...before, requests: 0, cars: 0, rate: 0, learned: 0 },
    {
      ...{ runId: '', source: 'cars', mode: 'full', status: 'incomplete', proof: 'none', resumed: false },
      ...{
        startedAt: '2026-01-01T00:00:00.000Z',
        finishedAt: '2026-01-01T00:00:02.000Z',
        durationMs: 2000,
        activeMs: 0,
      },
      ...{ pages: { done: 0, total: null }, heldRemovals: 0, reason: 'Stopped.' },
      ...{ requests: 0, cars: 0, rate: 0, learned: 0 },
    },
  )
  soFar.event({ kind: 'started', runId: 'r', source: 'cars', mode: 'incremental', resumed: true })
  const progress = { ...pictureOf(), activeMs: 10_000 }
  soFar.event({ kind: 'progress', progress })
  assert.equal(soFar.hasBegun(), true)
  const after = soFar.summary('failed', 'The database went away.')
  assert.equal(after.status, 'failed')
  assert.deepEqual([after.runId, after.mode, after.resumed], ['r', 'incremental', true])
  assert.deepEqual([after.pages, after.cars, after.requests], [progress.pages, progress.cars, progress.requests])
  assert.equal(after.rate.carsPerSecond, progress.cars.seen / 10)
})

test('of a sync whose second run reads everything the requests of both are told, and nothing else of the first', () => {
  const soFar = openSoFar({ source: 'cars' }, 'auto', () => Date.UTC(2026, 0, 1))
  const started = { kind: 'started', source: 'cars', resumed: false } as const
  const progress = pictureOf()
  const { total } = progress.requests
  soFar.event({ ...started, runId: 'changes', mode: 'incremental' })
  soFar.event({ kind: 'progress', progress })
  soFar.event({ ...started, runId: 'everything', mode: 'full' })
  const early = soFar.summary('incomplete', 'Stopped.')
  assert.deepEqual([early.runId, early.requests.total, early.cars.seen], ['everything', total, 0])
  soFar.event({ kind: 'progress', progress })
  const late = soFar.summary('incomplete', 'Stopped.')
  assert.deepEqual([late.requests.total, late.cars.seen], [2 * total, progress.cars.seen])
})
