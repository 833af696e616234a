/**
 * A look at the last moments of a moving inventory: first what came, then how many there are, then what went.
 *
 * In this order it proves something though nothing stands still. Whoever was met before the count, and is not among those that went
 * by the end, was there when it was counted. So the source cannot count fewer than those; and if it counts as many, nobody
 * else was there. Pages are only fetched here, and committed afterwards: the nearer the requests are to each other, the
 * likelier it is that nothing moves in between, which would make it count more.
 */
import type { Arrived } from '../commit/commit-batch.ts'
import { CHANGES } from '../run/plan.ts'
import type { Feeds } from '../source/source.ts'
import { countOf } from '../sweep/plan-sweep.ts'
import { readGone } from '../sweep/read-gone.ts'
import type { Session } from '../sweep/session.ts'
import { pageSizeOf, type Work } from '../sweep/work.ts'

/** Pages of changes held at once; a feed that has more cannot be read in a moment. */
const MAX_PAGES = 4

export type Snapshot = {
  /** How many cars the source says it has. */
  total: number
  changes: Arrived[]
  /** From the pages of changes, on average, to the count, and from there to the end of the removal feed, ms. */
  comingMs: number
  goingMs: number
}

/**
 * The pages of the feed of changes, of which about `likely` are there; null where there are too many, or one of them could
 * not be read.
 */
const fetchChanges = async (
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  likely: number,
): Promise<{ pages: Arrived[]; answeredAt: number } | null> => {
  const { api, access, control, world, clockOffsetMs, stop } = session
  const sweep = work.nextSweep++
  const answers: number[] = []
  const fetchPage = async (page: number): Promise<Arrived | null> => {
    const ask = { filter: feeds.changes(minutes), pageSize: pageSizeOf(work), page }
    const readAt = world.now() + clockOffsetMs
    const outcome = await api.ask(
      control.source.pageRequest(access, ask),
      (reply) => control.source.readPage(reply, ask),
      stop,
    )
    answers.push(world.now())
    if (outcome.kind !== 'data') return null
    const content = outcome.data
    const { pageSize } = content
    return {
      ask: { segment: 0, pageSize, page, attempt: 1 },
      page: { sweep, segment: CHANGES, pageSize, page, readAt, content },
      bytes: content.bytes.byteLength,
    }
  }
  const pages: Arrived[] = []
  while (pages.length < MAX_PAGES) {
    const from = pages.length + 1
    const upTo = Math.max(from, Math.min(likely, MAX_PAGES))
    const fetched = await Promise.all(Array.from({ length: upTo - from + 1 }, (_, i) => fetchPage(from + i)))
    for (const page of fetched) {
      if (page === null) return null
      pages.push(page)
      if (!page.page.content.hasNext)
        return { pages, answeredAt: answers.reduce((sum, at) => sum + at, 0) / answers.length }
    }
  }
  return null
}

/**
 * Reads the feed of changes back over `minutes`, counts, and reads the removal feed; what went is added to `gone`. null where
 * that cannot be done in one go. Throws SyncError when the source cannot be asked for its count.
 */
export const takeSnapshot = async (
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  likely: number,
  gone: Map<string, number>,
): Promise<Snapshot | null> => {
  const { api, access, control, stop, world } = session
  const changes = await fetchChanges(session, work, feeds, minutes, likely)
  if (changes === null) return null
  const total = await countOf(api, control.source, access, {}, stop)
  const countedAt = world.now()
  const failed = await readGone(session, minutes, pageSizeOf(work), gone)
  if (failed !== null || total === null) return null
  return { total, changes: changes.pages, comingMs: countedAt - changes.answeredAt, goingMs: world.now() - countedAt }
}
