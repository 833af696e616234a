import { CHANGES, type Segment } from './plan.ts'
import { rowsOf } from './rows.ts'

/**
 * What the farthest page read so far said: where it ended, and whether the source's end mark was on it. `sure`: nothing
 * speaks against that mark. An empty page where more was expected leaves it open until the page behind it was read.
 */
export type Farthest = { to: number; last: boolean; sure: boolean }

/**
 * Whether a page is empty and says that it is the last one, where more is expected: before the planned total, before or
 * right behind a page that says that there is a next one, or, where there is no total, before any other end. It may be a
 * fault of the source; to believe it would lose all cars behind it. The feed of changes may well be empty: what it leaves
 * out, the count of the whole tells.
 */
export const isEarlyEnd = (
  { segment, farthest }: { segment: Segment; farthest: Farthest },
  page: { pageSize: number; page: number; records: number; last: boolean },
): boolean => {
  if (!page.last || page.records > 0 || segment.name === CHANGES) return false
  const [from] = rowsOf(page)
  if (farthest.last && from >= farthest.to) return false
  const told = farthest.to > 0 && from <= farthest.to
  return segment.total === null || from < segment.total || told
}
