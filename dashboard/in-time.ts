/**
 * A read that is given up after `ms`, so that a page says that the database is silent instead of standing still. What hangs
 * is not asked for a second time: whoever asks meanwhile waits for the same answer, again for `ms` at most.
 */
export const inTime = <T>(
  read: () => Promise<T>,
  ms: number,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): (() => Promise<T>) => {
  let pending: Promise<T> | null = null
  return async () => {
    pending ??= read().finally(() => {
      pending = null
    })
    const answered = new AbortController()
    const late = sleep(ms, answered.signal).then((): never => {
      throw new Error(`it has not answered for ${ms / 1000} s`)
    })
    try {
      return await Promise.race([pending, late])
    } finally {
      answered.abort()
      // Whichever comes second is nobody's business any more.
      late.catch(() => {})
      pending?.catch(() => {})
    }
  }
}
