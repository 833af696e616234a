/**
 * Shows, or fails to show, that a sweep has seen every car although the inventory moved meanwhile.
 *
 * What came or changed since the run began is read from the feed of changes, what went from the removal feed; then the
 * cars seen, less those that went, must be as many as the source says it has. The source's count must not have moved
 * while the feeds were read, or the books would be of two different instants: then the last moments are read once more.
 */
import { commitBatch } from './commit-batch.ts'
import type { SyncEvent } from './events.ts'
import { countOf } from './plan-sweep.ts'
import { goesOnWith, readChanges } from './read-changes.ts'
import { readGone } from './read-gone.ts'
import { isWorthALook } from './run/one-more-look.ts'
import { balances, type FeedPass, type Receipt } from './run/receipt.ts'
import { commitSettings } from './run-pass.ts'
import type { Session } from './session.ts'
import { takeSnapshot } from './snapshot.ts'
import type { Feeds } from './source/source.ts'
import type { LedgerPage } from './store/ledger.ts'
import type { SweepEnd } from './sweep.ts'
import { pageSizeOf, pagesDone, type Work } from './work.ts'

/** With a count that stands still, what does not balance now and a moment later does not balance. */
const STILL_ROUNDS = 2
/** Asked for beyond the time that has passed: the source tells its times in whole seconds. */
const MARGIN_MS = 10_000

export type Books = { kind: 'books'; receipt: Receipt; exact: boolean }

/** Cars known to have gone while the run was on, and the instant (the database's, ms) up to which all of that was read. */
export type Movement = { gone: Map<string, number>; changed: number; readUntil: number | null }

type Interrupted = Exclude<SweepEnd, { kind: 'finished' }>

/** The receipt with the books as they stand when the source says that it has `total` cars. */
const weigh = async (
  session: Session,
  work: Work,
  receipt: Receipt,
  { gone, changed, readUntil }: Movement,
  total: number | null,
): Promise<Receipt> => {
  const { store, stored } = session
  return {
    ...receipt,
    // The feed of changes was read last, so it has the highest number.
    ...(await store.weighSeen(stored.runId, gone, work.nextSweep - 1)),
    changed: readUntil === null ? null : changed,
    totalAfter: total,
    pagesReread: pagesDone(work) - work.shown.reduce((sum, each) => sum + each.pagesDone, 0),
    checks: receipt.checks + 1,
  }
}

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
    else if (read.kind !== 'finished') return read
    else if (minutes > feeds.maxMinutes) missing = 'The feed of changes does not reach back to the beginning of the run'
    else movement.readUntil = feed.since
  }
  const total = await countOf(api, control.source, access, {}, stop)
  let receipt = await weigh(session, work, opened, movement, total)
  const stood = total !== null && total === (before.totalAfter ?? before.totalBefore)
  if (feeds === null || missing !== null || total === null) {
    // Nothing tells what went: only an inventory that is as large as when it was planned proves anything.
    const exact = total !== null && total === before.totalBefore && balances(receipt)
    if (!exact)
      yield { kind: 'note', message: `${missing ?? 'The source gives no total'}: what moved meanwhile is not known.` }
    return { kind: 'books', receipt, exact }
  }
  if (stood && balances(receipt)) return { kind: 'books', receipt, exact: true }

  let still = 0
  const lookedFrom = world.now()
  const activeMs = (): number => stored.activeMs + world.now() - session.begunAt
  for (let looks = 0; still < STILL_ROUNDS && isWorthALook(looks, world.now() - lookedFrom, activeMs()); looks++) {
    const now = world.now() + clockOffsetMs
    const snapshot = await takeSnapshot(session, work, feeds, minutesBack(now - movement.readUntil!), movement.gone)
    if (snapshot === null) return { kind: 'books', receipt, exact: false }
    const { broken } = await commitBatch(commitSettings(session, work), snapshot.changes)
    if (broken.length > 0) continue
    movement.readUntil = now
    movement.changed += snapshot.changes.reduce((sum, { page }) => sum + page.content.records.length, 0)
    receipt = await weigh(session, work, receipt, movement, snapshot.after)
    const stands = snapshot.before === snapshot.after
    if (stands && balances(receipt)) return { kind: 'books', receipt, exact: true }
    if (stands) still++
  }
  return { kind: 'books', receipt, exact: false }
}

const minutesBack = (ms: number): number => Math.max(1, Math.ceil((ms + MARGIN_MS) / 60_000))

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

type FeedsRead = SweepEnd | { kind: 'unread'; why: string }

/** Reads both feeds. `unread`: the source does not have them after all. */
async function* readFeeds(
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  movement: Movement,
  left: (FeedPass & { pages: LedgerPage[] }) | null,
): AsyncGenerator<SyncEvent, FeedsRead> {
  const changes = yield* readChanges(session, work, feeds, minutes, 'up', left)
  if (changes.kind === 'refused' && changes.reason === 'protocol') return { kind: 'unread', why: changes.why }
  if (changes.kind !== 'finished') return changes
  movement.changed += work.state.run.segments[0]!.records
  const failed = await readGone(session, minutes, pageSizeOf(work), movement.gone)
  if (failed === null) return { kind: 'finished' }
  switch (failed.kind) {
    case 'aborted':
      return { kind: 'stopped' }
    case 'stop':
      if (failed.reason === 'protocol') return { kind: 'unread', why: failed.why }
      return { kind: 'refused', reason: failed.reason, why: failed.why }
    case 'slow-down':
    case 'retry':
    case 'smaller-page':
      return { kind: 'incomplete', why: failed.why }
  }
}
