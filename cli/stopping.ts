export type Stopping = { signal: AbortSignal; dispose(): void }

/** 128 + SIGINT: the way a shell reports an interrupt. */
const AT_ONCE = 130

/** The first Ctrl-C or SIGTERM raises `signal`, after `onFirst`; the second ends the process where it stands. */
export const stopOnSignals = (onFirst: () => void): Stopping => {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(AT_ONCE)
    onFirst()
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.on(name, stop)
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, stop)
    },
  }
}
