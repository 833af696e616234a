/** The dashboard on a port of this machine. */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import {
  ConfigError,
  coveredUntil,
  decideRemovals,
  type Options,
  readHealth,
  realWorld,
  type Store,
} from '../src/node.ts'
import { openFeed } from './feed.ts'
import { inTime } from './in-time.ts'
import { metricsText } from './metrics.ts'
import type { OwnSync } from './own-sync.ts'
import { readPageFiles } from './page-files.ts'
import { type Decide, respondWith } from './respond.ts'

export type DashboardSettings = {
  store: Store
  options: Pick<Options, 'source' | 'staleHours' | 'leaseSeconds'>
  sync: OwnSync
  /** Who is named as the holder of the lease when a decision is carried out. */
  holder: string
  /** 0: any free one; null: the usual one, or any where that is taken. */
  port: number | null
}

/** `token`: what must be given to have something done. */
export type Dashboard = { url: string; token: string; close(): Promise<void> }

const RUNS = 50
/** The store waits for a database that is away much longer than somebody who looks at a page. */
const PATIENCE_MS = 5000

const decideWith =
  ({ store, options, holder }: DashboardSettings): Decide =>
  async (decision, runId) => {
    const held = await store.heldRemovals()
    if (!held.some((each) => each.runId === runId)) return 'Nothing is held back of this run any more.'
    const who = {
      holder: `${holder}, dashboard`,
      lengthMs: options.leaseSeconds * 1000,
      stop: new AbortController().signal,
    }
    const answer = await decideRemovals(store, realWorld, who, decision, runId)
    return answer.kind === 'held'
      ? `A sync is at it (${answer.holder}). Decide when it has ended, or stop it first.`
      : answer.result
  }

type Answering = (request: Request) => Promise<Response>

const USUAL_PORT = 4040

const listenOn = (fetch: Answering, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: '127.0.0.1' }, () => resolve(server)) as Server
    server.once('error', reject)
  })

const listen = async (fetch: Answering, port: number | null): Promise<Server> => {
  try {
    return await listenOn(fetch, port ?? USUAL_PORT)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (port === null) return listenOn(fetch, 0)
    throw new ConfigError(`--port: wanted a free port; ${port} is taken. Leave it out to get any free one.`)
  }
}

/** Serves the page until it is closed. Throws ConfigError when the port is taken. The store stays open. */
export const openDashboard = async (settings: DashboardSettings): Promise<Dashboard> => {
  const { store, options, sync } = settings
  const { now } = realWorld
  const token = randomBytes(12).toString('base64url')
  const feed = openFeed({
    live: inTime(() => store.live(), PATIENCE_MS, realWorld.sleep),
    lately: async () => ({
      health: await readHealth(store, options.staleHours, now()),
      runs: await store.runs(RUNS),
      held: await store.heldRemovals(),
      coveredUntil: coveredUntil((await store.modeState()).coverage),
    }),
    here: () => sync.here(),
    now,
  })
  const respond = respondWith({
    store,
    feed,
    sync,
    decide: decideWith(settings),
    files: readPageFiles(),
    token,
    metrics: async () =>
      metricsText({
        source: options.source,
        now: now(),
        live: await store.live(),
        health: await readHealth(store, options.staleHours, now()),
        coveredUntil: coveredUntil((await store.modeState()).coverage),
      }),
    now,
  })
  const server = await listen(respond, settings.port)

  const closing = new AbortController()
  const looking = (async () => {
    while (!closing.signal.aborted) {
      await feed.tick()
      // In short steps, so that whoever comes is served within a second.
      for (let waited = 0; waited < feed.everyMs() && !closing.signal.aborted; waited += 1000)
        await realWorld.sleep(1000, closing.signal)
    }
  })()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    close: async () => {
      closing.abort()
      await looking
      await sync.close()
      // What the end came to is seen by whoever has watched.
      await feed.tick()
      feed.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([closed, realWorld.sleep(1000)])
      server.closeAllConnections()
      await closed
    },
  }
}
