import type { DemoApi } from '../demo/demo-api.ts'
import { ConfigError, messageOf } from '../src/node.ts'

/** The demo inventory for a sync, on a thread of its own. CARSYNC_DEMO_CARS and CARSYNC_DEMO_LATENCY_MS shape it. */
export const startDemo = async (): Promise<DemoApi> => {
  const { CARSYNC_DEMO_CARS: cars, CARSYNC_DEMO_LATENCY_MS: latency } = process.env
  // Loaded only where it is wanted: a sync of a real source begins the sooner.
  const [{ startDemoThread }, { parseDemoFlags }] = await Promise.all([
    import('../demo/demo-thread.ts'),
    import('../demo/options.ts'),
  ])
  try {
    return await startDemoThread(parseDemoFlags({ cars: cars || undefined, latency: latency || undefined }))
  } catch (error) {
    throw new ConfigError(`CARSYNC_DEMO_CARS, CARSYNC_DEMO_LATENCY_MS: ${messageOf(error)}`)
  }
}
