/** What is settled before the first page of a run is asked for, and what its end is made of. */

import type { Mode } from '../events.ts'
import type { Options } from '../options.ts'
import type { Api } from '../request/api.ts'
import { CHANGES } from '../run/plan.ts'
import type { Access, Source } from '../source/source.ts'
import type { Lease } from '../store/lease.ts'
import type { LedgerPage } from '../store/ledger.ts'
import type { Finish, Learned, Store, StoredRun } from '../store/store.ts'
import type { World } from '../world.ts'
import type { Work } from './work.ts'

/** What a door adds to the options: which source, who asks, and how it is stopped. */
export type Control = {
  /** `auto`: full when no complete sweep is younger than a day, else incremental. */
  mode: Mode | 'auto'
  source: Source
  /** Who is named as the holder of the lease: host, process, anything a person can find. */
  holder: string
  /** Stops cleanly: what has arrived is committed, the run is resumable. */
  stop: AbortSignal
  /** Bytes held at most by pages in flight, unparsed or uncommitted. */
  maxBytes?: number
  /** How long one answer is waited for. */
  timeoutMs?: number
  /** This process does a part of a longer job; the next goes on. Without it the process does the whole job. */
  slice?: Slice
}

/** What one of several processes that work on a run after each other may spend. At its end the run stays `running`. */
export type Slice = {
  /** Whether it may ask for another page beside the `inHand` pages that are in flight or uncommitted, which it will finish. */
  mayAsk(inHand: number): boolean
  /** Ends it at once: what has arrived is committed, what is in flight is dropped. */
  over: AbortSignal
  /** Asked under the lease, which was waited for meanwhile: another process may have done what was due. Without it, it is. */
  isStillDue?(): Promise<boolean>
}

/** The run, the way to the source, and what earlier runs learned. */
export type Session = {
  options: Options
  world: World
  store: Store
  control: Control
  access: Access
  api: Api
  lease: Lease
  /** Add to this process's clock to get the database's, ms. */
  clockOffsetMs: number
  stored: StoredRun
  learned: Learned | null
  /** Rows a page in what a process wrote that was killed before it had kept what it learned; null: nothing so. */
  sizeOfLedger: number | null
  stop: AbortSignal
  /** When this process began its work, ms. */
  begunAt: number
  /** To be told of the work as soon as there is some. */
  onWork(work: Work): void
}

/** How the work on a run ended, as it is written down. `isFollowed`: the sync goes on with another run, which reads everything. */
export type Ending = Pick<Finish, 'status' | 'proof' | 'reason' | 'totalAfter' | 'met' | 'covered'> & {
  isFollowed?: true
}

/** An end that is not completion. `reason` 'stopped' is put into words by whoever knows who stopped it. */
export const endedEarly = (status: 'incomplete' | 'failed', reason: string): Ending => ({
  status,
  proof: 'none',
  reason,
  totalAfter: null,
  met: null,
  covered: null,
})

/** Keeps what is not to be had of the feeds, in a sentence; null: they were read after all. */
export const noteUnread = async (session: Session, unread: string | null): Promise<void> => {
  const { store, stored, lease } = session
  await store.noteUnread(lease, stored.runId, unread)
  session.stored = { ...stored, unreadFeed: unread }
}

/**
 * The page size to wish for, and the one that the source was found to serve: as it was learned, or else as the run's own
 * ledger has it, which is noted in the session.
 */
export const pageSizesOf = (
  session: Session,
  ledger: readonly LedgerPage[],
): { wished: number; learned: number | null } => {
  const { maxPageSize } = session.control.source.traits
  const wished = Math.min(session.options.pageSize ?? maxPageSize, maxPageSize)
  if (session.options.pageSize !== null) return { wished, learned: null }
  const learned = session.learned?.pageSize ?? null
  if (learned !== null) return { wished, learned }
  session.sizeOfLedger = ledger.find((page) => page.segment !== CHANGES)?.pageSize ?? null
  return session.sizeOfLedger === null
    ? { wished, learned }
    : { wished: Math.min(wished, session.sizeOfLedger), learned: session.sizeOfLedger }
}
