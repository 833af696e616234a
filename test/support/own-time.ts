/**
 * A world whose time stands still while anything is done, and goes on to the next instant that is waited for when nothing is: what a
 * sync makes of a source's limit is then the same however busy the machine is, and nothing is waited for.
 */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { realWorld } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import type { World } from '../../src/world.ts'

/** So many turns of the event loop in which nothing was under way: whatever follows from the last step has begun by then. */
const QUIET_TURNS = 10

type Sleeper = { due: number; wake(): void }

/**
 * The world, and the same database, of whose work it knows. Each answer of the source takes `latencyMs` of this world's time.
 * A source that has a clock has to have this one.
 */
export const ownTime = (db: Database, latencyMs: number): { world: World; db: Database } => {
  let at = realWorld.now()
  let underWay = 0
  let isPassing = false
  let onIdle: (() => void) | null = null
  const sleepers = new Set<Sleeper>()

  const busy = async <T>(work: Promise<T>): Promise<T> => {
    underWay++
    try {
      return await work
    } finally {
      if (--underWay === 0) onIdle?.()
    }
  }
  const pass = async (): Promise<void> => {
    isPassing = true
    while (sleepers.size > 0) {
      for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
        await setImmediate()
        if (underWay === 0) continue
        await new Promise<void>((resolve) => {
          onIdle = resolve
        })
        quiet = 0
      }
      const next = [...sleepers].reduce<Sleeper | null>(
        (first, each) => (first && first.due <= each.due ? first : each),
        null,
      )
      if (next === null) break
      at = Math.max(at, next.due)
      next.wake()
    }
    isPassing = false
  }
  const sleep: World['sleep'] = (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = (): void => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      // No timer is shorter.
      const sleeper = { due: at + Math.max(1, ms), wake }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
      if (!isPassing) void pass()
    })
  const whole: World['fetch'] = async (url, sending) => {
    const answer = await realWorld.fetch(url, sending)
    const parts: Uint8Array[] = []
    for await (const part of answer.body ?? []) parts.push(part)
    return { ...answer, body: Readable.from(parts) }
  }
  return {
    world: {
      ...realWorld,
      now: () => at,
      sleep,
      random: () => 0.5,
      fetch: async (url, sending) => {
        const answer = await busy(whole(url, sending))
        await sleep(latencyMs, sending.signal)
        return answer
      },
    },
    db: {
      ...db,
      query: (...asked) => busy(db.query(...asked)),
      lookUp: (...asked) => busy(db.lookUp(...asked)),
      transaction: (work) => busy(db.transaction(work)),
    },
  }
}
