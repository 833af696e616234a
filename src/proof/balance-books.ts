/**
 * Shows, or fails to show, that a sweep has seen every car although the inventory moved meanwhile.
 *
 * What came or changed since the run began is read from the feed of changes, then the source says how many cars it has,
 * then what went is read from the removal feed (before the count, too, where anything moves): when the cars seen, less those
 * that went, are as many, there are no others.
 * What comes or goes in between makes the source count more. Then the last moments are looked at again, more closely.
 */
import type { SyncEvent } from '../events.ts'
import { balances, type FeedPass, type Receipt } from '../run/receipt.ts'
import type { Feeds } from '../source/source.ts'
import type { LedgerPage } from '../store/ledger.ts'
import { countOf } from '../sweep/plan-sweep.ts'
import { goesOnWith, readChanges, type Unread, unreadBy } from '../sweep/read-changes.ts'
import { readGone } from '../sweep/read-gone.ts'
import { noteUnread, type Session } from '../sweep/session.ts'
import type { SweepEnd } from '../sweep/sweep.ts'
import { pageSizeOf, type Work } from '../sweep/work.ts'
import { lookAgain } from './look-again.ts'
import { type Books, type Movement, minutesBack, weigh } from './weigh-books.ts'

type Interrupted = Exclude<SweepEnd, { kind: 'finished' }>

/**
 * Balances the books of the sweep. Answers them, or the end of a pass that was stopped or refused meanwhile. Throws
 * SyncError when the source cannot be asked for its count.
 */
export async function* balanceBooks(
  session: Session,
  work: Work,
  before: Receipt,
  movement: Movement,
): AsyncGenerator<SyncEvent, Books | Interrupted> {
  const { api, access, control, stored, stop, world, clockOffsetMs } = session
  const { feeds } = control.source
  const readAt = world.now() + clockOffsetMs
  const minutes = minutesBack(readAt - (movement.readUntil ?? stored.startedAt))
  let missing: string | null = feeds === null ? 'The source has no feed of changes' : null
  let opened = before
  if (feeds !== null) {
    const left = movement.readUntil === null ? await leftFeed(session, work, before, readAt) : null
    const feed = { sweep: left?.sweep ?? work.nextSweep, since: left?.since ?? readAt }
    opened = { ...before, feed }
    if (left === null) await session.store.saveReceipt(session.lease, stored.runId, opened)
    const read = yield* readFeeds(session, work, feeds, Math.min(minutes, feeds.maxMinutes), movement, left)
    if (read.kind === 'unread') missing = read.why
    else if (read.kind !== 'read') return read
    else if (minutes > feeds.maxMinutes) missing = 'The feed of changes does not reach back to the beginning of the run'
    else {
      movement.readUntil = feed.since
      if (read.total !== null) {
        const receipt = await weigh(session, work, opened, movement, read.total)
        if (balances(receipt)) return { kind: 'books', receipt, exact: true }
        return yield* lookAgain(session, work, feeds, receipt, read.countedAt, movement)
      }
    }
  }
  // Nothing tells what went: only an inventory that is as large as when it was planned proves anything.
  const total = await countOf(api, control.source, access, {}, stop)
  const receipt = await weigh(session, work, opened, movement, total)
  const exact = total !== null && total === before.totalBefore && balances(receipt)
  if (!exact)
    yield { kind: 'note', message: `${missing ?? 'The source gives no total'}: what moved meanwhile is not known.` }
  return { kind: 'books', receipt, exact }
}

/**
 * The pass over the feed that another process was at a moment ago, with what it has read; null: there is none. What changed
 * since it was begun may have been missed by it.
 */
const leftFeed = async (
  { store, stored }: Session,
  { nextSweep }: Work,
  { feed }: Receipt,
  now: number,
): Promise<(FeedPass & { pages: LedgerPage[] }) | null> => {
  if (!feed || feed.sweep !== nextSweep - 1 || !goesOnWith(stored, now)) return null
  const pages = await store.readLedger(stored.runId)
  return { ...feed, pages: pages.filter((page) => page.sweep === feed.sweep) }
}

type FeedsRead =
  | Interrupted
  | { kind: 'read'; total: number | null; countedAt: number }
  | { kind: 'unread'; why: string }

/** Reads both feeds, and in between how many cars there are. `unread`: the source does not have them after all. */
async function* readFeeds(
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  movement: Movement,
  left: (FeedPass & { pages: LedgerPage[] }) | null,
): AsyncGenerator<SyncEvent, FeedsRead> {
  const changes = yield* readChanges(session, work, feeds, minutes, 'up', left)
  const unread = unreadBy(changes, session)
  if (unread !== null) return await doneWithout(session, unread)
  if (changes.kind !== 'finished') return changes
  movement.changed += work.state.run.segments[0]!.records
  const { api, access, control, stop, world } = session
  const readRemovals = () => readGone(session, minutes, pageSizeOf(work), movement.gone)
  // Where cars move, one that went before the count may come back behind it: later it is in the removal feed no more.
  const early = movement.changed > 0 ? await readRemovals() : null
  if (early !== null) return unreadFor(early, session)
  const total = await countOf(api, control.source, access, {}, stop)
  const countedAt = world.now()
  const failed = await readRemovals()
  return failed === null ? { kind: 'read', total, countedAt } : unreadFor(failed, session)
}

/** A feed that fails may pass: that is left to the next process that works on the run, once. */
const doneWithout = async (session: Session, { why, mayPass }: Unread): Promise<FeedsRead> => {
  const isNews = session.stored.unreadFeed === null
  if (isNews) await noteUnread(session, why)
  return { kind: mayPass && isNews ? 'incomplete' : 'unread', why }
}

const unreadFor = (failed: NonNullable<Awaited<ReturnType<typeof readGone>>>, { api }: Session): FeedsRead => {
  switch (failed.kind) {
    case 'aborted':
      return { kind: 'stopped' }
    case 'stop':
      if (failed.reason !== 'quota') return { kind: 'unread', why: failed.why }
      return { kind: 'refused', reason: failed.reason, why: failed.why }
    case 'slow-down':
    case 'retry':
    case 'smaller-page':
      return { kind: api.isDead() ? 'incomplete' : 'unread', why: failed.why }
  }
}
