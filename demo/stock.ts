import { carId, carIndex } from './car-id.ts'
import { type Churn, createChurn } from './churn.ts'
import { type DirtyKind, dirtyKind, spoil } from './dirty.ts'
import { carJson, createInventory, type Slot } from './inventory.ts'
import { createListing, type Filter, type Listing } from './listing.ts'
import { makes } from './makes.ts'
import type { PageBuffers } from './page-buffers.ts'
import { hash } from './random.ts'
import type { DemoSettings } from './settings.ts'

/** A car as it is listed now. */
export type DemoCar = { index: number; id: number; dirty: DirtyKind | null /** As served. */; json: string }

/** The inventory with all that happened to it: what the listings show. */
export type Stock = {
  churn: Churn
  listing: Listing
  /** The JSON of a car as the listing sends it. */
  car(index: number): Buffer
  /** The same before it was made dirty. */
  clean(index: number): Buffer
  /** The index of a listed car, or -1. */
  find(id: number): number
  /** The bytes of `{"data":[…]<tail>` for these cars. */
  page(indexes: readonly number[], tail: string, buffers: PageBuffers): Buffer
  bumpStamps(): void
  /** What `churnPerMinute` owes up to `nowMs`. */
  age(nowMs: number): void
  /** The manufacturers with the number of their cars. */
  manufacturers(): { id: number; name: string; cars_qty: number; image: null; models_qty: number }[]
  /** Up to `size` of the listed cars from row `from` on. */
  truth(from: number, size: number): DemoCar[]
}

/** Every listed car. */
export const everything: Filter = { makes: null, domain: null }
const head = Buffer.from('{"data":[')

/** The stock of a server whose clock shows `startMs` now. */
export function createStock(settings: DemoSettings, startMs: number): Stock {
  const inventory = createInventory({ seed: settings.seed, total: settings.cars, brandless: settings.brandless })
  const churn = createChurn(settings.cars, settings.seed)
  const listing = createListing(inventory, churn, settings.order)
  let bumps = 0
  let aged = 0

  const dirtyOf = (index: number) => (settings.dirty === 0 ? null : dirtyKind(index, settings.dirty))
  const clean = (index: number) => carJson(inventory, index, churn.state(index))
  const dirtyCar = (index: number, kind: DirtyKind) =>
    spoil(clean(kind === 'duplicate' ? neighbour(index) : index), kind)
  // The nearest clean car of the same brand and site, so that the repeated id stays within every filter.
  const neighbour = (index: number) => {
    const { make, domain } = inventory.slots[index % 1000] as Slot
    const fits = (other: number) => {
      if (other < 0 || other >= churn.count()) return false
      const slot = inventory.slots[other % 1000] as Slot
      if (slot.make !== make || slot.domain !== domain) return false
      return (
        !churn.isRemoved(other) &&
        dirtyOf(other) === null &&
        inventory.isBrandless(other) === inventory.isBrandless(index)
      )
    }
    // Bounded, because among dirty cars only there is none.
    for (let step = 1; step < 5000; step++) if (fits(index - step)) return index - step
    for (let step = 1; step < 5000; step++) if (fits(index + step)) return index + step
    return index
  }
  const car = (index: number) => {
    const kind = dirtyOf(index)
    return kind === null ? clean(index) : dirtyCar(index, kind)
  }
  return {
    churn,
    listing,
    car,
    clean,
    find(id) {
      const index = carIndex(id)
      return index < 0 || index >= churn.count() || churn.isRemoved(index) ? -1 : index
    },
    page(indexes, tail, buffers) {
      const spoiled = new Map<number, Buffer>()
      let size = head.length + tail.length * 3 + indexes.length
      for (const index of indexes) {
        const kind = dirtyOf(index)
        if (kind === null) {
          size += inventory.size(index)
        } else {
          const bytes = dirtyCar(index, kind)
          spoiled.set(index, bytes)
          size += bytes.length
        }
      }
      const into = buffers.take(size)
      let at = head.copy(into, 0)
      indexes.forEach((index, nth) => {
        if (nth > 0) into[at++] = 44
        const dirty = spoiled.get(index)
        at = dirty === undefined ? inventory.write(index, churn.state(index), into, at) : at + dirty.copy(into, at)
      })
      at += into.write(tail, at)
      return into.subarray(0, at)
    },
    bumpStamps() {
      bumps++
      inventory.setEpoch(bumps)
    },
    age(nowMs) {
      const due = Math.floor(((nowMs - startMs) / 60_000) * settings.churnPerMinute * settings.cars)
      const at = Math.floor(nowMs / 1000)
      // Come, go, come back, change: what goes and comes back shifts rows across pages both ways (DOMAIN trap 7).
      for (; aged < due; aged++) {
        const turn = hash(aged, settings.seed + 400) % 4
        if (turn === 0) churn.add(1, at)
        else if (turn === 1) churn.remove(1, at)
        else if (turn === 2) churn.restore(1, at)
        else churn.changeOne(aged, at)
      }
    },
    manufacturers: () =>
      makes.map(({ id, name, models }) => ({
        id,
        name,
        cars_qty: listing.count({ makes: [id], domain: null }),
        image: null,
        models_qty: models.length,
      })),
    truth: (from, size) =>
      listing
        .rows(everything, from, size)
        .map((index) => ({ index, id: carId(index), dirty: dirtyOf(index), json: car(index).toString() })),
  }
}
