/** The real world with its waits cut short, for tests of what is slow on purpose. */
import { BEAT_MS } from '../../src/lease/keep-alive.ts'
import { realWorld } from '../../src/node.ts'
import type { World } from '../../src/world.ts'

/**
 * With `seldom`, signs of life are given so much more seldom, but at least once a real second. Thirty times as often as they are meant to be
 * given they would be most of the work of a run.
 */
const SELDOM = 10

/** A world in which `speed` seconds pass for each real one; jitter is always half of what it may be. */
export const fastWorld = (speed: number, beats: 'seldom' | 'hurried' = 'hurried'): World => {
  const begin = realWorld.now()
  const beatMs = beats === 'seldom' ? Math.min(BEAT_MS, (BEAT_MS * SELDOM) / speed) : BEAT_MS / speed
  return {
    ...realWorld,
    now: () => begin + (realWorld.now() - begin) * speed,
    sleep: (ms, signal) => realWorld.sleep(ms === BEAT_MS ? beatMs : ms / speed, signal),
    random: () => 0.5,
  }
}
