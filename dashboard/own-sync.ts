/** The sync that this process runs, if it runs one: started and stopped from the page, or watched by it. */
import { type Mode, messageOf, type Progress, type Summary, type SyncEvent } from '../src/node.ts'

/** Runs a sync to its end. `tell` hears its events. */
export type RunSync = (mode: Mode | 'auto', stop: AbortSignal, tell: (event: SyncEvent) => void) => Promise<Summary>

/** What only the process that runs a sync knows of it. `said`: why the last one that was begun here did not work. */
export type Here = {
  running: boolean
  stopping: boolean
  /** A sync can be begun here. */
  canStart: boolean
  inFlight: number | null
  pace: Progress['pace'] | null
  said: string | null
}

export type OwnSync = {
  here(): Here
  /** Begins one and answers at once; a sentence: why not. */
  start(mode: Mode | 'auto'): string | null
  /** Has it stop cleanly; a sentence: why not. */
  stop(): string | null
  /** An event of a sync that this process runs by itself. */
  tell(event: SyncEvent): void
  /** Stops it and waits for its end. */
  close(): Promise<void>
}

/** `run` null: none can be begun here, because the process runs one by itself; `stopIt` stops that one. */
export const ownSync = (run: RunSync | null, stopIt: (() => void) | null = null): OwnSync => {
  let running: { stop: AbortController; ended: Promise<void> } | null = null
  let progress: Progress | null = null
  let said: string | null = null
  let stopped = false
  const isOn = (): boolean => running !== null || stopIt !== null
  const tell = (event: SyncEvent): void => {
    if (event.kind === 'progress') progress = event.progress
    if (event.kind === 'finished') progress = null
  }
  return {
    here: () => ({
      running: isOn(),
      stopping: stopped,
      canStart: run !== null && running === null,
      inFlight: progress?.inFlight ?? null,
      pace: progress?.pace ?? null,
      said,
    }),
    start: (mode) => {
      if (run === null)
        return 'This page belongs to a sync that was begun on the command line; begin the next one there.'
      if (running !== null) return 'A sync is running already.'
      const stop = new AbortController()
      said = null
      stopped = false
      const ended = run(mode, stop.signal, tell)
        .then(
          ({ status, reason }) => {
            if (status !== 'complete') said = reason ?? `The sync ended ${status}.`
          },
          (error: unknown) => {
            said = messageOf(error)
          },
        )
        .finally(() => {
          running = null
          progress = null
          stopped = false
        })
      running = { stop, ended }
      return null
    },
    stop: () => {
      if (!isOn()) return 'No sync runs in this process. One that runs elsewhere is stopped where it runs.'
      stopped = true
      stopIt?.()
      running?.stop.abort()
      return null
    },
    tell,
    close: async () => {
      running?.stop.abort()
      await running?.ended
    },
  }
}
