/** A worker process of the stand-in, watched from outside and killed at the platform's limits. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { processUse } from './process-use.ts'

export type EdgeLimits = {
  /** Above it a worker takes no new requests. Processor time since the latest request. */
  softCpuMs: number
  /** Above it a worker is killed. */
  hardCpuMs: number
  memoryBytes: number
  /** From boot. Above it a worker takes no new requests. */
  softWallMs: number
  /** From boot. Above it a worker is killed. */
  wallMs: number
  /** An idle worker is dropped after so long. */
  idleMs: number
}

/** Supabase's, for the free plan; idle workers go much sooner than there. */
export const FREE_PLAN: EdgeLimits = {
  softCpuMs: 1000,
  hardCpuMs: 2000,
  memoryBytes: 256 << 20,
  softWallMs: 75_000,
  wallMs: 150_000,
  idleMs: 400,
}

export type Ending = 'cpu' | 'memory' | 'wall' | 'idle' | 'killed' | 'exit'

/** What a worker came to. `cpuMs`: the most of one request; `bootCpuMs`: until it listened. */
export type WorkerReport = {
  ending: Ending
  cpuMs: number
  bootCpuMs: number
  bootMs: number
  memoryBytes: number
  requests: number
}

export type EdgeWorker = {
  /** Where it listens. */
  url: string
  /** Takes requests: alive, and under the soft limit. */
  isFit(): boolean
  /** Work goes on after an answer. */
  isBusy(): boolean
  /** A request is given to it. */
  begin(): void
  end(): void
  kill(ending?: Ending): void
  gone: Promise<WorkerReport>
}

const LOOK_MS = 10
const WARNING = 0.9

const OWN_CONFIG = fileURLToPath(new URL('../../../deno.json', import.meta.url))

const denoArguments = (path: string, importMap: string | null): string[] => [
  'run',
  '--quiet',
  '--no-prompt',
  '--config',
  OWN_CONFIG,
  ...(importMap === null ? [] : ['--import-map', importMap]),
  '--allow-net',
  '--allow-env',
  '--preload',
  fileURLToPath(new URL('preload.ts', import.meta.url)),
  path,
]

/** Boots a worker for the function at `path`. `onLine` is told what it logs. */
export const bootWorker = async (
  path: string,
  importMap: string | null,
  env: Readonly<Record<string, string>>,
  limits: EdgeLimits,
  onLine: (line: string) => void,
): Promise<EdgeWorker> => {
  const bootedAt = performance.now()
  const child: ChildProcess = spawn('deno', denoArguments(path, importMap), {
    env: { PATH: process.env.PATH!, HOME: process.env.HOME!, ...env },
    // Its stdin ends with this process, however that ends, and it ends with its stdin.
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { pid } = child
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const listening = Promise.withResolvers<number>()
  let open = 0
  let requests = 0
  let served = 0
  let cpuAtRequest = 0
  let mostCpuMs = 0
  let memoryBytes = 0
  let bootCpuMs = 0
  let bootMs = 0
  let idleSince = performance.now()
  let ending: Ending = 'exit'
  let warned = false

  createInterface({ input: child.stdout! }).on('line', (line) => {
    const [, word, value] = /^@(\w+) (\d+)$/.exec(line) ?? []
    if (word === 'listening') listening.resolve(Number(value))
    else if (word === 'open') {
      open = Number(value)
      if (open === 0) idleSince = performance.now()
    } else onLine(line)
  })
  let errors = ''
  createInterface({ input: child.stderr! }).on('line', (line) => {
    errors += `${line}\n`
    onLine(line)
  })
  void exited.then(() => listening.reject(new Error(`The worker ended before it listened:\n${errors}`)))

  let isBooted = false
  const isBusy = (): boolean => !isBooted || open > 0 || requests > 0
  const kill = (why: Ending = 'killed'): void => {
    if (ending === 'exit') ending = why
    child.kill('SIGKILL')
  }
  const cpuOfRequest = (): number => {
    const use = processUse(pid!)
    if (use === null) return mostCpuMs
    memoryBytes = Math.max(memoryBytes, use.memoryBytes)
    const spent = served === 0 ? 0 : use.cpuMs - cpuAtRequest
    mostCpuMs = Math.max(mostCpuMs, spent)
    return spent
  }
  const watch = setInterval(() => {
    const cpuMs = cpuOfRequest()
    const age = performance.now() - bootedAt
    if (cpuMs > limits.hardCpuMs) kill('cpu')
    else if (memoryBytes > limits.memoryBytes) kill('memory')
    else if (age > limits.wallMs) kill('wall')
    else if (!isBusy() && (performance.now() - idleSince > limits.idleMs || cpuMs > limits.softCpuMs)) kill('idle')
    else if (!warned && age > limits.wallMs * WARNING) {
      warned = true
      child.kill('SIGTERM')
    }
  }, LOOK_MS)
  const gone = exited.then((): WorkerReport => {
    clearInterval(watch)
    return { ending, cpuMs: mostCpuMs, bootCpuMs, bootMs, memoryBytes, requests: served }
  })

  const port = await listening.promise
  bootMs = performance.now() - bootedAt
  bootCpuMs = processUse(pid!)?.cpuMs ?? 0
  isBooted = true
  idleSince = performance.now()
  return {
    url: `http://127.0.0.1:${port}`,
    isFit: () =>
      ending === 'exit' &&
      child.exitCode === null &&
      performance.now() - bootedAt < limits.softWallMs &&
      cpuOfRequest() <= limits.softCpuMs,
    isBusy,
    begin: () => {
      // Work that goes on is work of the request that began it, whoever asks something meanwhile.
      if (!isBusy()) cpuAtRequest = processUse(pid!)?.cpuMs ?? 0
      requests++
      served++
    },
    end: () => {
      requests--
      idleSince = performance.now()
    },
    kill,
    gone,
  }
}
