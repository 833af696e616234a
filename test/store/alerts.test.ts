import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { type NewAlert, readAlerts, readOpenAlerts, recordAlerts } from '../../src/store/alerts.ts'
import { namesOf } from '../../src/store/database.ts'
import { claimAlert, keepDelivered, keepUndelivered, nextAlertInMs, queueAlerts } from '../../src/store/outbox.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { newSource } from './fixture.ts'

const alertOf = (kind: string, message = kind): NewAlert => ({
  id: randomUUID(),
  kind,
  weight: 'fault',
  message,
  body: `{"kind":"${kind}"}`,
})

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const names = () => namesOf('public', newSource())

  describe(`the outbox of alerts on ${kind}`, () => {
    it('has one open alert of a kind: where another process was first, its alert stays as it is', async () => {
      const ours = names()
      const first = alertOf('failed', 'as the first saw it')
      await recordAlerts(db, ours, { open: [first], settle: [], send: true })
      await keepDelivered(db, (await claimAlert(db, ours, 1000))!)
      await recordAlerts(db, ours, { open: [alertOf('failed', 'later'), alertOf('held')], settle: [], send: true })
      const all = await readAlerts(db, ours, 10)
      assert.deepEqual(all.map((each) => [each.kind, each.message, each.deliveredAt !== null]).sort(), [
        ['failed', 'as the first saw it', true],
        ['held', 'held', false],
      ])
      await recordAlerts(db, ours, { open: [], settle: [{ id: first.id, kind: 'failed' }], send: true })
      await recordAlerts(db, ours, { open: [alertOf('failed', 'anew')], settle: [], send: true })
      assert.deepEqual((await readOpenAlerts(db, ours)).map((each) => each.kind).sort(), ['failed', 'held'])
      assert.equal((await readAlerts(db, ours, 10)).length, 3)
      assert.equal((await readAlerts(db, ours, 10)).at(-1)!.id, first.id, 'what is settled comes last')
    })

    it('gives each alert to one claimant, until its claim has run out, and knows of no other source', async () => {
      const ours = names()
      const other = names()
      await recordAlerts(db, ours, { open: [alertOf('failed'), alertOf('held')], settle: [], send: true })
      const claims = await Promise.all([1, 2, 3, 4].map(() => claimAlert(db, ours, 60_000)))
      assert.equal(new Set(claims.filter((claim) => claim !== null).map(({ id }) => id)).size, 2)
      assert.equal(claims.filter((claim) => claim === null).length, 2)
      assert.equal(await claimAlert(db, other, 1000), null)
      assert.equal(await nextAlertInMs(db, other), null)
      const wait = (await nextAlertInMs(db, ours))!
      assert.ok(wait > 50_000 && wait <= 60_000, String(wait))
      assert.ok(Math.abs(claims.find((claim) => claim !== null)!.at - Date.now()) < 60_000)
    })

    it('listens to no claimant whose claim has run out', async () => {
      const ours = names()
      await recordAlerts(db, ours, { open: [alertOf('failed')], settle: [], send: true })
      const late = (await claimAlert(db, ours, 0))!
      const next = (await claimAlert(db, ours, 60_000))!
      assert.deepEqual([late.id, late.attempt, next.id, next.attempt], [next.id, 1, late.id, 2])
      await keepUndelivered(db, late, 'late', 0)
      assert.equal(await claimAlert(db, ours, 1000), null, 'the other still has it in hand')
      await keepUndelivered(db, next, 'refused', 0)
      assert.equal((await claimAlert(db, ours, 1000))?.attempt, 3)
      await keepDelivered(db, late)
      assert.equal(await nextAlertInMs(db, ours), null, 'delivered is delivered, by whomever')
    })

    it('sends what was opened without a webhook only when it is asked to, and only while it is open', async () => {
      const ours = names()
      const [over, open] = [alertOf('failed'), alertOf('held')]
      await recordAlerts(db, ours, { open: [over, open], settle: [], send: false })
      await recordAlerts(db, ours, { open: [], settle: [{ id: over.id, kind: 'failed' }], send: false })
      assert.equal(await claimAlert(db, ours, 1000), null)
      await queueAlerts(db, ours)
      assert.equal((await claimAlert(db, ours, 60_000))?.id, open.id)
      assert.equal(await claimAlert(db, ours, 1000), null)
      await queueAlerts(db, ours)
      assert.equal(await claimAlert(db, ours, 1000), null, 'a claim is no reason to queue it again')
    })
  })
}
