/** The committing side of a sweep: which of the pages that arrived make one transaction, and what came of each. */
import { examinePages, type ReadPage } from './examine-pages.ts'
import type { LookUps } from './look-ups.ts'
import type { Ask } from './run/run.ts'
import type { Source } from './source/source.ts'
import type { CommitContext, PageCounts } from './store/commit-pages.ts'
import type { Store } from './store/store.ts'
import type { World } from './world.ts'

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

export type Committed = {
  committed: { arrived: Arrived; counts: PageCounts }[]
  /** Pages that turned out not to be JSON after all: nothing of them was written. */
  broken: { arrived: Arrived; why: string }[]
}

const COMMIT_ROWS = 1000
const COMMIT_BYTES = 8 << 20

/** Takes out of `ready` what goes into one transaction: at least one page, at most 1000 rows or 8 MB of several. */
export const takeBatch = (ready: Arrived[]): Arrived[] => {
  const batch: Arrived[] = []
  let rows = 0
  let bytes = 0
  while (ready.length > 0) {
    const next = ready[0]!
    rows += next.page.content.records.length
    bytes += next.bytes
    if (batch.length > 0 && (rows > COMMIT_ROWS || bytes > COMMIT_BYTES)) break
    batch.push(ready.shift()!)
  }
  return batch
}

/** Writes the pages of a batch in one transaction, but for those that cannot be read. Throws what the store throws. */
export const commitBatch = async (settings: CommitSettings, batch: readonly Arrived[]): Promise<Committed> => {
  const { source, store, lookUps, commit, wantRaw, world } = settings
  const pages = batch.map(({ page }) => page)
  const examined = await examinePages(source, lookUps, pages, wantRaw)
  const arrivedAs = (page: ReadPage): Arrived => batch.find((each) => each.page === page)!
  const broken = examined.broken.map(({ page, why }) => ({ arrived: arrivedAs(page), why }))
  const kept = batch.filter((each) => !broken.some(({ arrived }) => arrived === each))
  if (kept.length === 0) return { committed: [], broken }
  const begunAt = world.now()
  const { pages: counts, repeated } = await store.commitPages(commit, examined.batch)
  settings.onCommit(world.now() - begunAt)
  if (repeated) lookUps.distrust()
  return { committed: kept.map((arrived, i) => ({ arrived, counts: counts[i]! })), broken }
}
