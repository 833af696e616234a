/** An inventory that moves while it is read: a sweep that says `exact` has stored every car that was there all the time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import type { Bend } from './support/bent-source.ts'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { ascending } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const living = async (db: Awaited<ReturnType<typeof newDatabase>>): Promise<Set<number>> => {
  const rows = await db.query('select source_id from cars where removed_at is null')
  return new Set(rows.map((row) => Number(row.source_id)))
}

for (const [cars, share] of [
  [3000, 0.01],
  [3000, 0.2],
] as const)
  test(`${cars} cars of which ${share * 100}% move a minute`, async (t) => {
    const [db, api] = await Promise.all([
      newDatabase('postgres'),
      startDemoApi({ seed: 2, cars, maxPageSize: 50, latencyMs: 5, latencyJitterMs: 5, churnPerMinute: share }),
    ])
    t.after(() => api.close())
    let exact = 0
    for (let sweep = 0; sweep < 5; sweep++) {
      const departed = (await api.departures()).length
      const before = new Set(await api.ids())
      const { summary } = await syncOnce({ db, url: api.url })
      const after = await api.ids()
      // Who left and came back meanwhile was not there all the time.
      const left = new Set((await api.departures()).slice(departed))
      assert.equal(summary.status, 'complete', summary.reason)
      const stored = await living(db)
      const stayed = after.filter((id) => before.has(id) && !left.has(id))
      if (summary.proof === 'exact') {
        exact++
        assert.deepEqual(
          stayed.filter((id) => !stored.has(id)),
          [],
          'a car that was there all the time',
        )
      }
      const { receipt } = summary
      assert.ok(receipt)
      // Books may balance by chance while the count does not stand still: that proves nothing.
      if (summary.proof === 'exact')
        assert.equal(receipt.distinct - receipt.gone + receipt.withoutId, receipt.totalAfter)
    }
    // How often is a matter of how fast this machine reads: at the slower pace of movement it cannot miss it every time.
    if (share === 0.01) assert.ok(exact >= 1, `${exact} of 5 sweeps were exact`)
  })

/** Answers normally, and does something to the inventory just after the n-th page of the listing was answered. */
const after = (page: number, act: () => void): Bend => {
  let pages = 0
  return (request, response) => {
    const query = new URLSearchParams(request.url!.split('?')[1])
    if (
      query.has('page') &&
      !query.has('simple_paginate') &&
      !query.has('minutes') &&
      request.url!.startsWith('/api/cars?')
    )
      if (++pages === page) response.once('finish', act)
    return false
  }
}

test('cars that slip through because others go are met in another pass, and nothing is marked removed for it', async (t) => {
  const db = await newDatabase('postgres')
  let act = (): void => {}
  const { url, control } = await bentSource(
    t,
    { cars: 600, maxPageSize: 20, latencyMs: 2, clockAt: undefined as never },
    after(20, () => act()),
  )
  // From the front of the listing, when two thirds of it have been read: all rows behind move up.
  act = () => void control.remove(ascending(control.ids()).slice(0, 15))
  const options = { maxConcurrency: 1, priority: 'none' }
  const { summary, events } = await syncOnce({ db, url, options })
  assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
  assert.ok(summary.receipt!.passes.length > 1, 'it took another pass')
  assert.ok(summary.receipt!.pagesReread > 0)
  assert.equal(summary.receipt!.gone, 15)
  assert.ok(events.some((event) => event.kind === 'note' && /were not met/.test(event.message)))
  const stored = await living(db)
  assert.deepEqual(
    control.ids().filter((id) => !stored.has(id)),
    [],
  )
})

test('where the source does not count, pages between which cars have slipped through are read again, if they are few', async (t) => {
  const db = await newDatabase('postgres')
  let act = (): void => {}
  const { url, control } = await bentSource(
    t,
    { cars: 600, maxPageSize: 20, totals: false, clockAt: undefined as never },
    after(29, () => act()),
  )
  // All but one of 30 pages are read: what goes from the last but one moves the first row of the last one to where nobody looks.
  act = () => void control.remove([ascending(control.ids())[570]!])
  const { summary, events } = await syncOnce({ db, url, options: { maxConcurrency: 1, priority: 'none' } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.ok(
    events.some((event) => event.kind === 'note' && /does not count them: reading \d pages? again/.test(event.message)),
  )
  const stored = await living(db)
  assert.deepEqual(
    control.ids().filter((id) => !stored.has(id)),
    [],
  )
})

test('a car that had gone and comes back behind the count does not stand in for one that was not met', async (t) => {
  const db = await newDatabase('postgres')
  let isChecked = false
  let leave: Bend = () => false
  const { url, control } = await bentSource(
    t,
    { cars: 600, maxPageSize: 20, clockAt: undefined as never },
    (request, response) => {
      const { pathname, searchParams: query } = new URL(request.url!, 'http://demo')
      leave(request, response)
      if (pathname === '/api/cars' && query.has('minutes')) isChecked = true
      else if (isChecked && pathname === '/api/cars') response.once('finish', () => control.restore(1))
      return false
    },
  )
  // What moves up by one row behind it is met on neither of two pages.
  leave = after(20, () => {
    control.remove([ascending(control.ids())[5]!])
    control.change({ share: 0.01 })
  })
  const { summary } = await syncOnce({ db, url, options: { maxConcurrency: 1, priority: 'none' } })
  assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
  const stored = await living(db)
  assert.deepEqual(
    control.ids().filter((id) => !stored.has(id)),
    [],
  )
})

test('a run that is killed in its second pass goes on there', async (t) => {
  const db = await newDatabase('postgres')
  let act = (): void => {}
  const { url, control, seen } = await bentSource(
    t,
    { cars: 600, maxPageSize: 20, latencyMs: 2, clockAt: undefined as never },
    after(20, () => act()),
  )
  act = () => void control.remove(ascending(control.ids()).slice(0, 15))
  const options = { maxConcurrency: 1, priority: 'none' }
  const stop = new AbortController()
  const first = await syncOnce({
    db,
    url,
    options,
    control: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind === 'note' && /were not met/.test(event.message)) stop.abort()
    },
  })
  assert.equal(first.summary.status, 'incomplete')
  const pages = () => seen.asked.filter((query) => !query.has('minutes')).length
  const before = pages()
  const { summary } = await syncOnce({ db, url, options })
  assert.deepEqual([summary.resumed, summary.status, summary.proof], [true, 'complete', 'exact'])
  assert.ok(pages() - before <= 31, `${pages() - before} pages: the first pass is not read again`)
  const stored = await living(db)
  assert.deepEqual(
    control.ids().filter((id) => !stored.has(id)),
    [],
  )
})
