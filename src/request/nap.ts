/** Sleep that ends when something happens, also when it happened just before. */
import type { World } from '../world.ts'

export type Nap = {
  /** Something happened: whoever sleeps, or is about to, must look again. */
  wake(): void
  /** What has happened so far is about to be looked at. */
  look(): void
  /** Sleeps for `ms`, or until `wake`; not at all when something happened since the last look. */
  sleep(ms: number): Promise<void>
}

/** A reason of its own: without one each waking would make an exception, with its stack. */
export const AWAKE = 'awake'

export const openNap = (world: World): Nap => {
  let woken = false
  let asleep = new AbortController()
  return {
    wake: () => {
      woken = true
      asleep.abort(AWAKE)
    },
    look: () => {
      woken = false
    },
    sleep: async (ms) => {
      if (woken) return
      asleep = new AbortController()
      await world.sleep(Math.max(0, ms), asleep.signal)
    },
  }
}
