import type { Control } from './control.ts'
import type { Faults } from './faults.ts'
import { type Clock, listen } from './serve.ts'
import { type DemoOptions, settle } from './settings.ts'
import type { DemoStats } from './stats.ts'
import type { DemoCar } from './stock.ts'

export type { DemoOptions } from './settings.ts'
export type { DemoStats } from './stats.ts'
export type { DemoCar } from './stock.ts'

/** A running demo API. Operations that change the inventory answer with the ids they touched. */
export type DemoApi = {
  /** For example `http://127.0.0.1:4010/api`. */
  url: string
  stats(): Promise<DemoStats>
  /** Moves every volatile stamp of every car by an hour; nothing else changes. */
  bumpStamps(): Promise<void>
  /** Really changes that share (0 to 1) of the cars, now or so long ago: price or bid, sometimes the status. */
  change(what: { share: number; seed?: number; hoursAgo?: number }): Promise<number[]>
  add(count: number): Promise<number[]>
  /** Removes these cars, or that many. */
  remove(what: readonly number[] | number): Promise<number[]>
  /** Brings back the cars that were removed first. */
  restore(count: number): Promise<number[]>
  /** The ids of all that have ever left the listing, in the order in which they did, though they may be back. */
  departures(): Promise<readonly number[]>
  advanceClock(ms: number): Promise<void>
  /** From now on these faults and no others; requests counted so far stay counted. */
  setFaults(faults: Faults): Promise<void>
  /** The ids of all listed cars, in the order of the listing. */
  ids(): Promise<number[]>
  /** All listed cars as served, in the order of the listing. */
  truth(): AsyncIterable<DemoCar>
  close(): Promise<void>
}

/** Calls a control wherever it lives. */
export type Caller = <K extends keyof Control>(
  name: K,
  ...args: Parameters<Control[K]>
) => Promise<ReturnType<Control[K]>>

/** Makes a DemoApi of a way to call its controls. */
export function demoApi(url: string, call: Caller, close: () => Promise<void>): DemoApi {
  async function* truth() {
    const size = 1000
    for (let from = 0; ; from += size) {
      const rows = await call('truthRows', from, size)
      yield* rows
      if (rows.length < size) return
    }
  }
  return {
    url,
    close,
    truth,
    stats: () => call('stats'),
    bumpStamps: () => call('bumpStamps'),
    change: (what) => call('change', what),
    add: (count) => call('add', count),
    remove: (what) => call('remove', what),
    restore: (count) => call('restore', count),
    departures: () => call('departures'),
    advanceClock: (ms) => call('advanceClock', ms),
    setFaults: (faults) => call('setFaults', faults),
    ids: () => call('ids'),
  }
}

/** Starts the demo API in this thread. `clock` replaces the real time, for tests. */
export async function startDemoApi(options: DemoOptions = {}, clock?: Clock): Promise<DemoApi> {
  const { url, control, close } = await listen(settle(options), clock)
  const call = (async (name: keyof Control, ...args: never[]) => {
    const method = control[name] as (...values: never[]) => unknown
    // A copy, as from a thread: the caller's snapshot must not go on counting.
    return structuredClone(method(...args))
  }) as Caller
  return demoApi(url, call, close)
}
