/** The committing side of a sweep: pages that arrived are examined, gathered and committed, several at once. */

import type { PageCounts } from '../store/commit-pages.ts'
import { type Arrived, type CommitSettings, commitExamined, examineBatch, takeBatch } from './commit-batch.ts'
import { dueInMs, type Gathered, gather, isEnough, type Place } from './gathered.ts'

export type Listener = {
  committed(place: Place, counts: PageCounts): void
  /** The page turned out not to be JSON after all: nothing of it was written. */
  broken(arrived: Arrived, why: string): void
  /** Takes so many bytes of the budget, or gives them back where negative. */
  hold(bytes: number): void
}

export type Commits = {
  take(arrived: Arrived): void
  /** Starts what can be started. `isLast`: no further page is about to arrive. Answers the work, which rejects as the store does. */
  start(isLast: boolean): Promise<void>[]
  /** Milliseconds until pages that wait for others are due; Infinity: none wait, or nobody is free to commit them. */
  dueInMs(): number
}

export const openCommits = (settings: CommitSettings, { committed, broken, hold }: Listener): Commits => {
  const { store, world } = settings
  const ready: Arrived[] = []
  let gathered: Gathered | null = null
  let busy = 0
  let examining = 0

  const commitGathered = async (): Promise<void> => {
    const whole = gathered!
    gathered = null
    const counts = await commitExamined(settings, whole.batch)
    for (const [i, place] of whole.places.entries()) committed(place, counts[i]!)
    hold(-whole.bytes)
  }

  const examineOne = async (batch: readonly Arrived[]): Promise<void> => {
    examining++
    const examined = await examineBatch(settings, batch).finally(() => examining--)
    for (const each of examined.broken) broken(each.arrived, each.why)
    for (const { bytes } of batch) hold(-bytes)
    if (examined.arrived.length === 0) return
    const bytes = examined.arrived.reduce((sum, each) => sum + each.bytes, 0)
    const places = examined.arrived.map(({ ask, page }) => ({ ask, records: page.content.records.length }))
    const before = gathered?.bytes ?? 0
    gathered = gather(gathered, { places, batch: examined.batch, bytes }, world.now())
    hold(gathered.bytes - before)
    if (isEnough(gathered)) await commitGathered()
  }

  const slot = async (work: () => Promise<void>): Promise<void> => {
    busy++
    try {
      await work()
    } finally {
      busy--
    }
  }

  return {
    take: (arrived) => {
      ready.push(arrived)
    },
    start: (isLast) => {
      const started: Promise<void>[] = []
      while (busy < store.writers && ready.length > 0) {
        const batch = takeBatch(ready)
        started.push(slot(() => examineOne(batch)))
      }
      const isDue = gathered !== null && (dueInMs(gathered, world.now()) === 0 || (isLast && examining === 0))
      if (isDue && busy < store.writers) started.push(slot(commitGathered))
      return started
    },
    dueInMs: () =>
      gathered === null || busy >= store.writers ? Number.POSITIVE_INFINITY : dueInMs(gathered, world.now()),
  }
}
