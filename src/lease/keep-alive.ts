/** The signs of life of whoever holds the lease: a heartbeat and a progress row, about once a second. */
import { LeaseLostError, SyncError } from '../errors.ts'
import type { Lease } from '../store/lease.ts'
import type { World } from '../world.ts'

/** Between two beats under a lease of three seconds or more. */
export const BEAT_MS = 1000
/** A short lease is renewed more often: it must not expire between two beats of a holder that lives. */
const BEATS_A_LENGTH = 3

export type KeepAlive = { stop(): Promise<void> }

/** A database that fails over takes a minute or two. Others may take the lease meanwhile; the fence sees to that. */
export const BEAT_PATIENCE_MS = 120_000

/**
 * Beats until stopped. A beat that fails is tried again a second later; when none has gone through for two minutes, or for a
 * longer lease's length, or somebody else has the lease, `onLost` is called once and the beating ends.
 */
export const keepAlive = (
  world: World,
  lease: Lease,
  work: { beat(): Promise<boolean>; publish(): Promise<void>; onLost(error: SyncError): void },
): KeepAlive => {
  const stopping = new AbortController()
  let publishing: Promise<void> | null = null
  const patienceMs = Math.max(BEAT_PATIENCE_MS, lease.lengthMs)
  const everyMs = Math.min(BEAT_MS, lease.lengthMs / BEATS_A_LENGTH)
  const loop = async (): Promise<void> => {
    let aliveAt = world.now()
    while (!stopping.signal.aborted) {
      await world.sleep(everyMs, stopping.signal)
      if (stopping.signal.aborted) return
      // A database that takes the beat and never answers is as good as gone.
      const answered = new AbortController()
      const patience = world.sleep(patienceMs, AbortSignal.any([stopping.signal, answered.signal]))
      const ours = await Promise.race([work.beat().catch(() => null), patience.then(() => null)])
      answered.abort()
      if (stopping.signal.aborted) return
      if (ours) aliveAt = world.now()
      if (ours === false || world.now() - aliveAt >= patienceMs) {
        work.onLost(
          ours === false
            ? new LeaseLostError(`Another process took the lease on "${lease.source}"; nothing more is written here.`)
            : new SyncError(
                `The database could not be reached for ${patienceMs / 1000} s; the next run goes on from the last committed page.`,
                3,
              ),
        )
        return
      }
      // Not waited for: a progress row that hangs behind a commit must not keep the heart from beating.
      publishing ??= work
        .publish()
        .catch(() => {})
        .finally(() => {
          publishing = null
        })
    }
  }
  const done = loop()
  return {
    stop: async () => {
      stopping.abort()
      await done
      await publishing
    },
  }
}
