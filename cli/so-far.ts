import {
  blankSummary,
  countingAlso,
  type Mode,
  type Options,
  type Progress,
  type RequestCounts,
  rateOf,
  type Summary,
  type SyncEvent,
} from '../src/node.ts'

type Started = Extract<SyncEvent, { kind: 'started' }>

/** How far a sync is, as it tells: for an end that the engine cannot put into a summary, the database being away. */
export type SoFar = {
  event(event: SyncEvent): void
  /** Pages are being read, so that there may be some to commit. */
  hasBegun(): boolean
  /** The engine has told of the end. */
  hasFinished(): boolean
  /** The summary of a sync that ends here. */
  summary(status: 'incomplete' | 'failed', reason: string): Summary
}

export const openSoFar = (options: Pick<Options, 'source'>, mode: Mode | 'auto', now: () => number): SoFar => {
  const begunAt = now()
  let started: Started | null = null
  let progress: Progress | null = null
  /** Those of the run before, which could not go on: another one follows in the same sync. */
  let before: RequestCounts | null = null
  let isFinished = false
  return {
    event: (event) => {
      if (event.kind === 'started') {
        started = event
        before = progress?.requests ?? null
        progress = null
      }
      if (event.kind === 'progress') progress = event.progress
      if (event.kind === 'finished') isFinished = true
    },
    hasBegun: () => progress !== null,
    hasFinished: () => isFinished,
    summary: (status, reason) => {
      const at = now()
      const blank = blankSummary(options, started?.mode ?? mode, at, at - begunAt)
      const known = { status, reason, startedAt: new Date(begunAt).toISOString() }
      if (started === null) return { ...blank, ...known }
      const { runId, resumed } = started
      if (progress === null) return countingAlso({ ...blank, ...known, runId, resumed }, before)
      const { activeMs, pages, requests, cars, heldRemovals, pace: learned } = progress
      const summary: Summary = {
        ...blank,
        ...known,
        ...{ runId, resumed, activeMs, pages, requests, cars, learned },
        heldRemovals: heldRemovals ?? 0,
        rate: rateOf(cars.seen, pages.done, activeMs),
      }
      return countingAlso(summary, before)
    },
  }
}
