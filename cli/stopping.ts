export type Stopping = { signal: AbortSignal; dispose(): void }

/** 128 + SIGINT: the way a shell reports an interrupt. */
const AT_ONCE = 130
/** Incomplete and resumable, as the contract has it. */
const RESUMABLE = 3

/** Who sends SIGTERM sends SIGKILL some time later (Docker: ten seconds): so long may the work in hand take. */
const DEADLINE_MS = 8000

/**
 * The first Ctrl-C or SIGTERM raises `signal`, after `onFirst`; the second ends the process where it stands. After SIGTERM
 * nobody may be there to send a second one: when the deadline is over, the process ends by itself, after `onDeadline`.
 */
export const stopOnSignals = (onFirst: () => void, onDeadline: () => void = () => {}): Stopping => {
  const controller = new AbortController()
  let deadline: NodeJS.Timeout | undefined
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(AT_ONCE)
    if (name === 'SIGTERM')
      deadline = setTimeout(() => {
        onDeadline()
        process.exit(RESUMABLE)
      }, DEADLINE_MS).unref()
    onFirst()
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.on(name, stop)
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(deadline)
      for (const name of signals) process.off(name, stop)
    },
  }
}
