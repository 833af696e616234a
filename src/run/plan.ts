/**
 * What a full sweep consists of: segments, priority brands first. Pure: `questionsFor` says which totals to ask for,
 * `decidePlan` draws the conclusion from the answers.
 *
 * If the totals of the brands add up to the total of the whole listing, the brands are the segments and nothing is
 * fetched twice. If they do not (cars without a brand), or the source gives no totals, the whole listing follows the
 * priority brands, and repeats are dropped by id: more requests, but no car is lost.
 */

import type { Brand, Filter } from '../source/source.ts'
import { counted } from './counted.ts'

export type Segment = { name: string; filter: Filter; total: number | null }

/** Frozen when a run begins and stored with it. `total` is the number of cars in the unfiltered listing. */
export type Plan = { segments: Segment[]; total: number | null; disjoint: boolean; note: string | null }

/** At most so many brand ids in one filter, so that a URL stays of ordinary length. */
const BRANDS_PER_FILTER = 100

/** A brand's name without case, accents, spaces and punctuation. */
export const plain = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')

/** How the feed of changes is called where it is read like a segment. */
export const CHANGES = 'changes'
const ALL = 'all'
const OTHERS = 'other brands'

/** Whether a segment is what is left beside the priority brands: the other brands, or the whole listing. */
export const isRest = ({ name }: Segment): boolean => name === ALL || name.startsWith(OTHERS)

/** The ledger tells segments by their names: a brand of a name that means something else there is given another. */
const nameOfBrand = (name: string): string =>
  name === CHANGES || name === ALL || name.startsWith(OTHERS) ? `brand ${name}` : name

const WHOLE = (total: number | null): Segment => ({ name: ALL, filter: {}, total })

export type Questions = {
  priority: { name: string; filter: Filter }[]
  others: { name: string; filter: Filter }[]
  /** Priority names that no brand of the source has. */
  missing: string[]
}

/** Which segments a sweep could have. Brand names are compared without case, accents, spaces and punctuation. */
export const questionsFor = (
  brands: readonly Brand[],
  wanted: readonly string[],
  brandFilter: (ids: readonly string[]) => Filter,
): Questions => {
  const priority: Questions['priority'] = []
  const missing: string[] = []
  const taken = new Set<string>()
  const found = new Set<string>()
  for (const name of wanted) {
    const matches = brands.filter((brand) => plain(brand.name) === plain(name) && !taken.has(brand.id))
    if (matches.length === 0 && !found.has(plain(name))) missing.push(name)
    if (matches.length === 0) continue
    found.add(plain(name))
    for (const brand of matches) taken.add(brand.id)
    priority.push({ name: nameOfBrand(matches[0]!.name), filter: brandFilter(matches.map((brand) => brand.id)) })
  }
  const rest = brands.filter((brand) => !taken.has(brand.id)).map((brand) => brand.id)
  const chunks = Math.ceil(rest.length / BRANDS_PER_FILTER)
  const others = Array.from({ length: chunks }, (_, i) => ({
    name: chunks === 1 ? OTHERS : `${OTHERS} ${i + 1}/${chunks}`,
    filter: brandFilter(rest.slice(i * BRANDS_PER_FILTER, (i + 1) * BRANDS_PER_FILTER)),
  }))
  return { priority, others, missing }
}

export type Answers = { total: number | null; priority: (number | null)[]; others: (number | null)[] }

/** The plan that these totals allow. */
export const decidePlan = (questions: Questions, answers: Answers): Plan => {
  const priority = questions.priority.map(
    (question, i): Segment => ({ ...question, total: answers.priority[i] ?? null }),
  )
  const others = questions.others.map((question, i): Segment => ({ ...question, total: answers.others[i] ?? null }))
  const segments = [...priority, ...others]
  const { total } = answers
  if (segments.length === 0) return { segments: [WHOLE(total)], total, disjoint: true, note: null }
  const totals = segments.map((segment) => segment.total)
  const ignored = segments.length > 1 && total !== null && total > 0 && totals.every((each) => each === total)
  if (ignored)
    return {
      segments: [WHOLE(total)],
      total,
      disjoint: true,
      note: 'The source ignores the brand filter: every brand has as many cars as the whole listing. No priority order.',
    }
  const sum = totals.reduce<number>((acc, each) => acc + (each ?? Number.NaN), 0)
  if (total !== null && total > 0 && sum === total)
    return { segments: segments.filter((segment) => segment.total !== 0), total, disjoint: true, note: null }
  if (priority.length === 0 || total === 0) return { segments: [WHOLE(total)], total, disjoint: true, note: null }
  const why =
    total === null || Number.isNaN(sum)
      ? 'The source gives no totals'
      : `The brands have ${counted(sum, 'car')}, the whole listing ${total}`
  return {
    segments: [...priority.filter((segment) => segment.total !== 0), WHOLE(total)],
    total,
    disjoint: false,
    note: `${why}: the whole listing is read after the priority brands, and cars seen twice count once.`,
  }
}

/** Pages that the plan needs at this page size, or null where a total is not known. */
export const plannedPages = (plan: Plan, pageSize: number): number | null =>
  plan.segments.reduce<number | null>(
    (sum, segment) =>
      sum === null || segment.total === null ? null : sum + Math.max(1, Math.ceil(segment.total / pageSize)),
    0,
  )
