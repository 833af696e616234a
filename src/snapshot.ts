/**
 * What moved in the last moments, read between two looks at the source's count. The nearer these are to each other, the
 * likelier it is that nothing moved in between, so pages are only fetched here; they are committed afterwards.
 */
import type { Arrived } from './commit-batch.ts'
import { countOf } from './plan-sweep.ts'
import { readGone } from './read-gone.ts'
import { CHANGES } from './run/plan.ts'
import type { Session } from './session.ts'
import type { Feeds } from './source/source.ts'
import { pageSizeOf, type Work } from './work.ts'

/** Pages of changes held at once; a feed that has more cannot be read in a moment. */
const MAX_PAGES = 4

export type Snapshot = { before: number; after: number; changes: Arrived[] }

/** The pages of the feed of changes; null where there are too many, or one of them could not be read. */
const fetchChanges = async (session: Session, work: Work, feeds: Feeds, minutes: number): Promise<Arrived[] | null> => {
  const { api, access, control, world, clockOffsetMs, stop } = session
  const sweep = work.nextSweep++
  const pages: Arrived[] = []
  for (let page = 1; page <= MAX_PAGES; page++) {
    const ask = { filter: feeds.changes(minutes), pageSize: pageSizeOf(work), page }
    const readAt = world.now() + clockOffsetMs
    const outcome = await api.ask(
      control.source.pageRequest(access, ask),
      (reply) => control.source.readPage(reply, ask),
      stop,
    )
    if (outcome.kind !== 'data') return null
    const content = outcome.data
    const { pageSize } = content
    pages.push({
      ask: { segment: 0, pageSize, page, attempt: 1 },
      page: { sweep, segment: CHANGES, pageSize, page, readAt, content },
      bytes: content.bytes.byteLength,
    })
    if (!content.hasNext) return pages
  }
  return null
}

/**
 * Counts, reads both feeds back over `minutes`, and counts again; what went is added to `gone`. null where that cannot be
 * done in one go. Throws SyncError when the source cannot be asked for its count.
 */
export const takeSnapshot = async (
  session: Session,
  work: Work,
  feeds: Feeds,
  minutes: number,
  gone: Map<string, number>,
): Promise<Snapshot | null> => {
  const { api, access, control, stop } = session
  const count = () => countOf(api, control.source, access, {}, stop)
  const before = await count()
  const [changes, failed] = await Promise.all([
    fetchChanges(session, work, feeds, minutes),
    readGone(session, minutes, pageSizeOf(work), gone),
  ])
  const after = await count()
  return changes === null || failed !== null || before === null || after === null ? null : { before, after, changes }
}
