/** Looks at the last moments of a moving inventory until the books balance, or until that is not worth it any more. */
import { commitBatch } from '../commit/commit-batch.ts'
import type { SyncEvent } from '../events.ts'
import { isWorthALook, movesExpected, noLooks, withLook } from '../run/one-more-look.ts'
import { balances, lackingIn, type Receipt } from '../run/receipt.ts'
import { type Doubt, doubtOver, noDoubt, withDoubt } from '../run/too-soon-to-tell.ts'
import type { Feeds } from '../source/source.ts'
import { commitSettings } from '../sweep/run-pass.ts'
import type { Session } from '../sweep/session.ts'
import { progressOf, type Work } from '../sweep/work.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { type Books, type Movement, minutesBack, weigh } from './weigh-books.ts'

/** In all slices of a run: each knows only of its own looks. */
const MOST_CHECKS = 40

/** A look whose pages cannot be stored tells nothing. */
const UNTOLD = { lacking: 0, doubtful: 1, explained: 1 }

const TOO_SOON = 'Cars that had gone may have come back, too soon to tell by the clocks: waiting until they tell.'

/** Over the cars that are there by this look, and gone by the removal feed; each is waited for once. */
const doubtOf = ({ changes }: Snapshot, { gone }: Movement, waitedFor: ReadonlySet<string>): Doubt =>
  changes
    .map(({ page }) => {
      const met = page.content.records.map(({ sourceId }) => sourceId).filter((id) => id !== null && !waitedFor.has(id))
      return doubtOver(met, page.readAt, gone)
    })
    .reduce(withDoubt, noDoubt)

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
  const { store, stored, lease, world, clockOffsetMs, control, stop } = session
  const goneBefore = movement.gone.size
  const activeMs = stored.activeMs + countedAt - session.begunAt
  let looks = noLooks
  let best = first
  let { feed } = first
  let pages = 1
  let doubt = noDoubt
  const waitedFor = new Set<string>()
  for (let checks = first.checks; isWorthALook(looks, activeMs); checks++) {
    // Until the clocks tell, each look would be the same.
    const waitedMs = Math.max(0, doubt.untilAt - world.now() - clockOffsetMs)
    if (waitedMs > 0) {
      yield { kind: 'note', message: TOO_SOON }
      for (const id of doubt.cars) waitedFor.add(id)
      await world.sleep(waitedMs, stop)
    }
    if (stop.aborted || !(control.slice?.mayAsk(pages - 1) ?? true)) {
      if (checks >= MOST_CHECKS && !stop.aborted) break
      await store.saveReceipt(lease, stored.runId, { ...best, checks, feed })
      return { kind: 'stopped' }
    }
    const from = world.now()
    const readAt = from + clockOffsetMs
    const minutes = minutesBack(readAt - movement.readUntil!)
    const snapshot = await takeSnapshot(session, work, feeds, minutes, pages, movement.gone)
    if (snapshot === null) {
      if (stop.aborted) return { kind: 'stopped' }
      break
    }
    const { changes, total } = snapshot
    pages = changes.length
    const { broken } = await commitBatch(commitSettings(session, work), changes)
    if (broken.length > 0) {
      looks = withLook(looks, { tookMs: world.now() - from, waitedMs, ...UNTOLD })
      doubt = noDoubt
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
    doubt = doubtOf(snapshot, movement, waitedFor)
    const doubtful = Math.max(receipt.doubtful ?? 0, doubt.cars.length)
    looks = withLook(looks, { tookMs: world.now() - from, waitedMs, lacking: lackingIn(receipt), doubtful, explained })
    yield { kind: 'progress', progress: progressOf(work, world.now()) }
  }
  return { kind: 'books', receipt: best, exact: false }
}
