/** Looks at the last moments of a moving inventory until the books balance, or until that is not worth it any more. */
import { commitBatch } from '../commit/commit-batch.ts'
import type { SyncEvent } from '../events.ts'
import { isWorthALook, movesExpected, noLooks, withLook } from '../run/one-more-look.ts'
import { balances, lackingIn, type Receipt } from '../run/receipt.ts'
import type { Feeds } from '../source/source.ts'
import { commitSettings } from '../sweep/run-pass.ts'
import type { Session } from '../sweep/session.ts'
import { progressOf, type Work } from '../sweep/work.ts'
import { takeSnapshot } from './snapshot.ts'
import { type Books, type Movement, minutesBack, weigh } from './weigh-books.ts'

/** In all slices of a run: each knows only of its own looks. */
const MOST_CHECKS = 40

/** A look whose pages cannot be stored tells nothing. */
const UNTOLD = { lacking: 0, doubtful: 1, explained: 1 }

/** The books that leave the fewest cars unaccounted for: what moved during a look makes them more, never fewer. */
const nearer = (a: Receipt, b: Receipt): Receipt => (Math.abs(lackingIn(b)) <= Math.abs(lackingIn(a)) ? b : a)

/**
 * `first`: the books as they stood when the source was asked for its count, at `countedAt`. Answers the best there were; or
 * `stopped`, where the slice cannot afford another look: the next one can. Throws SyncError when the source cannot be asked
 * for its count.
 */
export async function* lookAgain(
  session: Session,
  work: Work,
  feeds: Feeds,
  first: Receipt,
  countedAt: number,
  movement: Movement,
): AsyncGenerator<SyncEvent, Books | { kind: 'stopped' }> {
  const { store, stored, lease, world, clockOffsetMs, control } = session
  const goneBefore = movement.gone.size
  const activeMs = stored.activeMs + countedAt - session.begunAt
  let looks = noLooks
  let best = first
  let { feed } = first
  let pages = 1
  for (let checks = first.checks; isWorthALook(looks, activeMs); checks++) {
    if (!(control.slice?.mayAsk(pages - 1) ?? true)) {
      if (checks >= MOST_CHECKS) break
      await store.saveReceipt(lease, stored.runId, { ...best, checks, feed })
      return { kind: 'stopped' }
    }
    const from = world.now()
    const readAt = from + clockOffsetMs
    const minutes = minutesBack(readAt - movement.readUntil!)
    const snapshot = await takeSnapshot(session, work, feeds, minutes, pages, movement.gone)
    if (snapshot === null) break
    const { changes, total } = snapshot
    pages = changes.length
    const { broken } = await commitBatch(commitSettings(session, work), changes)
    if (broken.length > 0) {
      looks = withLook(looks, { tookMs: world.now() - from, ...UNTOLD })
      continue
    }
    movement.readUntil = readAt
    movement.changed += changes.reduce((sum, { page }) => sum + page.content.records.length, 0)
    feed = { sweep: changes[0]!.page.sweep, since: readAt }
    const receipt = await weigh(session, work, { ...first, checks }, movement, total, first.repeats)
    if (balances(receipt)) return { kind: 'books', receipt, exact: true }
    best = { ...nearer(best, receipt), checks: receipt.checks }
    const went = movement.gone.size - goneBefore
    const came = Math.max(0, total - first.totalAfter! + went)
    const explained = movesExpected({ came, went, overMs: world.now() - countedAt }, snapshot)
    const { doubtful = 0 } = receipt
    looks = withLook(looks, { tookMs: world.now() - from, lacking: lackingIn(receipt), doubtful, explained })
    yield { kind: 'progress', progress: progressOf(work, world.now()) }
  }
  return { kind: 'books', receipt: best, exact: false }
}
