import type { DemoApi } from '../demo/demo-api.ts'
import { startDemoThread } from '../demo/demo-thread.ts'
import { parseDemoFlags } from '../demo/options.ts'
import { ConfigError, messageOf } from '../src/node.ts'

/** The demo inventory for a sync, on a thread of its own. CARSYNC_DEMO_CARS and CARSYNC_DEMO_LATENCY_MS shape it. */
export const startDemo = async (): Promise<DemoApi> => {
  const { CARSYNC_DEMO_CARS: cars, CARSYNC_DEMO_LATENCY_MS: latency } = process.env
  try {
    return await startDemoThread(parseDemoFlags({ cars: cars || undefined, latency: latency || undefined }))
  } catch (error) {
    throw new ConfigError(`CARSYNC_DEMO_CARS, CARSYNC_DEMO_LATENCY_MS: ${messageOf(error)}`)
  }
}
