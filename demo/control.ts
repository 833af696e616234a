import { carId } from './car-id.ts'
import type { Faults } from './faults.ts'
import type { DemoSettings } from './settings.ts'
import type { DemoStats } from './stats.ts'
import { type DemoCar, everything, type Stock } from './stock.ts'

/** What a test or a benchmark can do to a running server. The same over a thread, over HTTP and in place. */
export type Control = {
  stats(): DemoStats
  bumpStamps(): void
  change(what: { share: number; seed?: number; hoursAgo?: number }): number[]
  add(count: number): number[]
  remove(what: readonly number[] | number): number[]
  restore(count: number): number[]
  departures(): readonly number[]
  advanceClock(ms: number): void
  setFaults(faults: Faults): void
  ids(): number[]
  truthRows(from: number, size: number): DemoCar[]
}

/** Controls of a stock; `clock` and `settings` are the server's. */
export function createControl(
  stock: Stock,
  stats: DemoStats,
  clock: { now(): number; advance(ms: number): void },
  settings: DemoSettings,
): Control {
  const seconds = () => Math.floor(clock.now() / 1000)
  return {
    stats: () => stats,
    bumpStamps: () => stock.bumpStamps(),
    change: ({ share, seed = 1, hoursAgo = 0 }) => stock.churn.change(share, seed, seconds() - hoursAgo * 3600),
    add: (count) => stock.churn.add(count, seconds()),
    remove: (what) => stock.churn.remove(what, seconds()),
    restore: (count) => stock.churn.restore(count, seconds()),
    departures: () => stock.churn.departures(),
    advanceClock: (ms) => clock.advance(ms),
    setFaults: (faults) => {
      settings.faults = faults
    },
    ids: () => stock.listing.rows(everything, 0, stock.churn.count()).map(carId),
    truthRows: (from, size) => stock.truth(from, size),
  }
}

type Call = {
  share?: number
  seed?: number
  hoursAgo?: number
  count?: number
  ids?: number[]
  ms?: number
  faults?: Faults
}

/** Answers `GET /_control/stats` and `POST /_control/…` with a JSON body; null when there is no such control. */
export function controlByPath(control: Control, method: string, path: string, body: string): object | null {
  const name = path.replace('/_control/', '')
  if (method === 'GET' && name === 'stats') return control.stats()
  if (method !== 'POST') return null
  const call = (body === '' ? {} : JSON.parse(body)) as Call
  const counted = (ids: number[]) => ({ count: ids.length, ids: ids.slice(0, 1000) })
  switch (name) {
    case 'bump-stamps':
      control.bumpStamps()
      return {}
    case 'change':
      return counted(control.change({ share: call.share ?? 0, seed: call.seed ?? 1, hoursAgo: call.hoursAgo ?? 0 }))
    case 'add':
      return counted(control.add(call.count ?? 0))
    case 'remove':
      return counted(control.remove(call.ids ?? call.count ?? 0))
    case 'restore':
      return counted(control.restore(call.count ?? 0))
    case 'advance-clock':
      control.advanceClock(call.ms ?? 0)
      return {}
    case 'faults':
      control.setFaults(call.faults ?? {})
      return {}
    default:
      return null
  }
}
