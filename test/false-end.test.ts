/**
 * An empty page that says that it is the last one, in the middle of a listing: it is no end until it says so three times,
 * and even then it is read again where pages behind it have cars; if those are never shown, the run is not complete.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { ascending, digestOfCars, storedIds } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const CARS = 2610
const LAST = '53'

/** Says it so often of each of these pages, of every listing. */
const falseEnds = (pages: readonly string[], times: number) => {
  const said = new Map<string, number>()
  const bend: Parameters<typeof bentSource>[2] = (request, response) => {
    const query = new URL(request.url!, 'http://demo').searchParams
    const page = query.get('page') ?? ''
    const key = `${query.get('manufacturer_id')} ${page}`
    if (!pages.includes(page) || query.has('minutes') || query.has('simple_paginate') || (said.get(key) ?? 0) >= times)
      return false
    said.set(key, (said.get(key) ?? 0) + 1)
    response.setHeader('content-type', 'application/json')
    response.end(`{"data":[],"links":{"next":null},"meta":{"current_page":${page},"per_page":50}}`)
    return true
  }
  return { said, bend }
}

for (const totals of [true, false])
  test(`a false end loses nothing where the source tells ${totals ? 'its totals' : 'no totals'}`, async (t) => {
    const { said, bend } = falseEnds(['1', '2', '7'], 2)
    const db = await newDatabase('postgres')
    const { url, control, seen } = await bentSource(t, { cars: 2000, maxPageSize: 50, totals }, bend)
    const { summary, events } = await syncOnce({ db, url })
    assert.equal(summary.status, 'complete', summary.reason)
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
    assert.equal(summary.proof, totals ? 'exact' : 'none')
    assert.ok(said.size > 5)
    const doubts = events.flatMap((event) => (event.kind === 'page-failed' ? [event.why] : []))
    // Each was doubted, and twice, but for those that were asked for a second time while the first request was out.
    assert.ok(doubts.length >= said.size, `${doubts.length} doubts about ${said.size} pages`)
    for (const why of doubts) assert.match(why, /says that it is the last one/)
    if (!totals) return
    // But for what is overdue at the end of a sweep, as it may be on a busy machine: one page in a hundred, and two.
    const again = seen.asked.length - summary.pages.done - 2 * said.size
    assert.ok(again >= 0 && again <= 3, `${again} other pages were asked for twice`)
  })

for (const page of ['3', LAST])
  test(`a false end on page ${page} of ${LAST} that was believed is read again, however many cars are met twice`, async (t) => {
    const { said, bend } = falseEnds([page], 3)
    const db = await newDatabase('postgres')
    // Cars without a brand: the whole listing is read after the priority brands. One of its pages is hollow.
    const { url, control } = await bentSource(
      t,
      { cars: CARS, brandless: 30, dirty: 0.03, maxPageSize: 50 },
      (request, response) => !request.url!.includes('manufacturer_id') && bend(request, response),
    )
    const { summary, events } = await syncOnce({ db, url })
    assert.deepEqual([...said], [[`null ${page}`, 3]])
    assert.equal(summary.status, 'complete', summary.reason)
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))
    assert.ok(
      notes.some((message) => /reading [1-3] pages? again/.test(message)),
      notes.join('\n'),
    )
    const undisturbed = await newDatabase('postgres')
    const calm = await syncOnce({ db: undisturbed, url })
    assert.equal(summary.cars.seen, calm.summary.cars.seen)
    assert.ok(control.ids().length > summary.cars.seen, 'rows that repeat others are counted by the source')
    assert.ok(summary.receipt!.repeats < 60, `${summary.receipt!.repeats} repeats: that listings overlap is none`)
    assert.deepEqual(await digestOfCars(db), await digestOfCars(undisturbed))
  })

for (const page of ['2', '3', '20'])
  test(`a false end on page ${page} that was believed where there are no totals is read again when pages behind it have cars`, async (t) => {
    const { said, bend } = falseEnds([page], 3)
    const db = await newDatabase('postgres')
    const { url, control } = await bentSource(t, { cars: CARS, maxPageSize: 50, totals: false }, bend)
    const { summary, events } = await syncOnce({ db, url, options: { priority: '' } })
    assert.equal(summary.status, 'complete', summary.reason)
    assert.ok(
      events.some(
        (event) => event.kind === 'note' && /may have been missed.*: reading \d+ pages again/.test(event.message),
      ),
    )
    assert.deepEqual([...said], [[`null ${page}`, 3]])
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
  })

for (const totals of [true, false])
  test(`a page that is hidden by a false end for good leaves the run incomplete, and the next one heals it, ${totals ? 'with' : 'without'} totals`, async (t) => {
    const hiding = falseEnds(['3'], Number.POSITIVE_INFINITY)
    let isSick = true
    const db = await newDatabase('postgres')
    const { url, control, seen } = await bentSource(
      t,
      { cars: CARS, maxPageSize: 50, totals },
      (request, response) => isSick && hiding.bend(request, response),
    )
    for (const resumed of [false, true]) {
      const { summary } = await syncOnce({ db, url, options: { priority: '' } })
      assert.equal(summary.status, 'incomplete')
      assert.equal(summary.resumed, resumed)
      assert.match(
        summary.reason!,
        /^page 3 of (other brands|all) is empty whenever asked for, though there are cars behind it/,
      )
    }
    assert.equal((await storedIds(db)).length, CARS - 50)
    isSick = false
    const before = seen.asked.length
    const { summary } = await syncOnce({ db, url, options: { priority: '' } })
    assert.equal(summary.status, 'complete', summary.reason)
    assert.equal(summary.proof, totals ? 'exact' : 'none')
    assert.deepEqual(await storedIds(db), ascending(control.ids()))
    assert.ok(seen.asked.length - before <= 3, `${seen.asked.length - before} pages were asked for`)
  })

test('a listing that has become shorter by pages ends all the same', async (t) => {
  // The last rows go after they were counted; from then on the source says so each time.
  let gone = false
  const db = await newDatabase('postgres')
  const { url, control, seen } = await bentSource(t, { cars: 1000, maxPageSize: 50 }, (request) => {
    if (!gone && request.url!.includes('per_page=1000')) {
      control.remove(control.ids().slice(-300))
      gone = true
    }
    return false
  })
  const { summary } = await syncOnce({ db, url, options: { priority: '' } })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(summary.proof, 'exact', 'the source tells of what went')
  assert.deepEqual(await storedIds(db), ascending(control.ids()))
  assert.ok(seen.asked.length <= 14 + 6 * 3, `${seen.asked.length} pages asked for`)
})

test('an empty page is believed at once where the total says that there is nothing', async (t) => {
  const db = await newDatabase('postgres')
  const { url, control, seen } = await bentSource(t, { cars: 100, maxPageSize: 50 })
  control.remove(100)
  const { summary, events } = await syncOnce({ db, url })
  assert.equal(summary.status, 'complete', summary.reason)
  assert.equal(
    events.some((event) => event.kind === 'page-failed'),
    false,
  )
  assert.equal(seen.asked.length, summary.pages.done)
})
