/**
 * What shows that a sweep has seen every car: kept with the run, so that a later process goes on where this one ended,
 * and so that a person can look it up.
 */

/** A page worth reading once more. */
export type SeamPage = { segment: string; page: number }

/**
 * One pass over the source. Each has a number of its own in the ledger. `whole` reads everything from the first page on,
 * `seams` the pages between which a car may have slipped through, `reverse` everything from the last page down.
 */
export type Pass = { sweep: number; kind: 'whole' | 'reverse'; pageSize: number | null } | SeamsPass

export type SeamsPass = { sweep: number; kind: 'seams'; pageSize: number; pages: SeamPage[] }

export type Receipt = {
  passes: Pass[]
  /** Cars in the unfiltered listing by the source's own count: before the first page, and at the last look. */
  totalBefore: number | null
  totalAfter: number | null
  /** Distinct ids on all pages; of those, the ones that the source says went after they were seen. */
  distinct: number
  gone: number
  /** Of those gone, how many may have come back before they were met, too near to tell. */
  doubtful?: number
  /** Cars that the source says came or changed while the run was on; null: it does not say. */
  changed: number | null
  /** Records without an id, which are counted by their row. */
  withoutId: number
  /** How often ids were met again in one listing. */
  repeats: number
  /** Pages read beside those of the first pass: of the feed of changes, of seams, of later passes. */
  pagesReread: number
  /** How often the books were balanced. */
  checks: number
  /** The latest pass over the feed of changes: its number in the ledger, and when it was begun (the database's clock, ms). */
  feed: FeedPass | null
}

export type FeedPass = { sweep: number; since: number }

export const startReceipt = (totalBefore: number | null): Receipt => ({
  passes: [{ sweep: 0, kind: 'whole', pageSize: null }],
  totalBefore,
  totalAfter: null,
  distinct: 0,
  gone: 0,
  changed: null,
  withoutId: 0,
  repeats: 0,
  pagesReread: 0,
  checks: 0,
  feed: null,
})

/** How many records the source must have now for the sweep to have missed none. */
export const accountedFor = ({ distinct, gone, withoutId }: Receipt): number => distinct - gone + withoutId

/** How many of the source's cars were not met; below zero where more were met than it counts. */
export const lackingIn = (receipt: Receipt): number => (receipt.totalAfter ?? 0) - accountedFor(receipt)

/** The books balance: what was seen and is not known to have gone is as much as the source says it has. */
export const balances = (receipt: Receipt): boolean => receipt.totalAfter === accountedFor(receipt)

/** Nothing is known to have come, gone or changed while it was read. */
export const stoodStill = (receipt: Receipt): boolean =>
  receipt.totalAfter === receipt.totalBefore && receipt.gone === 0 && !receipt.changed

/** Seams are worth reading as long as they are few; else everything is read once more. */
const SEAM_SHARE = 0.25
const FEW_SEAMS = 4

/** The latest pass: its page size and number of pages, and those of them that are worth reading once more. */
export type Suspects = {
  pageSize: number | null
  pages: number
  /** Where cars may have slipped through between two pages. */
  seams: readonly SeamPage[]
  /** Without a record, though some were expected. */
  hollow: readonly SeamPage[]
}

/**
 * The pass that may find what is lacking; null when there is nothing to be found, or no pass left to try: first the
 * pages under suspicion, if they are few, then everything from the last page down, where cars that go cannot hide
 * others. Where the source does not count, nobody knows whether any is lacking: what is under suspicion is read again, if it
 * is little, and no more. The pass's number in the ledger is for the caller to give.
 */
export const nextPass = (
  receipt: Receipt,
  { pageSize, pages, seams: slipped, hollow }: Suspects,
): DistributiveOmit<Pass, 'sweep'> | null => {
  const lacking = lackingIn(receipt)
  // Where nothing has moved, what is lacking are rows that repeat others: reading them again finds nothing.
  const still = stoodStill(receipt)
  if (still && hollow.length === 0 && lacking <= receipt.repeats) return null
  // What stood still has no seams: there it is the hollow pages alone.
  const moved = still && hollow.length > 0 ? [] : slipped
  const seams = distinct([...moved, ...hollow])
  const had = (kind: Pass['kind']): boolean => receipt.passes.some((pass) => pass.kind === kind)
  const few = seams.length <= Math.max(FEW_SEAMS, pages * SEAM_SHARE)
  if (receipt.totalAfter === null) {
    const again = distinct([...(few ? moved : []), ...hollow.flatMap(withNext)])
    return again.length === 0 || pageSize === null || had('seams') ? null : { kind: 'seams', pageSize, pages: again }
  }
  if (lacking <= 0 || had('reverse')) return null
  if (pageSize !== null && seams.length > 0 && few && !had('seams')) return { kind: 'seams', pageSize, pages: seams }
  return { kind: 'reverse', pageSize }
}

/** With the page behind it: asked for after it, that one tells a page that is hidden from a listing that has ended. */
const withNext = ({ segment, page }: SeamPage): SeamPage[] => [
  { segment, page },
  { segment, page: page + 1 },
]

const distinct = (pages: readonly SeamPage[]): SeamPage[] =>
  pages.filter(({ segment, page }, i) => pages.findIndex((p) => p.segment === segment && p.page === page) === i)

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
