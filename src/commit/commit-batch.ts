/** Which of the pages that arrived are examined together, and a transaction of what was examined. */

import type { Ask } from '../run/run.ts'
import type { Source } from '../source/source.ts'
import type { CommitContext, PageCommit, PageCounts } from '../store/commit-pages.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'
import { examinePages, type ReadPage } from './examine-pages.ts'
import { MOST_BYTES } from './gathered.ts'
import type { LookUps } from './look-ups.ts'

/** A page that was read and waits for its commit. `bytes` are those it holds. */
export type Arrived = { ask: Ask; page: ReadPage; bytes: number }

export type CommitSettings = {
  world: World
  source: Source
  store: Store
  lookUps: LookUps
  commit: Omit<CommitContext, 'names'>
  wantRaw: boolean
  /** Is told how long each transaction took, its further tries included. */
  onCommit(tookMs: number): void
}

/** A page that turned out not to be JSON after all: nothing of it was written. */
export type Broken = { arrived: Arrived; why: string }

export type Committed = { committed: { arrived: Arrived; counts: PageCounts }[]; broken: Broken[] }

/** Records that are looked up together. */
const MOST_RECORDS = 1000

/** Takes out of `ready` what is examined together: at least one page, at most 1000 rows or 8 MB of several. */
export const takeBatch = (ready: Arrived[]): Arrived[] => {
  const batch: Arrived[] = []
  let rows = 0
  let bytes = 0
  while (ready.length > 0) {
    const next = ready[0]!
    rows += next.page.content.records.length
    bytes += next.bytes
    if (batch.length > 0 && (rows > MOST_RECORDS || bytes > MOST_BYTES)) break
    batch.push(ready.shift()!)
  }
  return batch
}

/** Examines the pages of a batch: what is to be written of those that can be read. Throws what the store throws. */
export const examineBatch = async (
  { source, lookUps, wantRaw }: CommitSettings,
  batch: readonly Arrived[],
): Promise<{ arrived: Arrived[]; batch: PageCommit; broken: Broken[] }> => {
  const pages = batch.map(({ page }) => page)
  const examined = await examinePages(source, lookUps, pages, wantRaw)
  const arrivedAs = (page: ReadPage): Arrived => batch.find((each) => each.page === page)!
  const broken = examined.broken.map(({ page, why }) => ({ arrived: arrivedAs(page), why }))
  const arrived = batch.filter((each) => !broken.some((one) => one.arrived === each))
  return { arrived, batch: examined.batch, broken }
}

/** Writes what was examined in one transaction, and answers what came of each page. Throws what the store throws. */
export const commitExamined = async (settings: CommitSettings, batch: PageCommit): Promise<PageCounts[]> => {
  const { world, store, commit, lookUps } = settings
  const begunAt = world.now()
  const { pages, repeated } = await store.commitPages(commit, batch)
  settings.onCommit(world.now() - begunAt)
  if (repeated) lookUps.distrust()
  return pages
}

/** Writes the pages of a batch in one transaction, but for those that cannot be read. Throws what the store throws. */
export const commitBatch = async (settings: CommitSettings, batch: readonly Arrived[]): Promise<Committed> => {
  const { arrived, batch: examined, broken } = await examineBatch(settings, batch)
  if (arrived.length === 0) return { committed: [], broken }
  const counts = await commitExamined(settings, examined)
  return { committed: arrived.map((each, i) => ({ arrived: each, counts: counts[i]! })), broken }
}
