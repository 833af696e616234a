import { alertTargetOf, keepLastEnd, messageOf, type Options, realWorld, type Store, tellAlerts } from '../src/node.ts'

/** For so long an alert that failed is tried again before it is left to the next run. */
const PATIENCE_MS = 15_000
/** A database that hangs must not hold up the end of a sync. */
const AT_MOST_MS = 45_000

/** Before a sync: should the last one have been killed before it could tell how it ended, it is told at the end of this one. */
export const keepBefore = async (store: Store, { source, staleHours, ...options }: Options): Promise<void> => {
  // A database that cannot be used is for the sync to say.
  await keepLastEnd(store, realWorld, { source, staleHours, target: alertTargetOf(options) }).catch(() => {})
}

/**
 * Tells of what is wrong at the end of a sync. It never fails: what came of the sync is not changed by it. Somebody who
 * stops a sync is there and waits for nothing; the next one tells.
 */
export const tellAtEnd = async (
  store: Store,
  options: Options,
  stop: AbortSignal,
  say: (sentence: string) => void,
): Promise<void> => {
  if (stop.aborted) return
  const { source, staleHours } = options
  const told = new AbortController()
  const over = AbortSignal.any([stop, told.signal, AbortSignal.timeout(AT_MOST_MS)])
  const telling = async (): Promise<void> => {
    try {
      const target = alertTargetOf(options)
      const { why } = await tellAlerts(store, realWorld, {
        source,
        staleHours,
        target,
        patienceMs: PATIENCE_MS,
        stop: over,
      })
      if (why !== null) say(`An alert was not taken, and is kept for the next run or carsync alerts: ${why}`)
    } catch (error) {
      say(`Alerts could not be judged; the next run does it: ${messageOf(error)}`)
    }
  }
  await Promise.race([telling(), realWorld.sleep(AT_MOST_MS, over)])
  // Or the sleep would hold the process.
  told.abort()
}
