/** One writer, with processes as they really are: two at once, killed, stopped and waking up, with clocks that are off. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Database } from '../src/store/database.ts'
import { CARS, PAGE, type Scene, scene } from './support/scene.ts'
import { summaryOf } from './support/spawn-sync.ts'

const PAGES = CARS / PAGE

/** All that is in the database, but for its own bookkeeping of statistics. */
const everything = async (db: Database): Promise<Record<string, string>> => {
  const tables = await db.query(
    `select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema in ('public', 'carsync') order by 1`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    const [row] = await db.query(`select md5(string_agg(t::text, e'\\n' order by t::text)) as digest from ${name} as t`)
    found[name] = row!.digest ?? 'empty'
  }
  return found
}

/** Two syncs at once: the one that came second says who is at it, and the first ends as if there had been no other. */
const twoAtOnce = async (
  t: TestContext,
  first: Record<string, string>,
  second: Record<string, string>,
): Promise<Scene & { lengthMs: number; busyAt: number }> => {
  const it = await scene(t)
  const holder = it.start(first)
  await it.pages(4)
  it.source.pause()
  const late = it.start(second)
  const busy = await late.ended
  assert.equal(busy.code, 3, busy.stderr)
  const summary = summaryOf(busy)
  assert.equal(summary.status, 'busy')
  assert.match(summary.lease!.holder, new RegExp(`process ${holder.child.pid}$`))
  assert.match(busy.stderr, new RegExp(`process ${holder.child.pid} has been syncing since`))
  const [beat] = await it.db.query('select length_ms::float8 as length from carsync.heartbeat')
  it.source.resume()
  const ended = await holder.ended
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(summaryOf(ended).proof, 'exact')
  const leases = await it.db.query('select fence::int, holder from carsync.lease')
  assert.deepEqual(leases, [{ fence: 1, holder: '' }], 'it was taken once, and given back')
  await it.assertUndisturbed()
  return { ...it, lengthMs: beat!.length, busyAt: Date.parse(summary.startedAt) }
}

describe('the lease among processes', { concurrency: 2 }, () => {
  it('lets one of two work, and the other says who is at it and exits with 3', async (t) => {
    const { lengthMs } = await twoAtOnce(t, { CARSYNC_LEASE_SECONDS: '' }, { CARSYNC_LEASE_SECONDS: '' })
    assert.equal(lengthMs, 30_000, 'the length that the contract gives')
  })

  it('is kept by a holder that lives, however short it is', async (t) => {
    // Not shorter: a busy machine may keep a holder from its heartbeats for a second.
    const { lengthMs } = await twoAtOnce(t, { CARSYNC_LEASE_SECONDS: '4' }, { CARSYNC_LEASE_SECONDS: '4' })
    assert.equal(lengthMs, 4000)
  })

  it('knows only the clock of the database: those of the processes may be hours off, and jump', async (t) => {
    const clock = new URL('./support/other-clock.ts', import.meta.url).href
    const off = (hours: number) => ({ NODE_OPTIONS: `--import=${clock}`, OTHER_CLOCK_HOURS: String(hours) })
    for (const hours of [-9, 9]) {
      const { db, busyAt } = await twoAtOnce(t, off(hours), off(-hours))
      const offHours = (busyAt - Date.now()) / 3_600_000
      assert.ok(Math.abs(offHours + hours) < 1, `the second process takes itself to be ${offHours} hours off`)
      const [row] = await db.query(
        `select count(*)::int as n from cars where abs(extract(epoch from now() - read_at)) > 1800`,
      )
      assert.equal(row!.n, 0, 'when a car was read is told by the clock of the database')
    }
  })

  it('of a holder that was killed is taken when it has expired, with no person needed', async (t) => {
    const { start, pages, db, assertUndisturbed } = await scene(t)
    const killed = start({ CARSYNC_LEASE_SECONDS: '2' })
    await pages(6)
    killed.child.kill('SIGKILL')
    await killed.ended
    const [last] = await db.query('select at::text from carsync.heartbeat')
    const ended = await start({ CARSYNC_LEASE_SECONDS: '7' }).ended
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(summaryOf(ended).resumed, true)
    const [lease] = await db.query(
      `select taken_at >= $1::text::timestamptz + interval '2 s' as after_expiry, fence::int, length_ms::int
       from carsync.lease join carsync.heartbeat using (source, fence)`,
      [last!.at],
    )
    assert.deepEqual(lease, { after_expiry: true, fence: 2, length_ms: 7000 })
    await assertUndisturbed()
  })

  it('of a holder that was stopped goes to the next one, and when it wakes up it writes nothing and exits with 3', async (t) => {
    const { start, pages, db, assertUndisturbed } = await scene(t)
    const zombie = start({ CARSYNC_LEASE_SECONDS: '1' })
    await pages(PAGES / 2)
    zombie.child.kill('SIGSTOP')
    const heir = await start().ended
    assert.equal(heir.code, 0, heir.stderr)
    assert.equal(summaryOf(heir).resumed, true)
    assert.equal(summaryOf(heir).proof, 'exact')
    const before = await everything(db)
    zombie.child.kill('SIGCONT')
    const woken = await zombie.ended
    assert.equal(woken.code, 3, woken.stderr)
    assert.match(woken.stderr, /lease on "auctionsapi"/)
    assert.match(woken.stderr, /nothing more is written here/)
    const summary = summaryOf(woken)
    assert.equal(summary.status, 'incomplete', 'what the heir has done is not its own')
    assert.equal(summary.runId, summaryOf(heir).runId)
    assert.equal(summary.proof, 'none')
    assert.match(summary.reason!, /nothing more is written here/)
    assert.deepEqual(await everything(db), before)
    await assertUndisturbed()
  })

  it('that went to another process while it was stopped: it says which one is at it', async (t) => {
    const { start, pages, source, assertUndisturbed } = await scene(t)
    const zombie = start({ CARSYNC_LEASE_SECONDS: '1' })
    await pages(8)
    zombie.child.kill('SIGSTOP')
    const heir = start()
    await pages(16)
    source.pause()
    zombie.child.kill('SIGCONT')
    const woken = await zombie.ended
    assert.equal(woken.code, 3, woken.stderr)
    const summary = summaryOf(woken)
    assert.equal(summary.status, 'busy')
    assert.match(summary.lease!.holder, new RegExp(`process ${heir.child.pid}$`))
    assert.match(
      woken.stderr,
      new RegExp(`Busy.* process ${heir.child.pid} has been syncing since .*nothing more is written here`),
    )
    assert.ok(summary.requests.total > 0, 'the counts are those of the run')
    source.resume()
    const ended = await heir.ended
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(summaryOf(ended).runId, summary.runId)
    await assertUndisturbed()
  })
})
