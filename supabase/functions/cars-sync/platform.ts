/** What the platform gives to a worker: its life, its memory, and a way to work on after the answer. */

export type Platform = {
  env(): Readonly<Record<string, string | undefined>>
  /** Monotonic, ms. */
  now(): number
  /** When this worker's life began, by `now`. */
  bootedAt: number
  /** Bytes in use; 0 where the platform does not tell. */
  memory(): number
  /** Keeps the worker until the work is done, within its limits. */
  waitUntil(work: Promise<unknown>): void
  /** Calls back when the platform is about to end the worker. */
  onEnd(listener: () => void): void
  log(line: string): void
}

/** What differs between a plain Deno and Supabase's runtime; any of it may be missing. */
type Globals = {
  EdgeRuntime?: { waitUntil(work: Promise<unknown>): void }
  Deno?: {
    env: { toObject(): Record<string, string> }
    memoryUsage?(): { heapUsed: number; external: number }
  }
}

/** The platform as this worker finds it. */
export const thisPlatform = (): Platform => {
  const { EdgeRuntime, Deno: deno } = globalThis as Globals
  const memory = (): number => {
    const usage = deno?.memoryUsage?.()
    return usage ? usage.heapUsed + usage.external : 0
  }
  return {
    env: () => deno?.env.toObject() ?? {},
    now: () => performance.now(),
    bootedAt: performance.now(),
    memory,
    waitUntil: (work) => EdgeRuntime?.waitUntil(work),
    onEnd: (listener) => globalThis.addEventListener('beforeunload', listener),
    log: (line) => console.log(line),
  }
}
