/** An incremental run: what changed since the last covered instant, and what the source says has gone. */

import type { SyncEvent } from './events.ts'
import { fullRun } from './full-run.ts'
import { lookUp } from './proof/look-up.ts'
import { mayAskFor } from './run/absence.ts'
import { hasGoneBack, minutesSince } from './run/choose-mode.ts'
import { counted } from './run/counted.ts'
import { minuteOf } from './run/minute.ts'
import { type Counts, otherInventory } from './run/other-inventory.ts'
import { plannedPages } from './run/plan.ts'
import { restoreRun, startRun } from './run/run.ts'
import { countOf } from './sweep/plan-sweep.ts'
import {
  askFeed,
  changesPlan,
  goesOnWith,
  readChanges,
  runFeedPass,
  type Unread,
  unreadBy,
} from './sweep/read-changes.ts'
import { readGone } from './sweep/read-gone.ts'
import { endingOf } from './sweep/run-pass.ts'
import { type Ending, endedEarly, noteUnread, pageSizesOf, type Session } from './sweep/session.ts'
import { beginWork, pageSizeOf, progressOf, type Work } from './sweep/work.ts'

/** The feed moves while it is read: it is read until it brings nothing new, but by one process not more often than this. */
const PASSES = 5
/** Nor by all processes that work on the run one after the other. */
const PASSES_OF_ALL = 12

/** Odd passes go from the end of the feed to its beginning: what moves one way in between meets one of them. */
const directionOf = (pass: number): 'up' | 'down' => (pass % 2 === 1 ? 'down' : 'up')

/** Where the mirror stands; instants by the source's clock, ms. */
export type Standing = {
  /** All changes until then were read. */
  coveredUntil: number
  /** How many cars the source should have; null: not known. */
  expected: number | null
  /** From when on everything may be read because the feed cannot be. */
  sweepsAgainAt: number
}

/**
 * Reads the feed of changes back to `coveredUntil`, then asks for what is said to have gone. Where the source's count is not
 * what `expected` and the feed make it, its clock has gone back, it shows no feed any more, or no car is stored any more, everything is
 * read instead.
 */
export async function* incrementalRun(
  session: Session,
  { coveredUntil, expected, sweepsAgainAt }: Standing,
): AsyncGenerator<SyncEvent, Ending> {
  const { api, access, store, world, stored, lease, stop } = session
  const { source } = session.control
  const feeds = source.feeds!
  // The first answer tells the source's time, from which its periods count back.
  const total = await countOf(api, source, access, {}, stop)
  const now = world.now() + api.sourceOffsetMs()
  const minutes = minutesSince(coveredUntil, now)
  if (minutes > feeds.maxMinutes)
    return endedEarly('failed', 'The feed of changes does not reach back to what is covered. Run it with --full')

  const feed = await askFeed(session, feeds, minutes)
  if ('unread' in feed) return yield* withoutFeed(session, feed.unread, now, sweepsAgainAt)
  const ledger = await store.readLedger(stored.runId)
  // A table that was emptied by hand, or that is new, has nothing that could be brought up to date.
  const lost = stored.beganEmpty && total !== 0 ? `No car of ${session.options.source} is stored any more` : null
  const doubt = lost ?? doubtOf(hasGoneBack(coveredUntil, now), { expected, total, changes: feed.count })
  if (doubt !== null && ledger.length === 0) return yield* readEverything(session, doubt)
  const plan = changesPlan(feeds, minutes, feed.count)
  await store.savePlan(lease, stored.runId, plan)
  const sizes = pageSizesOf(session, ledger)
  const left = Math.max(-1, ...ledger.map((page) => page.sweep))
  const goesOn = left >= 0 && goesOnWith(stored, world.now() + session.clockOffsetMs)
  const first = goesOn ? left : left + 1
  const started = startRun(plan, sizes.wished, sizes.learned, directionOf(first))
  // What changed after the feed was begun to be read may have been missed; by the source's clock.
  const beganAt = goesOn ? ledger.map(({ readAt }) => readAt - session.clockOffsetMs + api.sourceOffsetMs()) : []
  api.expect(plannedPages(plan, sizes.learned ?? sizes.wished) ?? 1)
  const work = beginWork(api, stored, plan, ledger, session.begunAt, {
    run: restoreRun(started, goesOn ? ledger.filter((page) => page.sweep === first) : []),
    sweep: first,
    pagesWanted: (pageSize) => plannedPages(plan, pageSize),
  })
  session.onWork(work)
  yield { kind: 'planned', total: plan.total, segments: progressOf(work, world.now()).segments, note: plan.note }

  let end = yield* runFeedPass(session, work, first)
  for (let pass = first; end.kind === 'finished'; pass++) {
    if (pass - first + 1 >= PASSES || pass + 1 >= PASSES_OF_ALL) break
    if (pass > 0 && (await store.countNew(stored.runId, pass)) === 0) break
    work.phase = 'checking'
    end = yield* readChanges(session, work, feeds, minutes, directionOf(pass + 1))
  }
  const unread = unreadBy(end, session)
  if (unread !== null) return yield* withoutFeed(session, unread, now, sweepsAgainAt)
  if (end.kind !== 'finished') return endingOf(end)
  if (stored.unreadFeed !== null) await noteUnread(session, null)
  yield* askForGone(session, work, minutes)
  await store.forgetSeen(lease, stored.runId)
  return {
    status: 'complete',
    proof: 'none',
    reason: null,
    totalAfter: null,
    met: null,
    covered: { kind: 'incremental', from: now - minutes * 60_000, to: Math.min(now, ...beganAt) },
  }
}

/**
 * Where the feed of changes is refused everything is read at once: by this run, or where it has read something already by another
 * one, whose books that would spoil. What fails may pass: there the next sync does it. Neither does so soon after the last sweep.
 */
async function* withoutFeed(
  session: Session,
  { why, mayPass }: Unread,
  now: number,
  sweepsAgainAt: number,
): AsyncGenerator<SyncEvent, Ending> {
  const { api, access, control, store, stored, stop } = session
  // Whoever lets us in nowhere any more throws here.
  await countOf(api, control.source, access, {}, stop)
  const ledger = await store.readLedger(stored.runId)
  const isTooSoon = now < sweepsAgainAt
  await noteUnread(session, why)
  if (!mayPass && !isTooSoon) {
    if (ledger.length === 0) return yield* readEverything(session, why)
    yield { kind: 'note', message: `${why}: reading everything.` }
    return { ...endedEarly('failed', `${why}. Everything is read by the run that follows`), isFollowed: true }
  }
  const when = isTooSoon ? `a sync after ${minuteOf(sweepsAgainAt)}` : 'the next sync'
  return endedEarly(mayPass ? 'incomplete' : 'failed', `${why}. Everything is read by ${when}, or with --full`)
}

/** Goes on as a full sweep; nothing was read yet. */
async function* readEverything(session: Session, why: string): AsyncGenerator<SyncEvent, Ending> {
  const { store, stored, lease } = session
  yield { kind: 'note', message: `${why}: reading everything.` }
  await store.becomeFull(lease, stored.runId)
  session.stored = { ...stored, mode: 'full', plan: null }
  return yield* fullRun(session)
}

const doubtOf = (clockWentBack: boolean, counts: Counts): string | null =>
  clockWentBack ? 'The clock of the source has gone back' : otherInventory(counts)

/**
 * A removal feed is a hint: the cars that it names are asked for. What the source then says is kept, and counts when a
 * proven sweep does not see the car either.
 */
async function* askForGone(session: Session, work: Work, minutes: number): AsyncGenerator<SyncEvent, void> {
  const { store, stored, lease, api, control } = session
  const gone = new Map<string, number>()
  const failed = await readGone(session, minutes, pageSizeOf(work), gone)
  if (failed !== null) {
    if (failed.kind !== 'aborted')
      yield { kind: 'note', message: `${failed.why}. The next full sweep tells what has gone.` }
    return
  }
  const hinted = await store.unseenAmong(stored.runId, [...gone.keys()])
  if (hinted.length === 0 || hinted.length > mayAskFor(api.requests().total) || control.source.lookup === null) return
  const answers = await lookUp(session, hinted)
  if (answers === null) return
  await store.keepAnswers(lease, answers)
  if (answers.gone.length > 0)
    yield {
      kind: 'note',
      message: `The source says that ${counted(answers.gone.length, 'car has', 'cars have')} gone; the next full sweep that proves it marks them removed.`,
    }
}
