/** What moves while the books of a sweep are balanced: looked at again until it proves something, slice by slice if need be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Summary } from '../src/mod.ts'
import { realWorld } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import type { Bend } from './support/bent-source.ts'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { smallSource } from './support/small-source.ts'
import { ascending, storedIds } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

type Asked = 'changes' | 'count' | 'gone'

/** What of the last moments is asked for; null: anything else. */
const askedFor = (url: string): Asked | null => {
  if (url.includes('/archived-lots')) return 'gone'
  if (url.includes('minutes=')) return 'changes'
  return url.includes('simple_paginate=0') && !url.includes('manufacturer_id') ? 'count' : null
}

/** Tells of each request for the last moments, before it is answered; the counts of the planning come before the first page. */
const watching = (tell: (what: Asked) => void): Bend => {
  let isSwept = false
  return (request) => {
    const what = askedFor(request.url!)
    isSwept ||= what === 'changes'
    if (isSwept && what !== null) tell(what)
    return false
  }
}

const SOURCE = { cars: 400, maxPageSize: 100, clockAt: undefined as never }

test('what came is read before the count, and what went after it', async (t) => {
  const db = await newDatabase('postgres')
  const asked: Asked[] = []
  const { url, control } = await bentSource(
    t,
    SOURCE,
    watching((what) => {
      // Cars come and go just before they are counted, at the first two times.
      if (what === 'count' && asked.filter((each) => each === 'count').length < 2) {
        control.add(2)
        control.remove(ascending(control.ids()).slice(0, 2))
      }
      asked.push(what)
    }),
  )
  const { summary } = await syncOnce({ db, url, options: { priority: 'none' } })
  assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
  assert.deepEqual(
    asked.slice(0, 9),
    [1, 2, 3].flatMap(() => ['changes', 'count', 'gone']),
  )
  assert.equal(summary.receipt!.passes.length, 1, 'the inventory was not read again')
  assert.equal(summary.receipt!.totalAfter, 400)
  const stored = new Set(await storedIds(db))
  assert.deepEqual(
    control.ids().filter((id) => !stored.has(id)),
    [],
  )
})

test('a car that came back too soon to tell is waited for, and not asked about over and over', async (t) => {
  const db = await newDatabase('postgres')
  const asked: Asked[] = []
  let hasGone = false
  const { url, control } = await bentSource(
    t,
    SOURCE,
    watching((what) => {
      if (what === 'count' && asked.filter((each) => each === 'count').length === 0) control.restore(1)
      asked.push(what)
    }),
  )
  const { summary, events } = await syncOnce({
    db,
    url,
    options: { priority: 'none' },
    onEvent: (event) => {
      if (hasGone || event.kind !== 'progress' || event.progress.phase !== 'checking') return
      hasGone = true
      control.remove(1)
      control.change({ share: 0.01 })
    },
  })
  assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
  assert.equal(summary.receipt!.passes.length, 1, 'the inventory was not read again')
  assert.ok(asked.length <= 12, `${asked.length} requests for the last moments`)
  assert.ok(
    events.some((event) => event.kind === 'note' && /come back/.test(event.message)),
    'it says what it waits for',
  )
})

/** Slices of one run until it is complete, each of which asks for nothing more once it has asked for the feed of changes. */
const inSlices = async (
  db: Database,
  url: string,
  most: number,
  feedPages: () => number,
  ended: (slice: number) => void = () => {},
): Promise<{ summary: Summary; slices: number }> => {
  for (let slices = 1; ; slices++) {
    const before = feedPages()
    const slice = { mayAsk: () => feedPages() === before, over: new AbortController().signal }
    const { summary } = await syncOnce({ db, url, options: { priority: 'none' }, control: { slice } })
    ended(slices)
    if (summary.status === 'complete' || slices === most) return { summary, slices }
  }
}

test('a slice that cannot afford a look leaves it to the next, which does not begin anew', async (t) => {
  const db = await newDatabase('postgres')
  let counts = 0
  let pages = 0
  let feedPages = 0
  const { url, control, seen } = await bentSource(
    t,
    SOURCE,
    watching((what) => {
      if (what === 'changes') feedPages++
      // A car comes at each of the first counts: no look before the fifth can succeed.
      if (what === 'count' && ++counts < 5) control.add(1)
    }),
  )
  const { summary, slices } = await inSlices(
    db,
    url,
    12,
    () => feedPages,
    (slice) => {
      if (slice === 1) pages = seen.asked.length
    },
  )
  assert.deepEqual([summary.status, summary.proof], ['complete', 'exact'])
  assert.ok(slices > 2, 'it took several slices')
  assert.equal(seen.asked.length, pages, 'no page of the listing was read again')
  assert.ok(feedPages <= 2 * slices, `${feedPages} pages of the feed in ${slices} slices`)
})

test('slices that can never afford enough looks come to an end without a proof', async (t) => {
  const db = await newDatabase('postgres')
  let feedPages = 0
  const { url, control } = await bentSource(
    t,
    SOURCE,
    watching((what) => {
      if (what === 'changes') feedPages++
      if (what === 'count') control.add(1)
    }),
  )
  const { summary, slices } = await inSlices(db, url, 100, () => feedPages)
  assert.deepEqual([summary.status, summary.proof, summary.cars.removed], ['complete', 'none', 0])
  assert.ok(slices < 100)
})

for (const hours of [0, -7, 7])
  test(`a removal feed whose clock is ${hours} h off proves nothing that is not so`, async () => {
    const db = await newDatabase('postgres')
    const source = smallSource(30, () => Date.now() + hours * 3_600_000)
    // Two cars go that were met on page 1; those that take their places on the pages before were not met.
    source.beforeEach(({ pathname, searchParams: query }) => {
      if (!pathname.endsWith('/cars') || query.has('minutes') || query.get('page') !== '5') return
      source.goes(1)
      source.goes(2)
    })
    const world = { ...realWorld, fetch: source.fetch }
    const options = { priority: 'none', maxConcurrency: 1 }
    const { summary } = await syncOnce({ db, url: source.url, world, options })
    assert.equal(summary.status, 'complete', summary.reason)
    const stored = new Set(await storedIds(db))
    assert.deepEqual(
      source.ids().filter((id) => !stored.has(id)),
      [],
    )
    assert.equal(summary.proof, 'exact')
  })
