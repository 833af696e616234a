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
import { endedIn, IN_TURN, inTurns, type Turn } from '../support/turns.ts'
import { ALERT_SECRET, startWebhook, type Webhook } from '../support/webhook.ts'

type Scene = {
  webhook: Webhook
  db: Database
  carsync(args: string[]): Command
  /** Several, one after the other in one process. */
  inTurn(turns: Turn[]): Promise<ReturnType<typeof endedIn>>
}

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
  const inTurn = async (turns: Turn[]) => {
    const { code, stdout, stderr } = await spawnCommand(cwd, { ...env, ...inTurns(turns) }, [], IN_TURN).ended
    assert.equal(code, 0, stderr)
    return endedIn(stderr, stdout)
  }
  return { webhook, db, carsync: (args) => spawnCommand(cwd, env, args), inTurn }
}

const failedRun = (db: Database) =>
  db.query(
    `insert into carsync.runs (run_id, source, mode, status, log_listed) values ($1::text::uuid, 'auctionsapi', 'full', 'failed', true)`,
    [randomUUID()],
  )

/** The command, killed with so many requests sent and the last not answered; what it had claimed is due again. */
const killedAt = async (requests: number, { webhook, carsync, db }: Omit<Scene, 'inTurn'>): Promise<void> => {
  const { child } = carsync(['alerts'])
  await webhook.requests(requests)
  child.kill('SIGKILL')
  await once(child, 'close')
  await db.query('update carsync.alerts set next_try_at = now() where delivered_at is null')
}

describe('carsync alerts', { concurrency: true }, () => {
  it('is what every sync does at its end, and tells that a complete one has mended it', async (t) => {
    const { webhook, inTurn, db } = await scene(t)
    const closed = createServer((_, response) => response.writeHead(401).end('{"message":"no such key"}'))
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const demo = await startDemoApi({ cars: 60, seed: 3 })
    t.after(async () => {
      closed.close()
      await demo.close()
    })
    const deaf = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/api`
    const { codes, said, shown } = await inTurn([
      { args: ['sync', '--quiet', '--json'], env: { API_BASE_URL: deaf, API_KEY: 'k' } },
      { args: ['sync', '--quiet'], env: { API_BASE_URL: demo.url, API_KEY: 'demo' } },
      { args: ['alerts', '--list'] },
    ])
    assert.deepEqual(codes, [1, 0, 0], said.join('\n'))
    assert.equal(JSON.parse(shown[0]!).status, 'failed')
    const begun = webhook.received.slice(0, 2)
    assert.deepEqual(begun.map(({ type }) => type).sort(), ['carsync.failed', 'carsync.stale'])
    const open = await db.query('select kind from carsync.alerts where resolved_at is null')
    assert.deepEqual(open, [])
    const over = webhook.received.slice(2)
    assert.deepEqual(over.map(({ type }) => type).sort(), ['carsync.failed.resolved', 'carsync.stale.resolved'])
    assert.ok(webhook.received.every(({ verified }) => verified))
    assert.match(shown[2]!, /^No alert is open\./)
    assert.match(shown[2]!, /failed\.resolved +.*over: the last run failed/)
  })

  it('does not lose that it is over with a killed process: it is sent again, under the same id', async (t) => {
    // The second message is never answered.
    const { webhook, carsync, inTurn, db } = await scene(t, (response, nth) => {
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
    const { codes, said } = await inTurn([{ args: ['alerts'] }, { args: ['alerts'] }])
    assert.deepEqual(codes, [0, 0], said.join('\n'))
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
    const { webhook, inTurn, db } = await scene(t)
    await failedRun(db)
    const { codes, said, shown } = await inTurn([
      { args: ['alerts', '--list'] },
      { args: ['alerts'], env: { CARSYNC_ALERT_URL: '', CARSYNC_ALERT_SECRET: '' } },
      { args: ['alerts', '--list'], env: { CARSYNC_ALERT_URL: webhook.url, CARSYNC_ALERT_SECRET: ALERT_SECRET } },
      { args: ['alerts'], env: { CARSYNC_ALERT_SECRET: '' } },
    ])
    assert.deepEqual(codes, [0, 0, 0, 2], said.join('\n'))
    assert.match(shown[0]!, /^No alert is open\./)
    assert.match(shown[1]!, /^2 alerts are open\.\nNo webhook is configured .*: nobody is told\./)
    assert.match(shown[2]!, /nobody told/)
    assert.deepEqual(webhook.received, [])
    assert.match(said[3]!, /^CARSYNC_ALERT_SECRET: wanted the secret.*openssl rand/)
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
