/** The edge function tells a webhook of a run that failed. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { newPostgresUrl } from '../support/databases.ts'
import { edgeScene } from '../support/edge/edge-scene.ts'
import { ALERT_SECRET, ALERT_TOKEN, startWebhook } from '../support/webhook.ts'

it('the edge function tells of a run that failed, and does not begin anew at once what was ordered', async (t) => {
  const webhook = await startWebhook()
  const refusing = createServer((_, response) => response.writeHead(401).end('{"message":"no such key"}'))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  const hook = { CARSYNC_ALERT_URL: webhook.url, CARSYNC_ALERT_SECRET: ALERT_SECRET }
  const scene = await edgeScene({
    demo: { cars: 50 },
    patienceMs: 15_000,
    env: { ...hook, API_BASE_URL: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/api` },
    databaseUrl: await newPostgresUrl(),
  })
  t.after(async () => {
    await scene.close()
    refusing.close()
    webhook.close()
  })
  assert.equal((await scene.call({ action: 'start', mode: 'full' })).status, 202)
  const report = await scene.settled(Number.POSITIVE_INFINITY)
  assert.equal(report.status, 'failed')
  await scene.edge.idle()
  assert.deepEqual(
    scene.edge.slices.map(({ ended, next }) => [ended, next]),
    [['failed', null]],
  )
  assert.deepEqual(webhook.received.map(({ type }) => type).sort(), ['carsync.failed', 'carsync.stale'])
  assert.ok(webhook.received.every(({ verified }) => verified))
  assert.ok(!scene.edge.lines.join('\n').includes(ALERT_TOKEN))
})
