/** Reads rejected records again, from what was kept of them: a later version may read what an earlier one could not. */
import { examinePages, type ReadPage, saysWhatIsStored } from '../commit/examine-pages.ts'
import { type Held, withLease } from '../lease/with-lease.ts'
import type { Source } from '../source/source.ts'
import type { KeptReject, Reread } from '../store/rejects.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'

/** `settled`: the car is stored already, just so or by a newer read. `rejected`: still none. */
export type Replayed = { read: number; stored: number; settled: number; rejected: number }

/** Up to the first whose id another before it has: of one car the older record goes first, in a batch of its own. */
const untilRepeat = (rejects: readonly KeptReject[], pages: readonly ReadPage[]): number => {
  const seen = new Set<string>()
  const at = pages.findIndex(({ content }) => {
    const { sourceId } = content.records[0]!
    if (sourceId === null) return false
    if (seen.has(sourceId)) return true
    seen.add(sourceId)
    return false
  })
  return at < 0 ? rejects.length : at
}

/** What the records of one run are by the readers of today. */
const rereadBatch = async (
  source: Source,
  store: Store,
  rejects: readonly KeptReject[],
  pages: readonly ReadPage[],
  wantRaw: boolean,
): Promise<Reread> => {
  const { batch, broken } = await examinePages(source, store, pages, wantRaw)
  const unreadable = new Set(broken.map(({ page }) => page))
  // What could be examined stands in the order in which it was given.
  const whole = rejects.filter((_, i) => !unreadable.has(pages[i]!))
  const rejectOf = new Map([...batch.pageOf].map(([sourceId, i]) => [sourceId, whole[i]!.id]))
  const written = new Set(rejectOf.values())
  const rejected = batch.pages.flatMap(({ rejects: found }, i) =>
    found.map(({ reason, path }) => ({ id: whole[i]!.id, reason, path })),
  )
  const still = new Set(rejected.map(({ id }) => id))
  const settled = whole.map(({ id }) => id).filter((id) => !written.has(id) && !still.has(id))
  const { runId, logListed } = rejects[0]!
  return {
    runId,
    logListed,
    reader: source.readerVersion,
    isSameRecord: saysWhatIsStored(source),
    cars: batch.cars,
    rejectOf,
    settled,
    rejected,
  }
}

/**
 * Goes through all open rejects of the source in batches, each a transaction, so that it can be killed and begun again.
 * Answers who holds the lease when a sync is at it. Throws what the store throws.
 */
export const replayRejects = (
  store: Store,
  world: World,
  who: { holder: string; lengthMs: number; stop: AbortSignal },
  source: Source,
  wantRaw: boolean,
): Promise<{ kind: 'done'; result: Replayed } | Held> =>
  withLease(store, world, who, async (lease) => {
    const sum: Replayed = { read: 0, stored: 0, settled: 0, rejected: 0 }
    for (let after = '0'; !who.stop.aborted; ) {
      const open = await store.openRejects(after)
      if (open.length === 0) break
      const all = open.map(
        ({ segment, pageSize, page, readAt, payload }): ReadPage => ({
          sweep: 0,
          segment,
          pageSize,
          page,
          readAt,
          content: source.keptRecord(payload),
        }),
      )
      const until = untilRepeat(open, all)
      const rejects = open.slice(0, until)
      const reread = await rereadBatch(source, store, rejects, all.slice(0, until), wantRaw)
      const { stored, refused } = await store.settleRejects(lease, reread)
      const unstorable = rejects.length - reread.cars.length - reread.settled.length + refused
      sum.read += rejects.length
      sum.stored += stored
      sum.rejected += unstorable
      sum.settled += rejects.length - stored - unstorable
      after = rejects.at(-1)!.id
    }
    return sum
  })
