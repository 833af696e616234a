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

/**
 * A refusal is known so many turns of the event loop after its body has been read; who left within them could not know of it. Not
 * by time: a busy machine stops the process between two turns for as long as it likes.
 */
const UNAWARE_TURNS = 5

/** The body as it comes; `known` is called when its end has become known. */
async function* toItsEnd(body: AsyncIterable<Uint8Array>, known: () => void): AsyncGenerator<Uint8Array> {
  yield* body
  afterTurns(UNAWARE_TURNS, known)
}

const afterTurns = (turns: number, act: () => void): void => {
  setImmediate(() => (turns === 0 ? act() : afterTurns(turns - 1, act)))
}

/** Retry-After in seconds, whole or not, on answers that are refusals; on a 200 it says nothing. */
export const watchRefusals = (): WatchedWorld => {
  const waits: { from: number; until: number }[] = []
  let early = 0
  const world: World = {
    ...realWorld,
    fetch: async (input, init) => {
      const now = realWorld.now()
      if (waits.some(({ from, until }) => now >= from && now < until)) early++
      const { status, headers, body } = await realWorld.fetch(input, init)
      const seconds = Number(headers.get('retry-after') ?? Number.NaN)
      if (status < 400 || Number.isNaN(seconds)) return { status, headers, body }
      const until = realWorld.now() + seconds * 1000
      const refused = (): void => void waits.push({ from: realWorld.now(), until })
      if (body === null) afterTurns(UNAWARE_TURNS, refused)
      return { status, headers, body: body && toItsEnd(body, refused) }
    },
  }
  return { world, named: () => waits.length, early: () => early }
}
