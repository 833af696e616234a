/** What is sent: no redirect is followed. */
export type Sending = {
  method?: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  redirect: 'manual'
  signal?: AbortSignal
}

/** An answer whose body is still to come, unpacked. The platform's `Response` is one. */
export type Answer = {
  status: number
  headers: { get(name: string): string | null }
  body: AsyncIterable<Uint8Array> | null
}

/** Rejects when no answer begins. */
export type Fetch = (url: string, sending: Sending) => Promise<Answer>

/** The outside world as the engine sees it. Tests replace it; everything else of the engine is a function of it. */
export type World = {
  fetch: Fetch
  /** Milliseconds since 1970 that never run backwards within a process, whatever is done to the wall clock. */
  now(): number
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
  uuid(): string
}

export const realWorld: World = {
  fetch: (url, sending) => fetch(url, sending) as Promise<Answer>,
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
