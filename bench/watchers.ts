/**
 * What watchers cost the process that serves the page, in CPU time and without a sync: one message to each of so many, and
 * their coming. The watchers live in a process of their own, so nothing of theirs is counted.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { openFeed } from '../dashboard/feed.ts'
import { ownSync } from '../dashboard/own-sync.ts'
import { respondWith } from '../dashboard/respond.ts'
import type { Live, Store } from '../src/node.ts'
import { ownCpuMs } from './cpu-time.ts'
import { median } from './measure.ts'
import { standByToWatch } from './page-watchers.ts'
import type { Table } from './table.ts'

const COUNTS = [0, 1, 50, 200, 500] as const
const ROUNDS = 5
const MESSAGES = 40
/** What is sent is off to the kernel by then, and the next one is no part of the same write. */
const BETWEEN_MS = 20

/** About as much as the picture of a run. */
const LIVE = { runId: 'r', status: 'running', isAlive: true, requests: { limited: 0 }, reason: 'x'.repeat(1500) }

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))

export const watchers = async (): Promise<Table> => {
  const rows: (string | number)[][] = []
  for (const count of COUNTS) {
    const sync = ownSync(null)
    const feed = openFeed({
      live: async () => LIVE as unknown as Live,
      lately: async () => ({ health: [], runs: [], held: [], coveredUntil: null }),
      here: () => sync.here(),
      now: () => performance.now(),
    })
    const fetch = respondWith({
      store: {} as Store,
      feed,
      sync,
      decide: async () => '',
      files: new Map(),
      token: '',
      metrics: async () => '',
      now: () => performance.now(),
    })
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server
    await once(server, 'listening')
    const child = count === 0 ? null : await standByToWatch(count)
    const before = process.cpuUsage()
    await child?.watch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const comingMs = ownCpuMs(before)
    const everyMs = feed.everyMs()
    const rounds: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const begun = process.cpuUsage()
      for (let i = 0; i < MESSAGES; i++) {
        await feed.tick()
        await pause()
      }
      rounds.push(ownCpuMs(begun) / MESSAGES)
    }
    const ms = median(rounds)
    rows.push([
      count,
      comingMs.toFixed(0),
      ms.toFixed(2),
      (everyMs / 1000).toFixed(1),
      `${((ms * 100) / everyMs).toFixed(2)}%`,
    ])
    await child?.close()
    feed.close()
    server.close()
    server.closeAllConnections()
  }
  return {
    head: ['watchers', 'ms for their coming', 'ms a message to all', 'a message every … s', 'of one core'],
    rows,
    notes: [
      `CPU time of the serving process, its page alone; medians of ${ROUNDS} rounds of ${MESSAGES} messages. The row of 0 is what the measuring itself takes.`,
    ],
  }
}
