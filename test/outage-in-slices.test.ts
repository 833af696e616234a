/** A source that is dead for longer than any of the processes lives that work on a run one after the other. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Database } from '../src/store/database.ts'
import type { World } from '../src/world.ts'
import { bentSource } from './support/bent-source.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { type Once, syncOnce } from './support/sync-once.ts'

const SLICE_MS = 100_000
const GIVE_UP_SECONDS = 300
const MOST_SLICES = 20

/**
 * One process of a relay: it ends when its time is over, and leaves the run to the next. Its time begins with the first question
 * that the source does not answer: before that a busy machine may be slower than the clock of this world.
 */
const slice = (db: Database, url: string, isDead: () => boolean, onCommitted: () => void = () => {}): Promise<Once> => {
  const fast = fastWorld(200)
  let beganAt = Number.POSITIVE_INFINITY
  const world: World = {
    ...fast,
    fetch: (input, init) => {
      if (isDead()) beganAt = Math.min(beganAt, fast.now())
      return fast.fetch(input, init)
    },
  }
  const over = new AbortController()
  return syncOnce({
    db,
    url,
    world,
    options: { leaseSeconds: 6000, giveUpSeconds: GIVE_UP_SECONDS },
    control: { slice: { mayAsk: () => true, over: over.signal } },
    onEvent: (event) => {
      if (event.kind === 'progress' && event.progress.pages.done > 5) onCommitted()
      if (world.now() - beganAt > SLICE_MS) over.abort()
    },
  })
}

describe('a source that is dead for longer than a slice lasts', () => {
  for (const when of ['from the beginning', 'in mid-run'] as const)
    it(`(${when}) is given up after the time that is set, and waited for anew by the next run`, async (t) => {
      let isDead = when === 'from the beginning'
      const { url } = await bentSource(
        t,
        { cars: 400, maxPageSize: 20 },
        (_, response) => isDead && !!response.writeHead(500).end('a fault'),
      )
      const db = await newDatabase('postgres')
      const relay = async (): Promise<Once[]> => {
        const ended: Once[] = []
        do
          ended.push(
            await slice(
              db,
              url,
              () => isDead,
              () => {
                isDead = true
              },
            ),
          )
        while (ended.at(-1)!.summary.reason === undefined && ended.length < MOST_SLICES)
        return ended
      }
      const first = await relay()
      assert.ok(first.length > 1 && first.length < MOST_SLICES, `${first.length} slices`)
      assert.equal(first.at(-1)!.summary.status, 'incomplete')
      assert.match(first.at(-1)!.summary.reason!, /has not answered properly for \d+ min: given up/)
      assert.equal(first.at(-1)!.summary.requests.silence, undefined)
      const runIds = new Set(first.map(({ summary }) => summary.runId))
      assert.equal(runIds.size, 1)

      assert.ok((await relay()).length > 1, 'it is not given up at once')
      isDead = false
      const healed = await syncOnce({ db, url })
      assert.deepEqual([healed.summary.resumed, healed.summary.proof], [true, 'exact'])
      assert.ok(runIds.has(healed.summary.runId))
    })
})
