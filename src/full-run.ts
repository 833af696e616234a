/** A full sweep: the plan, the passes over the source until the books balance, and what is gone. */

import type { SyncEvent } from './events.ts'
import { balanceBooks } from './proof/balance-books.ts'
import { removeAbsent } from './proof/remove-absent.ts'
import type { Movement } from './proof/weigh-books.ts'
import { counted } from './run/counted.ts'
import { endsOf, startPass } from './run/pass.ts'
import { CHANGES, type Plan, plannedPages } from './run/plan.ts'
import {
  lackingIn,
  nextPass,
  type Pass,
  type Receipt,
  type SeamPage,
  type SeamsPass,
  startReceipt,
  stoodStill,
} from './run/receipt.ts'
import { type Run, restoreRun } from './run/run.ts'
import { hiddenPages, hollowPages, seamsOf } from './run/seams.ts'
import { someOf } from './run/some-of.ts'
import { planSweep } from './sweep/plan-sweep.ts'
import { endingOf, runPass } from './sweep/run-pass.ts'
import { type Ending, endedEarly, pageSizesOf, type Session } from './sweep/session.ts'
import { beginWork, enterPass, progressOf, type Work } from './sweep/work.ts'

/** How many requests a listing is taken for that does not tell its size. */
const UNPLANNED_PAGES = 1000

const pagesWantedBy =
  (pass: Pass, plan: Plan) =>
  (pageSize: number): number | null =>
    pass.kind === 'seams' ? pass.pages.length : plannedPages(plan, pageSize)

/** Plans (or takes up the stored plan), sweeps, checks, and marks what is gone. */
export async function* fullRun(session: Session): AsyncGenerator<SyncEvent, Ending> {
  const { api, access, store, world, stored, lease, options, stop } = session
  const { source } = session.control
  const plan = stored.plan ?? (await planSweep(api, source, access, options.priority, stop))
  if (!stored.plan) await store.savePlan(lease, stored.runId, plan)
  const ledger = await store.readLedger(stored.runId)
  const sizes = pageSizesOf(session, ledger)
  const ledgerOf = (sweep: number) => ledger.filter((page) => page.sweep === sweep)

  let receipt: Receipt = stored.receipt ?? startReceipt(plan.total)
  let pass = receipt.passes.at(-1)!
  const whole = restoreRun(startPass(receipt.passes[0]!, plan, sizes, new Map()), ledgerOf(0))
  let ends = endsOf(whole)
  const isFirst = pass.kind === 'whole'
  const run = isFirst ? whole : restoreRun(startPass(pass, plan, sizes, ends), ledgerOf(pass.sweep))
  api.expect(plannedPages(plan, sizes.learned ?? sizes.wished) ?? UNPLANNED_PAGES)
  const work = beginWork(api, stored, plan, ledger, session.begunAt, {
    run,
    sweep: pass.sweep,
    pagesWanted: pagesWantedBy(pass, plan),
  })
  if (!isFirst) work.shown = whole.segments
  session.onWork(work)
  yield { kind: 'planned', total: plan.total, segments: progressOf(work, world.now()).segments, note: plan.note }

  const movement: Movement = { gone: new Map(), changed: 0, readUntil: null }
  for (;;) {
    const end = yield* runPass(session, work, pass.sweep)
    if (end.kind !== 'finished') return endingOf(end)
    const done = work.state.run
    ends = new Map([...ends, ...endsOf(done)])

    work.phase = 'checking'
    yield { kind: 'progress', progress: progressOf(work, world.now()) }
    const books = yield* balanceBooks(session, work, receipt, movement)
    if (books.kind !== 'books') return endingOf(books)
    receipt = books.receipt
    const next = books.exact ? null : await passAfter(session, work, receipt, done, movement)
    const hidden = books.exact || next !== null ? null : await passOverHidden(session, work, receipt, done)
    if (hidden !== null) {
      // Whoever takes the run up begins with them.
      await store.saveReceipt(lease, stored.runId, { ...receipt, passes: [...receipt.passes, hidden] })
      return endedEarly('incomplete', hiddenBehind(hidden.pages))
    }
    if (next === null) {
      await store.saveReceipt(lease, stored.runId, receipt)
      yield* removeAbsent(session, work, receipt, books.exact)
      return {
        status: 'complete',
        proof: books.exact ? 'exact' : 'none',
        reason: null,
        totalAfter: receipt.totalAfter,
        met: receipt.distinct,
        covered: coveredBy(session),
      }
    }
    yield { kind: 'note', message: reasonFor(next, receipt) }
    receipt = { ...receipt, passes: [...receipt.passes, next] }
    await store.saveReceipt(lease, stored.runId, receipt)
    enterPass(work, startPass(next, plan, sizes, ends), pagesWantedBy(next, plan))
    pass = next
  }
}

const passAfter = async (
  { store, stored }: Session,
  work: Work,
  receipt: Receipt,
  run: Run,
  { gone }: Movement,
): Promise<Pass | null> => {
  const { sweep } = receipt.passes.at(-1)!
  const { pages, departures } = await store.readMovement(stored.runId, sweep, gone)
  const mayHaveGrown = receipt.repeats > 0
  const next = nextPass(receipt, {
    pageSize: run.pageSize,
    pages: pages.length,
    seams: seamsOf(pages, departures, mayHaveGrown),
    hollow: hollowPages(pages, run.plan.segments),
  })
  return next === null ? null : { ...next, sweep: work.nextSweep++ }
}

/** The pass over the pages that the source hides; null where it hides none. */
const passOverHidden = async (
  { store, stored }: Session,
  work: Work,
  receipt: Receipt,
  { pageSize }: Run,
): Promise<SeamsPass | null> => {
  if (pageSize === null || (receipt.totalAfter !== null && lackingIn(receipt) <= 0)) return null
  const readings = (await store.readLedger(stored.runId)).filter(({ segment }) => segment !== CHANGES)
  const pages = hiddenPages(readings, pageSize)
  return pages.length === 0 ? null : { kind: 'seams', sweep: work.nextSweep++, pageSize, pages }
}

const hiddenBehind = (pages: readonly SeamPage[]): string => {
  const shown = someOf(pages.map(({ segment, page }) => `page ${page} of ${segment}`))
  const [is, it] = pages.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${shown} ${is} empty whenever asked for, though there are cars behind ${it}: the next sync asks again`
}

const reasonFor = (pass: Pass, receipt: Receipt): string => {
  const lacking = lackingIn(receipt)
  const what =
    pass.kind === 'seams' ? `reading ${counted(pass.pages.length, 'page')} again` : 'reading it once more, from its end'
  if (receipt.totalAfter === null) return `Cars may have been missed, and the source does not count them: ${what}.`
  const missed = lacking === 1 ? "one of the source's cars was" : `${lacking} of the source's cars were`
  const why = stoodStill(receipt) ? 'Not all pages showed what they should' : 'The inventory moved while it was read'
  return `${why}, and ${missed} not met: ${what}.`
}

/** A full sweep covers the source's time from the instant at which it began. */
const coveredBy = ({ stored, clockOffsetMs, api }: Session): Ending['covered'] => {
  const at = stored.startedAt - clockOffsetMs + api.sourceOffsetMs()
  return { kind: 'full', from: at, to: at }
}
