import { CHANGES } from './plan.ts'
import { rowsOf, type SegmentState } from './run.ts'

/**
 * Whether a page is empty and says that it is the last one, where more is expected: before the planned total, or, where
 * there is none, before any other end. It may be a fault of the source; to believe it would lose all cars behind it. The
 * feed of changes may well be empty: what it leaves out, the count of the whole tells.
 */
export const isEarlyEnd = (
  { segment, farthest }: SegmentState,
  page: { pageSize: number; page: number; records: number; last: boolean },
): boolean => {
  if (!page.last || page.records > 0 || segment.name === CHANGES) return false
  const [from] = rowsOf(page)
  if (farthest.last && from >= farthest.to) return false
  return segment.total === null || from < segment.total
}
