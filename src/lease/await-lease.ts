/** Waits for the lease, at most one lease length: until it is taken, or its holder gives a sign of life. */
import type { SyncEvent } from '../events.ts'
import type { LeaseAnswer } from '../store/lease.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'

const LOOK_EVERY_MS = 250

/**
 * Answers `taken`, or `held` once the holder's heartbeat has moved: it lives. A holder that was killed stays silent, and
 * its lease is taken when it has expired by the database's clock.
 */
export async function* awaitLease(
  store: Pick<Store, 'takeLease'>,
  world: World,
  holder: string,
  lengthMs: number,
  stop: AbortSignal,
): AsyncGenerator<SyncEvent, LeaseAnswer> {
  let answer = await store.takeLease(holder, lengthMs)
  if (answer.kind === 'taken') return answer
  const firstBeat = answer.heartbeatAt
  yield { kind: 'lease-awaited', holder: answer.holder, since: new Date(answer.since).toISOString() }
  while (answer.kind === 'held' && answer.heartbeatAt === firstBeat && !stop.aborted) {
    await world.sleep(LOOK_EVERY_MS, stop)
    answer = await store.takeLease(holder, lengthMs)
  }
  return answer
}
