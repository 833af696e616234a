/**
 * Whether pages are too large for the source, the way or our memory. Pure: the loop tells how pages ended and asks for the
 * size they should have. Within a run pages only become smaller: rows that are covered stay covered at any size, but each
 * change of size costs requests for pages that lie across the seam.
 */

/** How a page ended, as far as its size may have to do with it. Sizes in rows. */
export type PageEnd =
  | { kind: 'read'; asked: number; served: number; bytes: number }
  /** No whole answer in time, or one that broke off. `at` in ms. */
  | { kind: 'timeout' | 'cut-off'; asked: number; at: number }

export type PageSizing = {
  /** The size that `faults` is about; null before any page has ended. */
  pageSize: number | null
  /** The last pages of this size, oldest first: whether each was a fault. */
  faults: readonly boolean[]
  /** Whether any page of this size was read. */
  wasRead: boolean
  /** When the last page broke off, ms. */
  cutAt: number
  /** What the source serves at least, whatever is asked for. */
  least: number
  /** What a row was seen to weigh; null before any was. */
  rowBytes: number | null
}

/** Smaller pages than these are all overhead. */
const SMALLEST = 25
const REMEMBERED = 10
/** Without any page read in between. */
const FAULTS_UNREAD = 2
/**
 * Of the last ten, when others were read. Chance faults strike every size alike, and smaller pages would only multiply
 * requests: at one fault in ten pages, six of ten happen to one window in seven thousand.
 */
const FAULTS_OF_TEN = 6
/** Answers that break off within this time fell to one event, such as a restart of the source. */
const ONE_EVENT_MS = 1000
/** What a page is taken to weigh before any has been seen. */
const FIRST_PAGE_BYTES = 4 << 20

export const startSizing = (): PageSizing => ({
  pageSize: null,
  faults: [],
  wasRead: false,
  cutAt: Number.NEGATIVE_INFINITY,
  least: 1,
  rowBytes: null,
})

/** A late answer to a larger ask than the present one says nothing new about the present size. */
const marked = (sizing: PageSizing, pageSize: number, fault: boolean): PageSizing => {
  if (sizing.pageSize !== null && pageSize > sizing.pageSize) return sizing
  const known = pageSize === sizing.pageSize
  return {
    ...sizing,
    pageSize,
    faults: [...(known ? sizing.faults.slice(1 - REMEMBERED) : []), fault],
    wasRead: (known && sizing.wasRead) || !fault,
  }
}

/** With one more page that ended. */
export const observePage = (sizing: PageSizing, end: PageEnd): PageSizing => {
  if (end.kind === 'read') {
    // By the size and not by the records: a page of one heavy record must not pass for a thousand of them.
    const weight = end.bytes / end.served
    const { rowBytes } = sizing
    // At once towards heavier rows, slowly towards lighter ones: the budget should err on the safe side.
    const smoothed = rowBytes === null || weight > rowBytes ? weight : rowBytes * 0.8 + weight * 0.2
    const atLeast = end.served > end.asked
    const from = { ...sizing, rowBytes: smoothed, ...(atLeast ? { pageSize: null, least: end.served } : {}) }
    return marked(from, end.served, false)
  }
  if (end.kind === 'timeout') return marked(sizing, end.asked, true)
  return end.at - sizing.cutAt < ONE_EVENT_MS ? sizing : { ...marked(sizing, end.asked, true), cutAt: end.at }
}

/** What a page of this size is expected to weigh, bytes. */
export const pageBytesOf = (sizing: PageSizing, pageSize: number): number =>
  sizing.rowBytes === null ? FIRST_PAGE_BYTES : Math.round(sizing.rowBytes * pageSize)

const isTooLarge = ({ faults, wasRead }: PageSizing): boolean => {
  const count = faults.filter(Boolean).length
  return count >= FAULTS_OF_TEN || (!wasRead && count >= FAULTS_UNREAD)
}

/**
 * The size that pages should have from now on, at most `pageSize`, the present one: halved when pages of it time out or
 * break off, and until two of them fit into `maxBytes`. Halves, so that pages of both sizes lie flush. Not under 25 rows,
 * nor under what the source serves at least.
 */
export const pageSizeFor = (sizing: PageSizing, pageSize: number, maxBytes: number): number => {
  const floor = Math.max(SMALLEST, sizing.least)
  const half = (size: number): number => Math.max(floor, Math.floor(size / 2))
  if (pageSize <= floor) return pageSize
  let size = sizing.pageSize === pageSize && isTooLarge(sizing) ? half(pageSize) : pageSize
  while (sizing.rowBytes !== null && size > floor && 2 * sizing.rowBytes * size > maxBytes) size = half(size)
  return size
}
