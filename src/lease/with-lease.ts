/** Work beside a sync that writes all the same: it takes the lease, beats while it works, and gives it back. */

import type { SyncError } from '../errors.ts'
import type { Lease, LeaseAnswer } from '../store/lease.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'
import { awaitLease } from './await-lease.ts'
import { keepAlive } from './keep-alive.ts'

export type Held = Extract<LeaseAnswer, { kind: 'held' }>

/**
 * Runs `work` under the lease and answers what it came to, or who holds the lease. Throws what `work` throws, and
 * SyncError when the lease went to another process, or the database could not be reached for so long that it may have.
 */
export const withLease = async <T>(
  store: Pick<Store, 'takeLease' | 'beat' | 'releaseLease'>,
  world: World,
  who: { holder: string; lengthMs: number; stop: AbortSignal },
  work: (lease: Lease) => Promise<T>,
): Promise<{ kind: 'done'; result: T } | Held> => {
  const waiting = awaitLease(store, world, who.holder, who.lengthMs, who.stop)
  let step = await waiting.next()
  while (!step.done) step = await waiting.next()
  const answer = step.value
  if (answer.kind === 'held') return answer
  const { lease } = answer
  let lost: SyncError | null = null
  const alive = keepAlive(world, lease, {
    beat: () => store.beat(lease),
    publish: async () => {},
    onLost: (error) => {
      lost = error
    },
  })
  try {
    const result = await work(lease)
    if (lost) throw lost
    return { kind: 'done', result }
  } finally {
    await alive.stop()
    await store.releaseLease(lease).catch(() => {})
  }
}
