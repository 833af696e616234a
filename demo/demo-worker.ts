import { parentPort, workerData } from 'node:worker_threads'
import type { Control } from './control.ts'
import { listen } from './serve.ts'
import { type DemoOptions, settle } from './settings.ts'

/** A call from the other thread. */
export type Asked = { id: number; name: keyof Control; args: never[] }
/** What came of it; id 0 announces the address. */
export type Answered = { id: number; value: unknown; error: string | null }

function reply(id: number, value: unknown, error: unknown = null): void {
  const text = error === null ? null : error instanceof Error ? error.message : String(error)
  parentPort?.postMessage({ id, value, error: text } satisfies Answered)
}

try {
  const { url, control } = await listen(settle(workerData as DemoOptions))
  parentPort?.on('message', ({ id, name, args }: Asked) => {
    try {
      reply(id, (control[name] as (...values: never[]) => unknown)(...args))
    } catch (error) {
      reply(id, null, error)
    }
  })
  reply(0, url)
} catch (error) {
  reply(0, null, error)
}
