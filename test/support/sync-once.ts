/** Runs one sync to its end, as a door does, and keeps what it said. */

import type { SyncEvent } from '../../src/events.ts'
import type { GivenOptions, Summary } from '../../src/mod.ts'
import { realWorld, resolveOptions, sources, storeOver, sync } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import type { Control } from '../../src/sweep/session.ts'
import type { World } from '../../src/world.ts'

export type Once = { summary: Summary; events: SyncEvent[] }

export type OnceSettings = {
  db: Database
  url: string
  options?: GivenOptions
  control?: Partial<Control>
  world?: World
  onEvent?: (event: SyncEvent) => void
}

/** The store stays open: the test goes on with its database. */
export const syncOnce = async ({
  db,
  url,
  options,
  control,
  world = realWorld,
  onEvent,
}: OnceSettings): Promise<Once> => {
  const resolved = resolveOptions(
    { ...options },
    { API_BASE_URL: url, API_KEY: 'canary-key', CARSYNC_LEASE_SECONDS: '2' },
  )
  const store = storeOver(db, { schema: resolved.schema, source: resolved.source }, world)
  const steps = sync(resolved, world, store, {
    mode: 'full',
    source: sources.auctionsapi,
    holder: 'test',
    stop: new AbortController().signal,
    ...control,
  })
  const events: SyncEvent[] = []
  for (;;) {
    const step = await steps.next()
    if (step.done) return { summary: step.value, events }
    events.push(step.value)
    onEvent?.(step.value)
  }
}
