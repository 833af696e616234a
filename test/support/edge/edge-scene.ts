/** A source, a Postgres database with pg_net's stand-in, and the edge function in its stand-in runtime. */
import assert from 'node:assert/strict'
import type { DemoApi } from '../../../demo/demo-api.ts'
import { startDemoThread } from '../../../demo/demo-thread.ts'
import type { DemoOptions } from '../../../demo/settings.ts'
import { migrate, openDatabase, resolveOptions, type StatusReport } from '../../../src/node.ts'
import type { Database } from '../../../src/store/database.ts'
import { type EdgeRuntime, startEdgeRuntime } from './edge-runtime.ts'
import type { EdgeLimits } from './edge-worker.ts'
import { installPgNet, pumpPgNet } from './pg-net.ts'

export const SECRET = 'open-sesame-open-sesame'

export type Answer = { status: number; body: Record<string, unknown> }

export type EdgeScene = {
  demo: DemoApi
  db: Database
  env: Record<string, string>
  edge: EdgeRuntime
  call(body: unknown, headers?: Record<string, string>): Promise<Answer>
  status(): Promise<StatusReport>
  /** What cron does: looks, and calls the function where something is due and nobody is at it. Answers what `tick` said. */
  cron(): Promise<string>
  /** Looks as cron does, every `everyMs`, until no run is under way and none is due. */
  settled(everyMs: number): Promise<StatusReport>
  close(): Promise<void>
}

const LOOK_MS = 50
const PATIENCE_MS = 100_000

export type EdgeSceneSettings = {
  demo: DemoOptions
  env?: Record<string, string>
  limits?: Partial<EdgeLimits>
  databaseUrl: string
  /** The function's entry, and where its packages are; without them those of this project. */
  path?: string
  importMap?: string
  /** A run that has not ended by then fails its test with what was logged. */
  patienceMs?: number
}

export const edgeScene = async (settings: EdgeSceneSettings): Promise<EdgeScene> => {
  const demo = await startDemoThread(settings.demo)
  const { databaseUrl } = settings
  const env = {
    DATABASE_URL: databaseUrl,
    API_BASE_URL: demo.url,
    API_KEY: 'canary-key-canary-key',
    CARS_SYNC_SECRET: SECRET,
    CARSYNC_LEASE_SECONDS: '2',
    ...settings.env,
  }
  await migrate(resolveOptions({}, env), { embeddedFolder: null })
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  await installPgNet(db)
  const edge = await startEdgeRuntime({ ...settings, env })
  await db.query('select carsync.schedule($1, $2)', [edge.url, SECRET])

  const call: EdgeScene['call'] = async (body, headers = {}) => {
    const answer = await fetch(edge.url, {
      method: 'POST',
      headers: { 'x-sync-secret': SECRET, ...headers },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
  }
  const cron = async (): Promise<string> => {
    const [row] = await db.query('select carsync.tick() as said')
    await pumpPgNet(db)
    return row!.said
  }
  const store = async (): Promise<string | null> =>
    (await db.query('select status from carsync.runs order by started_at desc limit 1'))[0]?.status ?? null

  return {
    demo,
    db,
    env,
    edge,
    call,
    cron,
    status: async () => (await call({ action: 'status' })).body as unknown as StatusReport,
    settled: async (everyMs) => {
      const until = performance.now() + (settings.patienceMs ?? PATIENCE_MS)
      let lookedAt = performance.now()
      for (;;) {
        const status = await store()
        if (status !== 'running' && status !== null)
          return (await call({ action: 'status' })).body as unknown as StatusReport
        assert.ok(performance.now() < until, `The run did not end:\n${edge.lines.join('\n')}`)
        if (performance.now() - lookedAt >= everyMs) {
          lookedAt = performance.now()
          await cron()
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
    },
    close: async () => {
      await edge.close()
      await db.close()
      await demo.close()
    },
  }
}
