import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { type AlertRecord, type NewAlert, readAlerts, readOpenAlerts, recordAlerts } from '../../src/store/alerts.ts'
import { type Names, namesOf } from '../../src/store/database.ts'
import { claimAlert, keepDelivered, keepUndelivered, nextAlertInMs, queueAlerts } from '../../src/store/outbox.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { newSource } from './fixture.ts'

/** No machine is so busy that it runs out within a test. */
const HOUR_MS = 3_600_000

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
  const record = (ours: Names, alerts: Partial<AlertRecord>): Promise<void> =>
    recordAlerts(db, ours, { open: [], renew: [], settle: [], send: true, ...alerts })

  describe(`the outbox of alerts on ${kind}`, () => {
    it('has one open alert of a kind: where another process was first, its alert stays as it is', async () => {
      const ours = names()
      const first = alertOf('failed', 'as the first saw it')
      await record(ours, { open: [first] })
      await keepDelivered(db, (await claimAlert(db, ours, 1000))!)
      await record(ours, { open: [alertOf('failed', 'later'), alertOf('held')] })
      const all = await readAlerts(db, ours, 10)
      assert.deepEqual(all.map((each) => [each.kind, each.message, each.deliveredAt !== null]).sort(), [
        ['failed', 'as the first saw it', true],
        ['held', 'held', false],
      ])
      const over = alertOf('failed.resolved', 'over: as the first saw it')
      await record(ours, { settle: [{ of: first.id, by: over }] })
      await record(ours, { open: [alertOf('failed', 'anew')] })
      assert.deepEqual((await readOpenAlerts(db, ours)).map((each) => each.kind).sort(), ['failed', 'held'])
      const settled = (await readAlerts(db, ours, 10)).slice(2)
      assert.deepEqual(settled.map(({ id }) => id).sort(), [first.id, over.id].sort(), 'what is settled comes last')
    })

    it('gives each alert to one claimant, until its claim has run out, and knows of no other source', async () => {
      const ours = names()
      const other = names()
      await record(ours, { open: [alertOf('failed'), alertOf('held')] })
      const claims = await Promise.all([1, 2, 3, 4].map(() => claimAlert(db, ours, HOUR_MS)))
      assert.equal(new Set(claims.filter((claim) => claim !== null).map(({ id }) => id)).size, 2)
      assert.equal(claims.filter((claim) => claim === null).length, 2)
      assert.equal(await claimAlert(db, other, 1000), null)
      assert.equal(await nextAlertInMs(db, other), null)
      const wait = (await nextAlertInMs(db, ours))!
      assert.ok(wait > HOUR_MS / 2 && wait <= HOUR_MS, String(wait))
      assert.ok(Math.abs(claims.find((claim) => claim !== null)!.at - Date.now()) < 60_000)
    })

    it('listens to no claimant whose claim has run out', async () => {
      const ours = names()
      await record(ours, { open: [alertOf('failed')] })
      const late = (await claimAlert(db, ours, 0))!
      const next = (await claimAlert(db, ours, HOUR_MS))!
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
      await record(ours, { open: [over, open], send: false })
      await record(ours, { settle: [{ of: over.id, by: alertOf('failed.resolved') }] })
      assert.equal(await claimAlert(db, ours, 1000), null)
      await queueAlerts(db, ours)
      assert.equal((await claimAlert(db, ours, HOUR_MS))?.id, open.id)
      assert.equal(await claimAlert(db, ours, 1000), null)
      await queueAlerts(db, ours)
      assert.equal(await claimAlert(db, ours, 1000), null, 'a claim is no reason to queue it again')
    })

    it('tells that an alert is over once, after it was told of it, though two find that out at once', async () => {
      const ours = names()
      const first = alertOf('failed')
      await record(ours, { open: [first] })
      const overs = [1, 2, 3].map(() => alertOf('failed.resolved'))
      await Promise.all(overs.map((by) => record(ours, { settle: [{ of: first.id, by }] })))
      const told = (await readAlerts(db, ours, 10)).filter((each) => each.kind === 'failed.resolved')
      assert.equal(told.length, 1)
      assert.ok(overs.some(({ id }) => id === told[0]!.id) && told[0]!.resolvedAt !== null)
      assert.deepEqual(await readOpenAlerts(db, ours), [])
      // As a clock that counts milliseconds may have it.
      await db.query(
        `update carsync.alerts set opened_at = (select min(opened_at) from carsync.alerts where source = $1) where source = $1`,
        [ours.source],
      )

      const claim = (await claimAlert(db, ours, HOUR_MS))!
      assert.equal(claim.id, first.id)
      assert.equal(await claimAlert(db, ours, 1000), null, 'the first is in hand, and the end waits for it')
      await keepUndelivered(db, claim, 'refused', HOUR_MS)
      assert.equal(await claimAlert(db, ours, 1000), null)
      assert.ok((await nextAlertInMs(db, ours))! > HOUR_MS / 2, 'what waits for another is not due')
      await keepDelivered(db, claim)
      assert.equal((await claimAlert(db, ours, HOUR_MS))?.id, told[0]!.id)
    })

    it('tells nobody of the end of what nobody was told of', async () => {
      const ours = names()
      const first = alertOf('held')
      await record(ours, { open: [first], send: false })
      await record(ours, { settle: [{ of: first.id, by: alertOf('held.resolved') }] })
      assert.equal((await readAlerts(db, ours, 10)).length, 1)
      assert.equal(await claimAlert(db, ours, 1000), null)
    })

    it('puts one open alert in place of another once, and remembers what was told of it', async () => {
      const ours = names()
      const first = { ...alertOf('drift'), body: '{"data":{"alertId":"the-trouble","findings":["a"]}}' }
      await record(ours, { open: [first] })
      const next = [1, 2].map(() => alertOf('drift'))
      await Promise.all(next.map((by) => record(ours, { renew: [{ of: first.id, by }] })))
      const [open, ...others] = await readOpenAlerts(db, ours)
      assert.deepEqual([others.length, next.some(({ id }) => id === open!.id)], [0, true])
      assert.deepEqual([open!.alertId, open!.findings], [open!.id, []], 'as far as its body says')
      const over = alertOf('drift.resolved')
      await record(ours, { settle: [{ of: open!.id, by: over }] })
      const ends = new Map((await readAlerts(db, ours, 10)).map((each) => [each.id, each.replacedBy]))
      assert.deepEqual(
        [first.id, open!.id, over.id].map((id) => ends.get(id)),
        [open!.id, null, null],
        'one was replaced, the other is over',
      )
      const anew = names()
      await record(anew, { open: [{ ...first, id: randomUUID() }] })
      const [kept] = await readOpenAlerts(db, anew)
      assert.deepEqual([kept!.alertId, kept!.findings, kept!.message], ['the-trouble', ['a'], 'drift'])
      assert.equal((await claimAlert(db, ours, HOUR_MS))?.id, first.id, 'what was to be told is told all the same')
    })
  })
}
