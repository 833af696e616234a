import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Arrived, CommitSettings } from '../../src/commit/commit-batch.ts'
import { openCommits } from '../../src/commit/commits.ts'
import { lookUpsOf } from '../../src/commit/look-ups.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { Known } from '../../src/store/known-cars.ts'
import type { Store } from '../../src/store/store.ts'
import { dataOf, listing, recordWith, reply } from '../source/fixture.ts'

type Question = Parameters<Store['knownCars']>[0]

const arrived = (page: number, rows = 1): Arrived => {
  const records = Array.from({ length: rows }, (_, i) => recordWith({ id: page * 1000 + i }))
  const content = dataOf(auctionsApi.readPage(reply(listing(records)), { filter: {}, pageSize: rows, page: 1 }))
  return {
    ask: { segment: 0, pageSize: rows, page, attempt: 1 },
    page: { sweep: 0, segment: 'all', pageSize: rows, page, readAt: 0, content },
    bytes: content.bytes.length,
  }
}

/** Commits into a store that knows all cars just so, or (`allNew`) none of them; with what was committed together. */
const opened = ({ writers = 2, allNew = false } = {}) => {
  const written: number[][] = []
  const done: number[] = []
  const clock = { now: 0 }
  let held = 0
  const store = {
    writers,
    knownCars: async ({ records }: Question) =>
      allNew ? records.map((_, index): Known => ({ index, kind: 'new' })) : [],
    commitPages: async (_: unknown, { pages }: { pages: { page: number }[] }) => {
      written.push(pages.map(({ page }) => page))
      return { pages: pages.map(() => ({ inserted: 0, updated: 0, rejected: 0 })), repeated: false }
    },
  } as unknown as Store
  const settings = {
    world: { now: () => clock.now },
    source: auctionsApi,
    store,
    lookUps: lookUpsOf(store, false),
    commit: {},
    wantRaw: true,
    onCommit: () => {},
  } as unknown as CommitSettings
  const commits = openCommits(settings, {
    committed: ({ ask }) => void done.push(ask.page),
    broken: () => assert.fail('nothing was broken'),
    hold: (bytes) => {
      held += bytes
    },
  })
  const take = (page: Arrived): void => {
    held += page.bytes
    commits.take(page)
  }
  return { commits, take, written, done, clock, held: () => held }
}

describe('openCommits', () => {
  it('commits pages of which little is to be written together, when they have waited long enough', async () => {
    const { commits, take, written, done, clock, held } = opened()
    for (const page of [1, 2]) {
      take(arrived(page))
      await Promise.all(commits.start(false))
    }
    assert.deepEqual([written, commits.dueInMs()], [[], 200])
    assert.equal(held(), 0, 'they hold nothing meanwhile')
    clock.now = 200
    await Promise.all(commits.start(false))
    assert.deepEqual([written, done, commits.dueInMs()], [[[1, 2]], [1, 2], Number.POSITIVE_INFINITY])
  })

  it('commits a page at once of which much is to be written', async () => {
    const { commits, take, written, held } = opened({ allNew: true })
    take(arrived(1, 500))
    await Promise.all(commits.start(false))
    assert.deepEqual([written, held()], [[[1]], 0])
  })

  it('waits for no page that is not under way', async () => {
    const { commits, take, written } = opened()
    take(arrived(1))
    await Promise.all(commits.start(true))
    await Promise.all(commits.start(true))
    assert.deepEqual(written, [[1]])
  })

  it('has no more work going on than the store bears, and says so', async () => {
    const { commits, take, clock } = opened({ writers: 1 })
    take(arrived(1))
    await Promise.all(commits.start(false))
    clock.now = 200
    take(arrived(2))
    const [first, ...more] = commits.start(false)
    assert.deepEqual([more, commits.start(false), commits.dueInMs()], [[], [], Number.POSITIVE_INFINITY])
    await first
  })

  it('rejects with what the store throws', async () => {
    const { commits, take } = opened({ allNew: true })
    const page = arrived(1, 500)
    take({ ...page, page: { ...page.page, content: { ...page.page.content, bytes: null as never } } })
    await assert.rejects(Promise.all(commits.start(false)), TypeError)
  })
})
