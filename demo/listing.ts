import type { Churn } from './churn.ts'
import type { Inventory } from './inventory.ts'

/** Which cars a request wants: by manufacturer ids, by site. */
export type Filter = { readonly makes: readonly number[] | null; readonly domain: number | null }

/** Rows of a filtered listing by position, without scanning what comes before. */
export type Listing = {
  count(filter: Filter): number
  /** Car indexes of the rows `from` … `from + size - 1` that there are. */
  rows(filter: Filter, from: number, size: number): number[]
  matches(filter: Filter, index: number): boolean
}

type View = {
  slots: number[]
  set: Set<number>
  revision: number
  /** Positions the removed cars would have, ascending. */
  removedRanks: number[]
}

const period = 1000

/** How many of an ascending list are below `value`. */
function lowerBound(list: readonly number[], value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Listings of an inventory under churn, ordered by id. */
export function createListing(inventory: Inventory, churn: Churn): Listing {
  const views = new Map<string, View>()
  const bareFrom = inventory.total - inventory.brandless
  const bareTo = inventory.total

  // Every thousand cars repeat one pattern of slots, so a row's index is arithmetic; only the brandless stretch is an exception.
  const plainRank = (view: View, index: number) =>
    Math.floor(index / period) * view.slots.length + lowerBound(view.slots, index % period)
  const skipped = (view: View, filter: Filter) =>
    filter.makes === null ? 0 : plainRank(view, bareTo) - plainRank(view, bareFrom)
  const rank = (view: View, filter: Filter, index: number) => {
    if (filter.makes === null || index <= bareFrom) return plainRank(view, index)
    return index < bareTo ? plainRank(view, bareFrom) : plainRank(view, index) - skipped(view, filter)
  }
  const indexAt = (view: View, filter: Filter, position: number) => {
    const plain =
      filter.makes === null || position < plainRank(view, bareFrom) ? position : position + skipped(view, filter)
    return Math.floor(plain / view.slots.length) * period + (view.slots[plain % view.slots.length] as number)
  }
  const matches = (view: View, filter: Filter, index: number) =>
    view.set.has(index % period) && !(filter.makes !== null && inventory.isBrandless(index))

  const viewOf = (filter: Filter): View => {
    const key = `${filter.makes?.toSorted((a, b) => a - b).join() ?? '*'}/${filter.domain ?? '*'}`
    let view = views.get(key)
    if (view === undefined) {
      const slots = inventory.slots.flatMap((slot, nth) => {
        const wanted =
          (filter.makes?.includes(slot.make.id) ?? true) && (filter.domain ?? slot.domain.id) === slot.domain.id
        return wanted ? [nth] : []
      })
      view = { slots, set: new Set(slots), revision: -1, removedRanks: [] }
      // Callers choose the keys: a bound keeps a hostile one from filling the memory.
      if (views.size > 500) views.clear()
      views.set(key, view)
    }
    if (view.revision !== churn.revision()) {
      const here = view
      here.revision = churn.revision()
      here.removedRanks = churn
        .removed()
        .filter((index) => matches(here, filter, index))
        .map((index) => rank(here, filter, index))
    }
    return view
  }
  return {
    matches: (filter, index) => matches(viewOf(filter), filter, index),
    count(filter) {
      const view = viewOf(filter)
      return rank(view, filter, churn.count()) - view.removedRanks.length
    },
    rows(filter, from, size) {
      const view = viewOf(filter)
      const end = rank(view, filter, churn.count())
      // The from-th living row: as many places further on as removed rows stand before it.
      let low = 0
      let high = view.removedRanks.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((view.removedRanks[middle] as number) - middle <= from) low = middle + 1
        else high = middle
      }
      const out: number[] = []
      for (let position = from + low; position < end && out.length < size; position++) {
        const index = indexAt(view, filter, position)
        if (!churn.isRemoved(index)) out.push(index)
      }
      return out
    },
  }
}
