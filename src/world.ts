/** The outside world as the engine sees it. Tests replace it; everything else of the engine is a function of it. */
export type World = {
  fetch: typeof fetch
  /** Milliseconds since 1970 that never run backwards within a process, whatever is done to the wall clock. */
  now(): number
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
  uuid(): string
}

export const realWorld: World = {
  fetch: (input, init) => fetch(input, init),
  now: () => performance.timeOrigin + performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done, { once: true })
    }),
  random: Math.random,
  uuid: () => crypto.randomUUID(),
}
