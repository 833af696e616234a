import type { Interval } from './coverage.ts'

/** The rows of a page: (page-1)*pageSize up to page*pageSize. */
export const rowsOf = (page: { pageSize: number; page: number }): Interval => [
  (page.page - 1) * page.pageSize,
  page.page * page.pageSize,
]
