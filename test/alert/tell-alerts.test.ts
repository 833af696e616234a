/** Alerts from the state of the database to a real receiver, which verifies them as a stranger would. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { alertTargetOf } from '../../src/alert/alert-target.ts'
import { keepLastEnd, type TellSettings, tellAlerts } from '../../src/alert/tell-alerts.ts'
import { realWorld, type Store, storeOver } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import type { World } from '../../src/world.ts'
import { newSource } from '../store/fixture.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { ALERT_SECRET, ALERT_TOKEN, startWebhook, type Webhook } from '../support/webhook.ts'

type Answer = Parameters<typeof startWebhook>[0]
type Scene = {
  webhook: Webhook
  store: Store
  source: string
  slept: number[]
  /** The latest run of the source came to this. */
  run(status: string, mode?: string, drift?: Record<string, number>, unreadFeed?: string): Promise<void>
  held(): Promise<void>
  tell(settings?: Partial<TellSettings>): ReturnType<typeof tellAlerts>
  /** Time goes by for the outbox. */
  pass(ms: number): Promise<void>
}

const scene = async (t: TestContext, db: Database, answer?: Answer): Promise<Scene> => {
  const webhook = await startWebhook(answer)
  t.after(webhook.close)
  const source = newSource()
  const slept: number[] = []
  let offMs = 0
  let runs = 0
  const pass: Scene['pass'] = async (ms) => {
    offMs += ms
    await db.query(
      `update carsync.alerts set next_try_at = next_try_at - $2::float8 * interval '1 ms' where source = $1`,
      [source, ms],
    )
  }
  const world: World = {
    ...realWorld,
    now: () => realWorld.now() + offMs,
    sleep: async (ms) => {
      slept.push(ms)
      await pass(ms)
    },
  }
  const store = storeOver(db, { schema: 'public', source }, world)
  const run: Scene['run'] = async (status, mode = 'full', drift = {}, unreadFeed) => {
    await db.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed, reason, started_at, last_commit_at, drift, unread_feed)
       values ($1::text::uuid, $2, $3, $4, true, coalesce($7, 'the source said no'), now() + $5::int * interval '1 ms', now(), $6::text::jsonb, $7)`,
      // The embedded database's clock knows milliseconds only, and runs must have an order.
      [randomUUID(), source, mode, status, ++runs, JSON.stringify(drift), unreadFeed ?? null],
    )
    if (status !== 'complete') return
    await db.query(
      `insert into carsync.coverage (source, from_at, to_at, kind, run_id)
       values ($1, clock_timestamp(), clock_timestamp(), 'full', gen_random_uuid())`,
      [source],
    )
  }
  return {
    webhook,
    store,
    source,
    slept,
    run,
    pass,
    held: async () => {
      await db.query(
        `insert into carsync.held_removals (run_id, source, source_id, segment)
         select run_id, source, 'a', 'all' from carsync.runs where source = $1 limit 1`,
        [source],
      )
    },
    tell: (settings = {}) =>
      tellAlerts(store, world, {
        source,
        staleHours: 26,
        target: alertTargetOf({ alertUrl: webhook.url, alertSecret: ALERT_SECRET }),
        patienceMs: 0,
        stop: new AbortController().signal,
        ...settings,
      }),
  }
}

/** Before a run nothing is sent: an address is all that is needed. */
const target = alertTargetOf({ alertUrl: 'http://127.0.0.1:1/', alertSecret: ALERT_SECRET })

const failing =
  (...statuses: number[]): Answer =>
  (response, nth) =>
    response.writeHead(statuses[nth] ?? 204).end()

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`alerts on ${kind}`, () => {
    it('tell once of a feed that is not to be had, however often everything is read instead, and once that it is back', async (t) => {
      const { webhook, store, run, tell } = await scene(t, db)
      const unread = (status: string, mode: string) => run(status, mode, {}, 'The source shows no feed of changes')
      await run('complete')
      await unread('failed', 'incremental')
      await tell()
      for (const [status, mode] of [
        ['complete', 'full'],
        ['failed', 'incremental'],
        ['complete', 'full'],
        ['incomplete', 'incremental'],
      ] as const) {
        await unread(status, mode)
        await tell()
        await run('running', 'incremental')
        await tell()
      }
      assert.deepEqual(
        (await store.openAlerts()).map(({ kind }) => kind),
        ['feed'],
      )
      await run('complete', 'incremental')
      await tell()
      assert.deepEqual(
        webhook.received.map(({ type }) => type),
        ['carsync.feed', 'carsync.feed.resolved'],
      )
    })

    it('tell once of a failed run, once that a complete one has mended it, and anew of the next', async (t) => {
      const { webhook, store, source, run, tell } = await scene(t, db)
      await run('complete')
      assert.deepEqual(await tell(), { delivered: 0, left: false, why: null })
      await run('failed')
      assert.deepEqual(await tell(), { delivered: 1, left: false, why: null })
      await tell()
      await run('running')
      await tell()
      await run('failed')
      await tell()
      assert.deepEqual(
        webhook.received.map((each) => [each.type, each.verified]),
        [['carsync.failed', true]],
      )
      const { data } = JSON.parse(webhook.received[0]!.body)
      assert.equal(data.source, source)
      assert.equal(data.message, 'the last run failed: the source said no')
      assert.equal(data.id, webhook.received[0]!.id)

      await run('complete')
      assert.deepEqual(await tell(), { delivered: 1, left: false, why: null })
      assert.equal((await tell()).delivered, 0)
      const settled = await store.alerts(10)
      assert.deepEqual(settled.map((each) => each.kind).sort(), ['failed', 'failed.resolved'])
      assert.ok(settled.every(({ resolvedAt, deliveredAt }) => resolvedAt !== null && deliveredAt !== null))
      const [first, over] = webhook.received
      assert.deepEqual([over!.type, over!.verified], ['carsync.failed.resolved', true])
      const end = JSON.parse(over!.body).data
      assert.deepEqual([end.status, end.kind, end.alertId, end.id], ['resolved', 'failed', first!.id, over!.id])
      await run('failed')
      await tell()
      const ids = webhook.received.map(({ id }) => id)
      assert.deepEqual([ids.length, new Set(ids).size], [3, 3])
      assert.deepEqual(
        (await store.alerts(10)).map(({ resolvedAt }) => resolvedAt !== null),
        [false, true, true],
      )
    })

    it('are sent again after a failure, later each time, the same under the same id', async (t) => {
      const { webhook, slept, run, tell } = await scene(t, db, failing(500, 503))
      await run('failed')
      const told = await tell({ patienceMs: 15_000 })
      assert.deepEqual(told, { delivered: 2, left: false, why: null }, 'the run, and that no sweep has been completed')
      const failed = webhook.received.filter(({ kind: what }) => what === 'failed')
      assert.equal(new Set(webhook.received.map(({ id }) => id)).size, 2)
      assert.equal(new Set(failed.map(({ id }) => id)).size, 1)
      assert.equal(new Set(failed.map(({ body }) => body)).size, 1)
      assert.ok(webhook.received.every(({ verified }) => verified))
      const waited = slept.reduce((sum, ms) => sum + ms, 0)
      assert.ok(waited > 1500 && waited < 13_000, String(slept))
    })

    it('are kept where the patience is used up, with the reason, and told by a later run', async (t) => {
      const { webhook, store, run, tell, pass } = await scene(t, db, failing(500, 500))
      await run('complete')
      await run('failed')
      assert.deepEqual(await tell(), { delivered: 0, left: true, why: 'the webhook: got HTTP 500' })
      const [kept] = await store.alerts(1)
      assert.deepEqual([kept!.fault, kept!.attempts, kept!.deliveredAt], ['the webhook: got HTTP 500', 1, null])
      await pass(1500)
      assert.deepEqual(await tell(), { delivered: 0, left: true, why: null }, 'it is not due yet')
      assert.equal(webhook.received.length, 1)
      await pass(1000)
      await tell()
      // What is over by now was so all the same, and is told.
      await run('complete')
      await pass(10_000)
      assert.deepEqual(await tell(), { delivered: 2, left: false, why: null })
      assert.equal(new Set(webhook.received.slice(0, 3).map(({ id, body }) => id + body)).size, 1)
      assert.deepEqual(
        webhook.received.slice(2).map(({ type }) => type),
        ['carsync.failed', 'carsync.failed.resolved'],
      )
      for (const { resolvedAt, deliveredAt, fault } of await store.alerts(2))
        assert.ok(resolvedAt !== null && deliveredAt !== null && fault === null)
    })

    it('wait as long as the webhook asks', async (t) => {
      const { run, tell, pass } = await scene(t, db, (response, nth) =>
        nth === 0 ? response.writeHead(429, { 'retry-after': '40' }).end() : response.writeHead(200).end('ok'),
      )
      await run('complete')
      await run('failed')
      assert.match((await tell()).why!, /429/)
      await pass(39_000)
      assert.equal((await tell()).delivered, 0)
      await pass(1000)
      assert.equal((await tell()).delivered, 1)
    })

    it('are sent again when no answer came in time, and no address is in what is kept', async (t) => {
      const { webhook, store, run, tell, pass } = await scene(t, db, (response, nth) => {
        if (nth > 0) response.writeHead(204).end()
      })
      await run('complete')
      await run('failed')
      const told = await tell({ timeoutMs: 100 })
      assert.match(told.why!, /^the webhook: no whole answer/)
      await pass(2000)
      assert.equal((await tell()).delivered, 1)
      assert.equal(new Set(webhook.received.map(({ id }) => id)).size, 1)

      await run('complete')
      await tell()
      await run('failed')
      webhook.close()
      const { why } = await tell()
      assert.match(why!, /^the webhook: .*(ECONNREFUSED|refused|closed)/i)
      assert.ok(!JSON.stringify(await store.alerts(10)).includes(ALERT_TOKEN))
    })

    it('follow no redirect', async (t) => {
      const elsewhere = await startWebhook()
      t.after(elsewhere.close)
      const { run, tell } = await scene(t, db, (response) => response.writeHead(307, { location: elsewhere.url }).end())
      await run('complete')
      await run('failed')
      assert.equal((await tell()).why, 'the webhook: got HTTP 307, and redirects are not followed')
      assert.equal(elsewhere.received.length, 0)
    })

    it('are not lost with a process that was killed between its claim and the delivery', async (t) => {
      const { webhook, store, run, tell, pass } = await scene(t, db)
      await run('complete')
      await run('failed')
      await tell({ target: null })
      await store.queueAlerts()
      const claim = await store.claimAlert(30_000)
      assert.ok(claim !== null)
      assert.deepEqual(await tell(), { delivered: 0, left: true, why: null }, 'another has it in hand')
      await pass(30_000)
      assert.equal((await tell()).delivered, 1)
      assert.deepEqual(
        webhook.received.map(({ id }) => id),
        [claim.id],
      )
      // It wakes up again: its claim has no say any more.
      await store.keepUndelivered(claim, 'late', 0)
      const [kept] = await store.alerts(1)
      assert.deepEqual([kept!.fault, kept!.attempts], [null, 2])
      assert.equal((await tell()).delivered, 0)
    })

    it('are kept while there is no webhook; what is still so is told once there is one', async (t) => {
      const { webhook, store, run, held, tell } = await scene(t, db)
      await run('complete')
      await run('failed')
      await tell({ target: null })
      assert.deepEqual(
        (await store.alerts(10)).map((each) => [each.kind, each.nextTryAt]),
        [['failed', null]],
      )
      await run('complete')
      await held()
      await tell({ target: null })
      await tell()
      assert.deepEqual(
        webhook.received.map(({ kind: what }) => what),
        ['held'],
      )
    })

    it('are kept of a run whose process was killed before it could tell, by the next one before it begins', async (t) => {
      const { webhook, store, source, run, held, tell } = await scene(t, db)
      await run('complete')
      await run('failed')
      await held()
      await keepLastEnd(store, realWorld, { source, staleHours: 26, target })
      await run('complete')
      await tell()
      const types = webhook.received.map(({ type }) => type)
      assert.deepEqual(types.sort(), ['carsync.failed', 'carsync.failed.resolved', 'carsync.held'])
      const [open, ...over] = await store.alerts(10)
      assert.deepEqual(
        [open!.kind, over.length, over.every(({ resolvedAt }) => resolvedAt !== null)],
        ['held', 2, true],
      )
    })

    it('tell of a new kind of drift while one is open, of each once, and of the end under the same name', async (t) => {
      const { webhook, store, run, tell } = await scene(t, db)
      await run('complete', 'full', { 'new key a': 3 })
      await tell()
      await run('complete', 'full', { 'new key a': 9 })
      assert.equal((await tell()).delivered, 0, 'it was told of')
      await run('complete', 'incremental', { 'new enum id 7 in b': 1 })
      assert.deepEqual(
        (await Promise.all([tell(), tell()])).map(({ delivered }) => delivered).sort(),
        [0, 1],
        'by one of two',
      )
      await run('complete', 'full', { 'new enum id 7 in b': 2, 'new key a': 1 })
      assert.equal((await tell()).delivered, 0)
      await run('complete')
      await tell()
      const told = webhook.received.map(({ type, body }) => ({ type, ...JSON.parse(body).data }))
      assert.deepEqual(
        told.map(({ type, findings, fresh }) => [type, findings, fresh]),
        [
          ['carsync.drift', ['new key a'], undefined],
          ['carsync.drift', ['new key a', 'new enum id 7 in b'], ['new enum id 7 in b']],
          ['carsync.drift.resolved', undefined, undefined],
        ],
      )
      assert.equal(new Set(told.map(({ alertId }) => alertId)).size, 1)
      assert.ok((await store.alerts(10)).every(({ resolvedAt }) => resolvedAt !== null))
    })

    it('tell that it is over though the process was killed after it had settled it, and not twice', async (t) => {
      const { webhook, store, run, tell, pass } = await scene(t, db)
      await run('complete')
      await run('failed')
      await tell()
      await run('complete')
      // Judged and kept, but not sent; then claimed, and killed with it in hand.
      await tell({ target: null })
      const claim = await store.claimAlert(30_000)
      assert.ok(claim !== null)
      assert.equal((await tell()).delivered, 0)
      await pass(30_000)
      assert.equal((await tell()).delivered, 1)
      assert.equal((await tell()).delivered, 0)
      assert.deepEqual(
        webhook.received.map(({ type, id }) => [type, id === claim.id]),
        [
          ['carsync.failed', false],
          ['carsync.failed.resolved', true],
        ],
      )
    })

    it('are told once by many at once', async (t) => {
      const { webhook, store, run, held, tell } = await scene(t, db)
      await run('failed')
      await held()
      const told = await Promise.all([tell(), tell(), tell(), tell()])
      await tell()
      const kinds = webhook.received.map(({ kind: what }) => what).sort()
      assert.deepEqual(kinds, ['failed', 'held', 'stale'])
      assert.equal(
        told.reduce((sum, { delivered }) => sum + delivered, 0),
        3,
      )
      assert.equal((await store.alerts(10)).length, 3)
    })

    it('stop at once when they are told to, and keep what is in hand', async (t) => {
      const stop = new AbortController()
      const { webhook, store, run, tell } = await scene(t, db, () => stop.abort())
      await run('complete')
      await run('failed')
      assert.deepEqual(await tell({ stop: stop.signal }), { delivered: 0, left: true, why: null })
      assert.equal(webhook.received.length, 1)
      const [kept] = await store.alerts(1)
      assert.deepEqual([kept!.deliveredAt, kept!.fault], [null, null])
      assert.notEqual(kept!.nextTryAt, null)
    })
  })
}
