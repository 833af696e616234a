/** A person's word on removals: carry out what is held back, forget it, or take back what was carried out. */

import { untilNone } from '../commit/until-none.ts'
import { type Held, withLease } from '../lease/with-lease.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'

export type Decision = 'approve' | 'discard' | 'undo'

/** `cars`: how many were marked, forgotten or brought back. `seenSince`: held ones that were met again and stay. */
export type Decided = { cars: number; seenSince: number }

/**
 * Decides on the removals of one run. Works in batches, each a transaction, so that it can be repeated after a crash.
 * Answers who holds the lease when a sync is at it. Throws what the store throws.
 */
export const decideRemovals = (
  store: Store,
  world: World,
  who: { holder: string; lengthMs: number; stop: AbortSignal },
  decision: Decision,
  runId: string,
): Promise<{ kind: 'done'; result: Decided } | Held> =>
  withLease(store, world, who, async (lease) => {
    switch (decision) {
      case 'approve': {
        let cars = 0
        const looked = await untilNone(async () => {
          const batch = await store.approveHeld(lease, runId)
          cars += batch.removed
          return batch.looked
        })
        return { cars, seenSince: looked - cars }
      }
      case 'discard':
        return { cars: await store.discardHeld(lease, runId), seenSince: 0 }
      case 'undo': {
        const cars = await untilNone(() => store.undoRemovals(lease, runId))
        return { cars, seenSince: 0 }
      }
    }
  })
