/** What the source does not show is no reason to leave the rest uncompared. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { verifyCode, verifyLines } from '../../cli/verify.ts'
import { resolveOptions, sources, storeOver, type Verified, verify } from '../../src/node.ts'
import type { Difference } from '../../src/run/differences.ts'
import { bentSource } from '../support/bent-source.ts'
import { newDatabase } from '../support/databases.ts'
import { fastWorld } from '../support/fast-world.ts'
import { syncOnce } from '../support/sync-once.ts'

const CARS = 60

/** Verifies all of a mirror whose source, from then on, answers 500 to the addresses that `fails` names. */
const verified = async (t: TestContext, fails: (url: URL) => boolean) => {
  let isBroken = false
  const { url } = await bentSource(t, { cars: CARS, maxPageSize: 10 }, (request, response) => {
    if (!isBroken || !fails(new URL(request.url!, 'http://demo'))) return false
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Server Error"}')
    return true
  })
  const db = await newDatabase('postgres')
  await syncOnce({ db, url })
  isBroken = true
  const options = resolveOptions({}, { API_BASE_URL: url, API_KEY: 'canary-key' })
  const world = fastWorld(30)
  const how = { source: sources.auctionsapi, sample: CARS, seed: 'a' }
  return { db, found: () => verify(options, world, storeOver(db, options, world), how) }
}

test('a car that the source does not show is named as not verified, and the others are compared', async (t) => {
  const { db, found } = await verified(t, ({ pathname }) => pathname.endsWith(`/${unshown}`))
  const [row] = await db.query('select source_id from cars order by source_id limit 1')
  const unshown = row!.source_id as string
  const one = await found()
  assert.deepEqual(one.differences, [])
  assert.deepEqual([one.ok, one.compared, one.askedById, one.notAsked], [false, CARS, CARS - 1, 0])
  assert.deepEqual(
    one.notVerified.map(({ sourceId }) => sourceId),
    [unshown],
  )
  assert.match(one.notVerified[0]!.why, /HTTP 500/)
  assert.equal(verifyCode(one), 3)
  const lines = verifyLines(one, (command) => command)
  assert.match(lines[0]!, /^Not all could be verified/)
  assert.ok(lines.some((line) => line.startsWith(`unknown  not-verified  ${unshown}  `)))
  assert.equal(verifyCode({ ...one, differences: [{ kind: 'count', fault: true, sourceId: null, message: '' }] }), 1)
})

test('a page that the source does not show is told, and the others are compared', async (t) => {
  const { found } = await verified(t, ({ searchParams: query }) => query.get('page') === '2')
  const one = await found()
  assert.deepEqual([one.ok, one.compared, one.askedById], [false, CARS - 10, CARS])
  assert.deepEqual(
    one.notVerified.map(({ sourceId, why }) => [sourceId, /page 2/.test(why)]),
    [[null, true]],
  )
})

test('where no car is shown by id not all of them are asked for, and what the pages tell stays', async (t) => {
  const { found } = await verified(t, ({ pathname }) => /\/cars\/\d+$/.test(pathname))
  const one = await found()
  assert.deepEqual([one.compared, one.askedById], [CARS, 0])
  assert.ok(one.notVerified.length < 12, `${one.notVerified.length} asked for`)
  assert.equal(one.notVerified.length + one.notAsked, CARS)
  assert.equal(verifyCode(one), 3)
})

test('a source that shows no page at all cannot be compared with', async (t) => {
  const { found } = await verified(t, ({ searchParams: query }) => query.has('page') && !query.has('simple_paginate'))
  await assert.rejects(found(), { exitCode: 3, message: /^The source cannot be compared with: / })
})

test('many findings of one kind are told as how many they are, with examples, and faults before notes', () => {
  const of = (kind: Difference['kind'], fault: boolean, many: number): Difference[] =>
    Array.from({ length: many }, (_, i) => ({ kind, fault, sourceId: `${kind}-${i}`, message: 'so and so' }))
  const found: Verified = {
    ...{ ok: false, seed: 's', budget: 0, requests: 0, total: 0, stored: 0, rejects: 0, compared: 0, askedById: 0 },
    differences: [...of('gone', false, 1000), ...of('newer-at-source', false, 4), ...of('differs', true, 30)],
    notVerified: Array.from({ length: 7 }, (_, i) => ({ sourceId: `${i}`, why: 'HTTP 500' })),
    notAsked: 0,
  }
  const lines = verifyLines(found, (command) => command).filter((line) => /^(fault|note|unknown) /.test(line))
  assert.deepEqual(lines.slice(19), [
    'fault  differs  differs-19  so and so',
    'fault  differs  and 10 more like these, 30 in all; --json tells each',
    'note  gone  gone-0  so and so',
    'note  gone  gone-1  so and so',
    'note  gone  gone-2  so and so',
    'note  gone  and 997 more like these, 1,000 in all; --json tells each',
    ...[0, 1, 2, 3].map((i) => `note  newer-at-source  newer-at-source-${i}  so and so`),
    ...[0, 1, 2].map((i) => `unknown  not-verified  ${i}  HTTP 500`),
    'unknown  not-verified  and 4 more like these, 7 in all; --json tells each',
  ])
})
