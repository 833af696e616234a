import type { Churn } from './churn.ts'
import type { Inventory } from './inventory.ts'

/** Which cars a request wants: by manufacturer ids, by site. */
export type Filter = { readonly makes: readonly number[] | null; readonly domain: number | null }

/** How rows are sorted: `changed` has the last changed first, of one instant by id, and then the unchanged by id. */
export const orders = ['id', 'changed'] as const
/** One of them. */
export type Order = (typeof orders)[number]

/** Rows of a filtered listing by position, without scanning what comes before. */
export type Listing = {
  count(filter: Filter): number
  /** Car indexes of the rows `from` … `from + size - 1` that there are. */
  rows(filter: Filter, from: number, size: number): number[]
  /** The rows that changed or came at or after `since` (seconds), in the same order. */
  feed(filter: Filter, since: number): number[]
}

type View = {
  slots: number[]
  set: Set<number>
  revision: number
  /** Cars that stand before all others whatever their id. */
  front: number[]
  /** Positions by id where nothing stands, of cars removed or in front, ascending. */
  holes: number[]
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

/** Listings of an inventory under churn. */
export function createListing(inventory: Inventory, churn: Churn, order: Order = 'id'): Listing {
  const views = new Map<string, View>()
  let moved: { revision: number; front: number[]; holes: readonly number[] } = { revision: -1, front: [], holes: [] }
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

  const inOrder = (changed: number[]) =>
    order === 'id' ? changed : changed.sort((a, b) => churn.state(b).changedAt - churn.state(a).changedAt || a - b)
  const isHole = (index: number) => churn.isRemoved(index) || (order === 'changed' && churn.state(index).changedAt > 0)
  const movedNow = () => {
    const revision = churn.revision()
    if (moved.revision === revision) return moved
    const changed = order === 'id' ? [] : churn.changedSince(1)
    const holes = order === 'id' ? churn.removed() : [...churn.removed(), ...changed].sort((a, b) => a - b)
    moved = { revision, front: inOrder(changed), holes }
    return moved
  }

  const viewOf = (filter: Filter): View => {
    const key = `${filter.makes?.toSorted((a, b) => a - b).join() ?? '*'}/${filter.domain ?? '*'}`
    let view = views.get(key)
    if (view === undefined) {
      const slots = inventory.slots.flatMap((slot, nth) => {
        const wanted =
          (filter.makes?.includes(slot.make.id) ?? true) && (filter.domain ?? slot.domain.id) === slot.domain.id
        return wanted ? [nth] : []
      })
      view = { slots, set: new Set(slots), revision: -1, front: [], holes: [] }
      // Callers choose the keys: a bound keeps a hostile one from filling the memory.
      if (views.size > 500) views.clear()
      views.set(key, view)
    }
    if (view.revision !== churn.revision()) {
      const here = view
      const { revision, front, holes } = movedNow()
      here.revision = revision
      here.front = front.filter((index) => matches(here, filter, index))
      here.holes = holes.filter((index) => matches(here, filter, index)).map((index) => rank(here, filter, index))
    }
    return view
  }
  return {
    count(filter) {
      const view = viewOf(filter)
      return view.front.length + rank(view, filter, churn.count()) - view.holes.length
    },
    rows(filter, from, size) {
      const view = viewOf(filter)
      const out = view.front.slice(from, from + size)
      const skip = Math.max(0, from - view.front.length)
      const end = rank(view, filter, churn.count())
      // The row after `skip` others: as many places further on as holes stand before it.
      let low = 0
      let high = view.holes.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((view.holes[middle] as number) - middle <= skip) low = middle + 1
        else high = middle
      }
      for (let position = skip + low; position < end && out.length < size; position++) {
        const index = indexAt(view, filter, position)
        if (!isHole(index)) out.push(index)
      }
      return out
    },
    feed(filter, since) {
      const view = viewOf(filter)
      return inOrder(churn.changedSince(since).filter((index) => matches(view, filter, index)))
    },
  }
}
