/**
 * Where a car may have slipped through between two pages. Pure.
 *
 * A car that leaves the listing moves all rows behind it up by one. Where page k was read before that and page k+1 after
 * it, the first row of k+1 has moved to k, and was on neither. So a car that went from page p at the instant t makes a
 * seam of every k >= p with t between the two readings: k is to be read again. A row that was added does the same to
 * pages that were read in the other order.
 */
import type { SeamPage } from './receipt.ts'
import { rowsOf } from './rows.ts'
import { SLACK_MS } from './too-soon-to-tell.ts'

/** A page of the pass, with its number of records and the instant at which it was asked for, ms. */
export type PageRead = { segment: string; pageSize: number; page: number; records: number; readAt: number }

/** A car that went: the page on which it had been seen, and when it went by the same clock, ms. */
export type Departure = { segment: string; page: number; at: number }

/**
 * The pages to read again, in order. `mayHaveGrown`: cars may have come in between, so that pages read in the wrong order
 * are seams too.
 */
export const seamsOf = (
  pages: readonly PageRead[],
  departures: readonly Departure[],
  mayHaveGrown: boolean,
): SeamPage[] => {
  const bySegment = Map.groupBy(pages, ({ segment }) => segment)
  const seams: SeamPage[] = []
  for (const [segment, read] of bySegment) {
    const inOrder = [...read].sort((a, b) => a.page - b.page)
    const here = departures.filter((departure) => departure.segment === segment)
    for (const [i, page] of inOrder.entries()) {
      const next = inOrder[i + 1]
      const until = next?.readAt ?? Number.POSITIVE_INFINITY
      const slipped = here.some(
        ({ page: from, at }) => from <= page.page && page.readAt - SLACK_MS <= at && at <= until + SLACK_MS,
      )
      if (slipped) seams.push({ segment, page: page.page })
      else if (mayHaveGrown && next && next.readAt < page.readAt) seams.push({ segment, page: next.page })
    }
  }
  return seams
}

/**
 * Pages without a record where some are expected, before later pages that have some or before the segment's total: a
 * false end that the source repeated until it was believed, or a listing that has become shorter since it was counted.
 * Only reading them again tells.
 */
export const hollowPages = (
  pages: readonly PageRead[],
  totals: readonly { name: string; total: number | null }[],
): SeamPage[] => {
  const expected = new Map(totals.map(({ name, total }) => [name, total ?? 0]))
  for (const page of pages)
    if (page.records > 0) expected.set(page.segment, Math.max(rowsOf(page)[0], expected.get(page.segment) ?? 0))
  return pages
    .filter((page) => page.records === 0 && rowsOf(page)[0] < (expected.get(page.segment) ?? 0))
    .map(({ segment, page }) => ({ segment, page }))
}

/**
 * Pages that were empty whenever they were read, though a page behind them that was asked for later had records: a source
 * that hides what lies there, for a listing that had become shorter would have shown nothing behind. `readings` are those of
 * all passes; the pages are of `pageSize` rows.
 */
export const hiddenPages = (readings: readonly PageRead[], pageSize: number): SeamPage[] => {
  const hidden = [...Map.groupBy(readings, ({ segment }) => segment)].flatMap(([segment, read]) => {
    const full = read.filter(({ records }) => records > 0)
    return read
      .filter(({ records }) => records === 0)
      .filter((empty) => {
        const [row] = rowsOf(empty)
        const shown = full.some((page) => rowsOf(page)[0] <= row && row < rowsOf(page)[0] + page.records)
        return !shown && full.some((page) => rowsOf(page)[0] > row && page.readAt > empty.readAt)
      })
      .flatMap((empty) => {
        const [from, to] = rowsOf(empty)
        const [first, last] = [Math.floor(from / pageSize), Math.ceil(to / pageSize)]
        return Array.from({ length: last - first }, (_, i) => ({ segment, page: first + i + 1 }))
      })
  })
  return [...new Map(hidden.map((page) => [`${page.segment}/${page.page}`, page])).values()]
}
