/** Alerts by the real command, in processes of their own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { alertLines } from '../../cli/alerts.ts'
import { startDemoApi } from '../../demo/demo-api.ts'
import { type AlertRow, openDatabase } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { newMigratedUrl } from '../support/databases.ts'
import { type Command, spawnCommand } from '../support/spawn-command.ts'
import { ALERT_SECRET, startWebhook, type Webhook } from '../support/webhook.ts'

type Scene = { webhook: Webhook; db: Database; carsync(args: string[], more?: Record<string, string>): Command }

const scene = async (t: TestContext, answer?: Parameters<typeof startWebhook>[0]): Promise<Scene> => {
  const webhook = await startWebhook(answer)
  const databaseUrl = await newMigratedUrl()
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-alerts-'))
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  t.after(async () => {
    webhook.close()
    await db.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  const env = { DATABASE_URL: databaseUrl, CARSYNC_ALERT_URL: webhook.url, CARSYNC_ALERT_SECRET: ALERT_SECRET }
  return { webhook, db, carsync: (args, more = {}) => spawnCommand(cwd, { ...env, ...more }, args) }
}

const failedRun = (db: Database) =>
  db.query(
    `insert into carsync.runs (run_id, source, mode, status, log_listed) values ($1::text::uuid, 'auctionsapi', 'full', 'failed', true)`,
    [randomUUID()],
  )

/** The command, killed with so many requests sent and the last not answered; what it had claimed is due again. */
const killedAt = async (requests: number, { webhook, carsync, db }: Scene): Promise<void> => {
  const { child } = carsync(['alerts'])
  await webhook.requests(requests)
  child.kill('SIGKILL')
  await once(child, 'close')
  await db.query('update carsync.alerts set next_try_at = now() where delivered_at is null')
}

describe('carsync alerts', { concurrency: true }, () => {
  it('is what every sync does at its end, and tells that a complete one has mended it', async (t) => {
    const { webhook, carsync, db } = await scene(t)
    const closed = createServer((_, response) => response.writeHead(401).end('{"message":"no such key"}'))
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const demo = await startDemoApi({ cars: 60, seed: 3 })
    t.after(async () => {
      closed.close()
      await demo.close()
    })
    const deaf = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/api`
    const failed = await carsync(['sync', '--quiet', '--json'], { API_BASE_URL: deaf, API_KEY: 'k' }).ended
    assert.equal(failed.code, 1, failed.stderr)
    assert.equal(JSON.parse(failed.stdout).status, 'failed')
    assert.deepEqual(webhook.received.map((each) => each.type).sort(), ['carsync.failed', 'carsync.stale'])
    assert.ok(webhook.received.every(({ verified }) => verified))
    const good = await carsync(['sync', '--quiet'], { API_BASE_URL: demo.url, API_KEY: 'demo' }).ended
    assert.equal(good.code, 0, good.stderr)
    const open = await db.query('select kind from carsync.alerts where resolved_at is null')
    assert.deepEqual(open, [])
    const over = webhook.received.slice(2)
    assert.deepEqual(over.map(({ type }) => type).sort(), ['carsync.failed.resolved', 'carsync.stale.resolved'])
    assert.ok(over.every(({ verified }) => verified))
    const shown = await carsync(['alerts', '--list']).ended
    assert.match(shown.stdout, /^No alert is open\./)
    assert.match(shown.stdout, /failed\.resolved +.*over: the last run failed/)
  })

  it('does not lose that it is over with a killed process: it is sent again, under the same id', async (t) => {
    // The second message is never answered.
    const { webhook, carsync, db } = await scene(t, (response, nth) => {
      if (nth !== 1) response.writeHead(204).end()
    })
    await db.query(
      `insert into carsync.coverage (source, from_at, to_at, kind, run_id)
       values ('auctionsapi', clock_timestamp(), clock_timestamp(), 'full', gen_random_uuid())`,
    )
    await failedRun(db)
    assert.equal((await carsync(['alerts']).ended).code, 0)
    await db.query(`update carsync.runs set status = 'complete'`)
    await killedAt(2, { webhook, carsync, db })
    const { code, stderr } = await carsync(['alerts']).ended
    assert.equal(code, 0, stderr)
    assert.equal((await carsync(['alerts']).ended).code, 0)
    const [first, ...over] = webhook.received
    assert.deepEqual(
      over.map(({ type }) => type),
      ['carsync.failed.resolved', 'carsync.failed.resolved'],
    )
    assert.deepEqual([over[0]!.id, over[0]!.body], [over[1]!.id, over[1]!.body])
    assert.equal(JSON.parse(over[0]!.body).data.alertId, first!.id)
  })

  it('tells once, though two processes do it at once', async (t) => {
    const { webhook, carsync, db } = await scene(t)
    await failedRun(db)
    const both = await Promise.all([carsync(['alerts']).ended, carsync(['alerts', '--json']).ended])
    assert.ok(
      both.every(({ code }) => code === 0 || code === 3),
      JSON.stringify(both),
    )
    const after = await carsync(['alerts', '--json']).ended
    assert.equal(after.code, 0)
    assert.deepEqual(webhook.received.map((each) => each.kind).sort(), ['failed', 'stale'])
    const report = JSON.parse(after.stdout)
    assert.deepEqual([report.webhook, report.why, report.alerts.length], [true, null, 2])
  })

  it('is not lost when its process is killed with the alert in hand: it is sent again, under the same id', async (t) => {
    // The first request is never answered.
    const { webhook, carsync, db } = await scene(t, (response, nth) => {
      if (nth > 0) response.writeHead(204).end()
    })
    await failedRun(db)
    await killedAt(1, { webhook, carsync, db })
    const { code, stderr } = await carsync(['alerts']).ended
    assert.equal(code, 0, stderr)
    assert.equal(webhook.received.length, 3)
    const [inHand] = webhook.received
    const again = webhook.received.slice(1).find(({ id }) => id === inHand!.id)
    assert.equal(again!.body, inHand!.body)
    assert.equal(new Set(webhook.received.map(({ id }) => id)).size, 2)
  })

  it('ends with 3 where the webhook does not take it, and says why and what becomes of it', async (t) => {
    const { webhook, carsync, db } = await scene(t, (response) =>
      response.writeHead(503, { 'retry-after': '3600' }).end(),
    )
    await failedRun(db)
    const { code, stdout } = await carsync(['alerts']).ended
    assert.equal(code, 3)
    assert.match(
      stdout,
      /^2 alerts are open\.\nNot delivered: the webhook: got HTTP 503\. It is kept and tried again\./,
    )
    assert.match(stdout, /1 failed, again \d/)
    assert.equal(webhook.received.length, 2, 'each once, for the webhook asked for an hour')
  })

  it('only looks with --list, and says where nobody can be told', async (t) => {
    const { webhook, carsync, db } = await scene(t)
    await failedRun(db)
    assert.match((await carsync(['alerts', '--list']).ended).stdout, /^No alert is open\./)
    const alone = { CARSYNC_ALERT_URL: '', CARSYNC_ALERT_SECRET: '' }
    const kept = await carsync(['alerts'], alone).ended
    assert.equal(kept.code, 0)
    assert.match(kept.stdout, /^2 alerts are open\.\nNo webhook is configured .*: nobody is told\./)
    assert.match((await carsync(['alerts', '--list']).ended).stdout, /nobody told/)
    assert.deepEqual(webhook.received, [])
    const half = await carsync(['alerts'], { CARSYNC_ALERT_SECRET: '' }).ended
    assert.equal(half.code, 2)
    assert.match(half.stderr, /^CARSYNC_ALERT_SECRET: wanted the secret.*openssl rand/)
  })
})

it('shows since when, whether it is over and whether somebody was told', () => {
  const row: AlertRow = {
    id: randomUUID(),
    kind: 'held',
    weight: 'fault',
    message: '60 removals\u001b[31m are held back',
    openedAt: '2026-10-01T00:00:00.000Z',
    resolvedAt: null,
    replacedBy: null,
    deliveredAt: '2026-10-01T00:00:01.000Z',
    attempts: 1,
    nextTryAt: null,
    fault: null,
  }
  const over = { ...row, resolvedAt: '2026-10-02T03:00:00.000Z' }
  const lines = alertLines({ webhook: true, why: null, alerts: [row, over, { ...over, replacedBy: row.id }] })
  assert.equal(lines[0], '1 alert is open.')
  assert.match(lines[2]!, /^since +what +over +webhook +message$/)
  assert.match(lines[3]!, /held +- +told /)
  assert.match(lines[4]!, /held +2026-10-02 03:00 UTC +told /)
  assert.match(lines[5]!, /held +replaced by that of 2026-10-02 03:00 UTC +told /)
  assert.ok(!lines.join().includes('\u001b'))
})
