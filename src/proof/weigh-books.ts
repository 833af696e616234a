/** What a sweep knows of the cars that it has met, held against what the source says it has. */
import type { Receipt } from '../run/receipt.ts'
import type { Session } from '../sweep/session.ts'
import { pagesDone, type Work } from '../sweep/work.ts'

export type Books = { kind: 'books'; receipt: Receipt; exact: boolean }

/** Cars known to have gone while the run was on, and the instant (the database's, ms) up to which all of that was read. */
export type Movement = { gone: Map<string, number>; changed: number; readUntil: number | null }

/** Asked for beyond the time that has passed: the source tells its times in whole seconds. */
const MARGIN_MS = 10_000

/** How many minutes of a feed reach back over so many milliseconds. */
export const minutesBack = (ms: number): number => Math.max(1, Math.ceil((ms + MARGIN_MS) / 60_000))

/** The receipt with the books as they stand when the source says that it has `total` cars; `repeats` where they are known. */
export const weigh = async (
  { store, stored }: Session,
  work: Work,
  receipt: Receipt,
  { gone, changed, readUntil }: Movement,
  total: number | null,
  repeats?: number,
): Promise<Receipt> => ({
  ...receipt,
  ...(await store.weighSeen(stored.runId, gone, repeats)),
  changed: readUntil === null ? null : changed,
  totalAfter: total,
  pagesReread: pagesDone(work) - work.shown.reduce((sum, each) => sum + each.pagesDone, 0),
  checks: receipt.checks + 1,
})
