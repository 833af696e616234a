/** A source that does not answer what the plan needs to know: whoever watches is told, and the end names the cause. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventLine } from '../cli/event-line.ts'
import type { SyncEvent } from '../src/events.ts'
import { dryRun, resolveOptions, sources } from '../src/node.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { syncOnce } from './support/sync-once.ts'

const NOBODY = 'https://nohost.invalid/api'
const CAUSE = /getaddrinfo ENOTFOUND nohost\.invalid/

/** The real host may be slow to be told unknown: here it is at once. */
const unknownHost = (speed: number) => ({
  ...fastWorld(speed),
  fetch: async () => {
    throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND nohost.invalid') })
  },
})

describe('a source that cannot be reached while the plan is asked for', { concurrency: true }, () => {
  it('is told of as it is while pages are read, and named when it is given up', async () => {
    const { summary, events } = await syncOnce({
      db: await newDatabase('postgres'),
      url: NOBODY,
      world: unknownHost(20),
      options: { leaseSeconds: 600, giveUpSeconds: 20 },
    })
    const failed = events.filter((event) => event.kind === 'page-failed')
    const slowed = events.filter((event) => event.kind === 'slowed')
    assert.ok(failed.length > 0, 'what failed is told')
    assert.ok(slowed.length > 0, 'that it is down is told')
    for (const { why } of [...failed, ...slowed]) assert.match(why, CAUSE)
    assert.match(slowed[0]!.why, /^the source seems to be down: /)
    assert.match(
      eventLine(failed[0]!),
      /^Failed at attempt 1: the list of brands: getaddrinfo ENOTFOUND nohost.invalid; again in /,
    )
    assert.equal(summary.status, 'incomplete')
    assert.match(summary.reason!, /^The source has not answered properly for \d\d s: given up\. What came last: /)
    assert.match(summary.reason!, CAUSE)
    assert.equal(summary.learned.why, 'the source did not answer properly any more')
  })

  it('is named when somebody stops it', async () => {
    const stop = new AbortController()
    const { summary } = await syncOnce({
      db: await newDatabase('postgres'),
      url: NOBODY,
      world: unknownHost(10),
      options: { leaseSeconds: 600 },
      control: { stop: stop.signal },
      onEvent: (event) => {
        if (event.kind === 'slowed') stop.abort()
      },
    })
    assert.equal(summary.status, 'incomplete')
    assert.match(summary.reason!, /^interrupted; the source has not answered properly for \d+ s \(/)
    assert.match(summary.reason!, CAUSE)
  })

  it('is told of in a dry run', async () => {
    const options = resolveOptions({ giveUpSeconds: 5 }, { API_BASE_URL: NOBODY, API_KEY: 'k' })
    const told: SyncEvent[] = []
    const steps = dryRun(options, unknownHost(20), { source: sources.auctionsapi, stop: new AbortController().signal })
    await assert.rejects(async () => {
      for await (const event of steps) told.push(event)
    }, CAUSE)
    assert.ok(told.some(({ kind }) => kind === 'page-failed'))
  })
})
