/** The real world with its waits cut short, for tests of what is slow on purpose. */
import { realWorld } from '../../src/node.ts'
import type { World } from '../../src/world.ts'

/** A world in which `speed` seconds pass for each real one; jitter is always half of what it may be. */
export const fastWorld = (speed: number): World => {
  const begin = realWorld.now()
  return {
    ...realWorld,
    now: () => begin + (realWorld.now() - begin) * speed,
    sleep: (ms, signal) => realWorld.sleep(ms / speed, signal),
    random: () => 0.5,
  }
}
