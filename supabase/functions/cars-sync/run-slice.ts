/** One slice of a run: from the lease until the platform's limits are near, in at most one page more than planned. */
import {
  type Due,
  type Order,
  realWorld,
  type Source,
  type Store,
  type Summary,
  type SyncEvent,
  sync,
} from '../../../src/mod.ts'
import type { Meter } from './meter.ts'
import { meteredSource, meteredStore } from './metered.ts'
import type { FunctionSettings } from './settings.ts'

export type SliceJob = {
  settings: FunctionSettings
  store: Store
  source: Source
  due: Due
  meter: Meter
  /** Ends the slice at once; what has arrived is committed. */
  over: AbortSignal
}

export type Slice =
  | { kind: 'busy'; lease: Summary['lease'] }
  /** Somebody else has done what was due. */
  | { kind: 'idle' }
  /** `done` answers how the slice ended, and rejects when nothing could be written. */
  | { kind: 'started'; runId: string; mode: Summary['mode']; resumed: boolean; done: Promise<Summary> }

/** Less than the engine holds elsewhere: pages, rows for the database, stored records that came back to be compared, and a heap
 * that grows faster than it is collected share 256 MB. */
const MAX_BYTES = 8 << 20
const LOOK_FOR_STOP_MS = 2000

/** The run is over, and not left to the next slice: then it says why it is not complete. */
const hasEnded = ({ status, reason }: Summary): boolean => status !== 'busy' && (status !== 'incomplete' || !!reason)

/**
 * Goes on to the end; the order is settled as soon as its run is planned, for a later slice finds the plan. One whose run
 * came to its end before that, for a key that is refused or a quota that is used up, is settled too: it would be due at
 * once, again and again.
 */
const follow = async (
  events: AsyncGenerator<SyncEvent, Summary>,
  store: Store,
  order: Order | null,
): Promise<Summary> => {
  let open = order
  try {
    if (open?.fresh) {
      await store.beginOrder(open)
      open = { ...open, fresh: false }
    }
    let next = await events.next()
    for (; !next.done; next = await events.next())
      if (next.value.kind === 'planned' && open !== null) {
        await store.settleOrder(open)
        open = null
      }
    if (open !== null && hasEnded(next.value)) await store.settleOrder(open)
    return next.value
  } finally {
    // Left to itself a run would keep its lease, and its heart would beat, though nobody reads what it comes to.
    await events.return(undefined as never)
  }
}

/** Raises a signal soon after somebody has asked for the run to be stopped; at once where that is known already. */
const watchForStop = (store: Store, isStopped: boolean): { signal: AbortSignal; end(): void } => {
  const stop = new AbortController()
  if (isStopped) stop.abort()
  const timer = setInterval(() => {
    store.isStopped().then(
      (stopped) => stopped && stop.abort(),
      () => {},
    )
  }, LOOK_FOR_STOP_MS)
  return { signal: stop.signal, end: () => clearInterval(timer) }
}

/** Both are read from the same columns in the same order. */
const isSame = (a: Due | null, b: Due): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Takes the lease and begins; answers as soon as the run is known, or who else is at it. */
export const startSlice = async (job: SliceJob): Promise<Slice> => {
  const { settings, due, meter } = job
  const store = meteredStore(job.store, meter)
  const order: Order | null = due.reason === 'ordered' ? due : null
  const options = {
    ...settings.options,
    fresh: due.fresh,
    priority: due.priority ?? settings.options.priority,
  }
  const stopping = watchForStop(store, due.reason === 'stopped')
  let isDone = false
  const isStillDue = async (): Promise<boolean> => {
    isDone = !isSame(await store.due(), due)
    return !isDone
  }
  const events = sync(options, realWorld, store, {
    mode: due.mode,
    source: meteredSource(job.source, meter),
    holder: settings.holder,
    stop: stopping.signal,
    maxBytes: MAX_BYTES,
    slice: { mayAsk: meter.mayAsk, over: job.over, isStillDue },
  })
  try {
    let next = await events.next()
    while (!next.done && next.value.kind !== 'started') next = await events.next()
    if (next.done) {
      stopping.end()
      return isDone ? { kind: 'idle' } : { kind: 'busy', lease: next.value.lease }
    }
    const { runId, mode, resumed } = next.value as SyncEvent & { kind: 'started' }
    return { kind: 'started', runId, mode, resumed, done: follow(events, store, order).finally(stopping.end) }
  } catch (error) {
    stopping.end()
    throw error
  }
}
