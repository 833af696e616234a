import { Worker } from 'node:worker_threads'
import { type Caller, type DemoApi, type DemoOptions, demoApi } from './demo-api.ts'
import type { Answered } from './demo-worker.ts'

type Waiting = { resolve(value: unknown): void; reject(error: Error): void }

/**
 * Starts the demo API on a thread of its own, so that it does not compete with what it feeds for the event loop. The thread does not keep the
 * process alive.
 */
export async function startDemoThread(options: DemoOptions = {}): Promise<DemoApi> {
  // The same extension as this file: .ts in the repository, .js in a build.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const worker = new Worker(new URL(`./demo-worker${extension}`, import.meta.url), {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 },
  })
  const waiting = new Map<number, Waiting>()
  let calls = 0
  const wait = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      // Held only while somebody waits for an answer: else the process would end in the middle of an await.
      worker.ref()
      waiting.set(id, { resolve, reject })
    })
  const settled = (id: number) => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
    return one
  }
  const fail = (error: Error) => {
    for (const id of [...waiting.keys()]) settled(id)?.reject(error)
  }
  worker.on('message', (answer: Answered) => {
    const one = settled(answer.id)
    if (answer.error === null) one?.resolve(answer.value)
    else one?.reject(new Error(answer.error))
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new Error('The demo API thread has ended')))

  const url = (await wait(0)) as string
  const call = ((name: string, ...args: unknown[]) => {
    const id = ++calls
    worker.postMessage({ id, name, args })
    return wait(id)
  }) as Caller
  return demoApi(url, call, async () => {
    await worker.terminate()
  })
}
