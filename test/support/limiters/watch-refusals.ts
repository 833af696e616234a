/** A world that remembers what refusals asked for, and which requests left before it was over. */
import { realWorld } from '../../../src/node.ts'
import type { World } from '../../../src/world.ts'

export type WatchedWorld = {
  world: World
  /** Refusals that named a time to wait. */
  named(): number
  /** Requests that left before a time that an earlier refusal had named. */
  early(): number
}

/** A refusal is known when its body has been read; who left within this time of its headers could not know of it. */
const UNAWARE_MS = 50

/** Retry-After in seconds, whole or not, on answers that are refusals; on a 200 it says nothing. */
export const watchRefusals = (): WatchedWorld => {
  const waits: { from: number; until: number }[] = []
  let early = 0
  const world: World = {
    ...realWorld,
    fetch: async (input, init) => {
      const now = realWorld.now()
      if (waits.some(({ from, until }) => now >= from && now < until)) early++
      const response = await realWorld.fetch(input, init)
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      if (response.status >= 400 && !Number.isNaN(seconds)) {
        const at = realWorld.now()
        waits.push({ from: at + UNAWARE_MS, until: at + seconds * 1000 })
      }
      return response
    },
  }
  return { world, named: () => waits.length, early: () => early }
}
