/**
 * A strict stand-in for Supabase's edge runtime, which cannot be had on a plain machine: it gives requests to workers under
 * Deno, boots them when there is none, and kills each at the platform's limits as the operating system measures them.
 */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { bootWorker, type EdgeLimits, type EdgeWorker, FREE_PLAN, type WorkerReport } from './edge-worker.ts'

/** What a slice says of itself in the log, and when it was read. */
export type SliceLine = {
  slice: string
  ended: string
  pages: number
  cpuMs: number
  ms: number
  next: string | null
  at: number
}

export type EdgeRuntime = {
  /** Where the function is called. */
  url: string
  /** Workers that have ended, in order. */
  workers: WorkerReport[]
  slices: SliceLine[]
  /** When a slice was begun (an answer of 202), ms. */
  begunAt: number[]
  lines: string[]
  /** Kills a worker that is at work; false: there was none. */
  killOne(): boolean
  /** Resolves when no worker is at work any more. */
  idle(): Promise<void>
  close(): Promise<void>
}

export type EdgeSettings = {
  env: Readonly<Record<string, string>>
  limits?: Partial<EdgeLimits>
  /** The function's entry; without it that of this project. */
  path?: string
  /** Where the packages of a function outside this project are. */
  importMap?: string
  /** Told what each worker logs. */
  onLine?: (line: string) => void
}

const OWN = fileURLToPath(new URL('../../../supabase/functions/cars-sync/index.ts', import.meta.url))

/** Starts the stand-in; the function finds its own address in CARSYNC_FUNCTION_URL. */
export const startEdgeRuntime = async (settings: EdgeSettings): Promise<EdgeRuntime> => {
  const limits = { ...FREE_PLAN, ...settings.limits }
  const living = new Set<EdgeWorker>()
  const workers: WorkerReport[] = []
  const slices: SliceLine[] = []
  const begunAt: number[] = []
  const lines: string[] = []
  let booted = 0
  let closed = false
  const onChange: (() => void)[] = []
  const changed = (): void => {
    for (const listener of onChange.splice(0)) listener()
  }

  const onLine = (line: string): void => {
    lines.push(line)
    settings.onLine?.(line)
    if (line.startsWith('{"slice"')) slices.push({ ...JSON.parse(line), at: performance.now() })
  }

  const workerFor = async (url: string): Promise<EdgeWorker> => {
    const fit = [...living].find((worker) => worker.isFit())
    if (fit) return fit
    const env = { ...settings.env, CARSYNC_FUNCTION_URL: url, SB_EXECUTION_ID: `w${++booted}` }
    const worker = await bootWorker(settings.path ?? OWN, settings.importMap ?? null, env, limits, onLine)
    living.add(worker)
    void worker.gone.then((report) => {
      living.delete(worker)
      workers.push(report)
      changed()
    })
    return worker
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}${request.url}`
    try {
      const worker = await workerFor(url)
      worker.begin()
      try {
        const answer = await fetch(new URL(request.url!, worker.url), {
          method: request.method!,
          headers: Object.fromEntries(
            Object.entries(request.headers).filter(
              ([name]) => !/^(host|connection|content-length|transfer-encoding)$/.test(name),
            ),
          ) as Record<string, string>,
          body: parts.length > 0 ? Buffer.concat(parts) : null,
        })
        if (answer.status === 202) begunAt.push(performance.now())
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        response.end(Buffer.from(await answer.arrayBuffer()))
      } finally {
        worker.end()
      }
    } catch (error) {
      if (!closed) onLine(`gateway: ${(error as Error).message}`)
      response.writeHead(503).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }

  return {
    url: `http://127.0.0.1:${port}/functions/v1/cars-sync`,
    workers,
    slices,
    begunAt,
    lines,
    killOne: () => {
      const worker = [...living].find((each) => each.isBusy())
      worker?.kill()
      return worker !== undefined
    },
    idle: async () => {
      while ([...living].length > 0) await new Promise<void>((resolve) => onChange.push(resolve))
    },
    close: async () => {
      closed = true
      for (const worker of living) worker.kill()
      await Promise.all([...living].map((worker) => worker.gone))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
