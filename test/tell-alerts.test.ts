/** Alerts from the state of the database to a real receiver, which verifies them as a stranger would. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { alertTargetOf } from '../src/alert-target.ts'
import { realWorld, type Store, storeOver } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import { keepLastEnd, type TellSettings, tellAlerts } from '../src/tell-alerts.ts'
import type { World } from '../src/world.ts'
import { newSource } from './store/fixture.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { ALERT_SECRET, ALERT_TOKEN, startWebhook, type Webhook } from './support/webhook.ts'

type Answer = Parameters<typeof startWebhook>[0]
type Scene = {
  webhook: Webhook
  store: Store
  source: string
  slept: number[]
  /** The latest run of the source came to this. */
  run(status: string, mode?: string): Promise<void>
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
  const run: Scene['run'] = async (status, mode = 'full') => {
    await db.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed, reason, started_at, last_commit_at)
       values ($1::text::uuid, $2, $3, $4, true, 'the source said no', now() + $5::int * interval '1 ms', now())`,
      // The embedded database's clock knows milliseconds only, and runs must have an order.
      [randomUUID(), source, mode, status, ++runs],
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
    it('tell once of a failed run, are settled by a complete one, and tell anew of the next', async (t) => {
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
      await tell()
      const [settled] = await store.alerts(10)
      assert.ok(settled!.resolvedAt !== null && settled!.deliveredAt !== null)
      await run('failed')
      await tell()
      assert.equal(webhook.received.length, 2)
      assert.notEqual(webhook.received[0]!.id, webhook.received[1]!.id)
      assert.deepEqual(
        (await store.alerts(10)).map(({ resolvedAt }) => resolvedAt !== null),
        [false, true],
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
      assert.deepEqual(await tell(), { delivered: 1, left: false, why: null })
      assert.equal(new Set(webhook.received.map(({ id, body }) => id + body)).size, 1)
      assert.equal(webhook.received.length, 3)
      const [last] = await store.alerts(1)
      assert.ok(last!.resolvedAt !== null && last!.deliveredAt !== null && last!.fault === null)
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
      assert.deepEqual(webhook.received.map(({ kind: what }) => what).sort(), ['failed', 'held'])
      const [open, over] = await store.alerts(10)
      assert.deepEqual([open!.kind, over!.kind, over!.resolvedAt !== null], ['held', 'failed', true])
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
