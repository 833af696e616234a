import { carId, carIndex } from './car-id.ts'
import type { CarState } from './fill.ts'
import { hash } from './random.ts'

/** A car that has left the listing. */
export type Removal = { readonly index: number; readonly at: number }

/** What has happened to the inventory since the start. Instants are seconds. Memory is taken only once something happened. */
export type Churn = {
  /** Grows with whatever may move rows, for those who cache. */
  revision(): number
  /** Cars there have ever been. */
  count(): number
  state(index: number): CarState
  isRemoved(index: number): boolean
  /** Indexes of removed cars, ascending. */
  removed(): readonly number[]
  /** Removals in the order in which they happened. */
  removals(): readonly Removal[]
  /** The ids of all that have ever left the listing, in the order in which they did, though they may be back. */
  departures(): readonly number[]
  /** Indexes of the living that changed or came at or after `since`, ascending. */
  changedSince(since: number): number[]
  change(share: number, seed: number, at: number): number[]
  /** Changes the `turn`-th car of an endless deterministic order. */
  changeOne(turn: number, at: number): number[]
  add(count: number, at: number): number[]
  /** Removes these ids, or that many cars of an endless deterministic order. */
  remove(what: readonly number[] | number, at: number): number[]
  /** Brings back the cars that were removed first. */
  restore(count: number, at: number): number[]
}

const untouched: CarState = { version: 0, changedAt: 0 }

/** Churn over an inventory that starts with `total` cars. All operations return the ids they touched. */
export function createChurn(total: number, seed: number): Churn {
  let count = total
  let revision = 0
  let turn = 0
  let versions = new Uint16Array(0)
  let changedAt = new Uint32Array(0)
  let removals: Removal[] = []
  const departures: number[] = []
  let gone = new Set<number>()
  let sorted: number[] | null = []

  const touch = (index: number, at: number) => {
    if (index >= versions.length) {
      const room = Math.ceil(count * 1.1)
      const oldVersions = versions
      const oldChangedAt = changedAt
      versions = new Uint16Array(room)
      changedAt = new Uint32Array(room)
      versions.set(oldVersions)
      changedAt.set(oldChangedAt)
    }
    versions[index] = (versions[index] as number) + 1
    changedAt[index] = at
    revision++
  }
  const living = (start: number) => {
    // Removed cars are few; the next living one stands in for them.
    for (let n = 0; n < count; n++) if (!gone.has((start + n) % count)) return (start + n) % count
    return -1
  }
  const moved = (next: Removal[]) => {
    removals = next
    gone = new Set(next.map((removal) => removal.index))
    sorted = null
    revision++
  }
  const removeIndexes = (indexes: readonly number[], at: number) => {
    const fresh = [...new Set(indexes)].filter((index) => index >= 0 && index < count && !gone.has(index))
    moved([...removals, ...fresh.map((index) => ({ index, at }))])
    const ids = fresh.map(carId)
    for (const id of ids) departures.push(id)
    return ids
  }
  return {
    revision: () => revision,
    count: () => count,
    state: (index) =>
      index < versions.length && changedAt[index] !== 0
        ? { version: versions[index] as number, changedAt: changedAt[index] as number }
        : untouched,
    isRemoved: (index) => gone.has(index),
    removed() {
      sorted ??= [...gone].sort((a, b) => a - b)
      return sorted
    },
    removals: () => removals,
    departures: () => departures,
    changedSince(since) {
      const out: number[] = []
      for (let index = 0; index < versions.length; index++) {
        const at = changedAt[index] as number
        if (at !== 0 && at >= since && !gone.has(index)) out.push(index)
      }
      return out
    },
    change(share, changeSeed, at) {
      const edge = share * 0x1_0000_0000
      const ids: number[] = []
      for (let index = 0; index < count; index++) {
        if (hash(index, changeSeed + 100) >= edge || gone.has(index)) continue
        touch(index, at)
        ids.push(carId(index))
      }
      return ids
    },
    changeOne(nth, at) {
      const index = living(hash(nth, seed + 200) % count)
      if (index < 0) return []
      touch(index, at)
      return [carId(index)]
    },
    add(extra, at) {
      const from = count
      count += extra
      const indexes = Array.from({ length: extra }, (_, n) => from + n)
      for (const index of indexes) touch(index, at)
      return indexes.map(carId)
    },
    remove(what, at) {
      if (typeof what !== 'number') return removeIndexes(what.map(carIndex), at)
      const chosen = new Set<number>()
      const wanted = Math.min(what, count - gone.size)
      while (chosen.size < wanted) {
        const index = hash(turn++, seed + 300) % count
        if (!gone.has(index)) chosen.add(index)
      }
      return removeIndexes([...chosen], at)
    },
    restore(wanted, at) {
      const back = removals.slice(0, wanted)
      moved(removals.slice(wanted))
      for (const { index } of back) touch(index, at)
      return back.map((removal) => carId(removal.index))
    },
  }
}
