/**
 * The loop. It asks `nextStep` what to fetch and the pace when, commits what has arrived, and tells the run what
 * happened. Pages are in flight side by side and are committed in any order; when commits fall behind, fetching waits.
 */
import type { Api } from './api.ts'
import { messageOf, SyncError } from './errors.ts'
import { type Examined, examinePages, type ReadPage } from './examine-pages.ts'
import { fullJitter } from './pace/backoff.ts'
import { nextStep, type Step } from './run/next-step.ts'
import { type Ask, advance, isRepeat, type Run } from './run/run.ts'
import type { Access, Source } from './source/source.ts'
import type { CommitContext, PageCounts } from './store/commit-pages.ts'
import type { Store } from './store/store.ts'
import type { World } from './world.ts'

/** Counts of what was committed, the ledger's included. */
export type Tally = { records: number; inserted: number; updated: number; rejected: number }

export type SweepSettings = {
  world: World
  api: Api
  source: Source
  access: Access
  store: Store
  commit: Omit<CommitContext, 'names'>
  /** Which sweep of the run this is; each has its own pages in the ledger. */
  sweep: number
  wantRaw: boolean
  /** Add to this process's clock to get the database's, ms. */
  clockOffsetMs: number
  maxBytes: number
  /** Stops cleanly: what has arrived is committed, what is in flight is dropped. */
  stop: AbortSignal
}

export type SweepState = { run: Run; tally: Tally }

export type SweepEvent =
  | { kind: 'moved' }
  | { kind: 'slowed'; why: string; waitMs: number }
  | { kind: 'page-failed'; label: string; why: string; attempt: number; retryInMs: number }
  | { kind: 'page-dead'; label: string; why: string }

export type SweepEnd =
  | { kind: 'finished' }
  | { kind: 'incomplete'; why: string }
  | { kind: 'stopped' }
  | { kind: 'refused'; reason: 'auth' | 'quota' | 'protocol'; why: string }

/** A page is tried so often before it counts as dead. Refusals (429) are not tries. */
const PAGE_ATTEMPTS = 8
const RETRY_BASE_MS = 250
const RETRY_CAP_MS = 15_000
const COMMIT_ROWS = 1000
const COMMIT_BYTES = 8 << 20
/** What a page is taken to weigh before any has been seen. */
const FIRST_PAGE_BYTES = 4 << 20
const TICK_MS = 200

type Arrived = { ask: Ask; page: ReadPage; bytes: number }

/**
 * Sweeps until nothing is left to do, `stop` is raised, or the source says that it makes no sense. `state` is kept up to
 * date while it runs. Throws what the store throws.
 */
export async function* sweep(settings: SweepSettings, state: SweepState): AsyncGenerator<SweepEvent, SweepEnd> {
  const { world, api, source, store, stop } = settings
  const ready: Arrived[] = []
  const events: SweepEvent[] = []
  const fetches = new AbortController()
  let bytesHeld = 0
  let pageBytes = FIRST_PAGE_BYTES
  let commits = 0
  let failure: unknown = null
  let end: SweepEnd | null = null
  let moved = false
  let nap = new AbortController()
  /** Something happened: the loop must look again, whether it sleeps or is about to. */
  const wake = (): void => {
    moved = true
    nap.abort()
  }

  const labelOf = (ask: Ask): string => `page ${ask.page} of ${state.run.segments[ask.segment]!.segment.name}`

  const failed = (ask: Ask, why: string, wasRead: boolean): void => {
    const at = world.now() + fullJitter(ask.attempt, world.random(), RETRY_BASE_MS, RETRY_CAP_MS)
    if (ask.attempt >= PAGE_ATTEMPTS) {
      state.run = advance(state.run, { kind: 'given-up', ask, why, wasRead })
      events.push({ kind: 'page-dead', label: labelOf(ask), why })
    } else {
      state.run = advance(state.run, { kind: 'failed', ask, why, at, wasRead })
      const retryInMs = Math.round(at - world.now())
      events.push({ kind: 'page-failed', label: labelOf(ask), why, attempt: ask.attempt, retryInMs })
    }
  }

  const fetchOne = async (ask: Ask, again: boolean): Promise<void> => {
    const { filter, name } = state.run.segments[ask.segment]!.segment
    const reserved = pageBytes
    bytesHeld += reserved
    const asked = { filter, pageSize: ask.pageSize, page: ask.page }
    const { outcome, sentAt, bytes } = await api.send(
      source.pageRequest(settings.access, asked),
      (reply) => source.readPage(reply, asked),
      again,
      fetches.signal,
    )
    bytesHeld -= reserved
    switch (outcome.kind) {
      case 'data': {
        const { data } = outcome
        // Half-way towards a heavier page, slowly towards lighter ones: the budget should err on the safe side.
        pageBytes = bytes > pageBytes ? bytes : Math.round(pageBytes * 0.8 + bytes * 0.2)
        if (isRepeat(state.run, ask, data.pageSize)) {
          state.run = advance(state.run, { kind: 'repeated', ask, pageSize: data.pageSize })
          break
        }
        bytesHeld += bytes
        state.run = advance(state.run, {
          kind: 'read',
          ask,
          pageSize: data.pageSize,
          last: !data.hasNext,
          records: data.records.length,
        })
        const page: ReadPage = {
          sweep: settings.sweep,
          segment: name,
          pageSize: data.pageSize,
          page: ask.page,
          readAt: sentAt + settings.clockOffsetMs,
          content: data,
        }
        ready.push({ ask: { ...ask, pageSize: data.pageSize }, page, bytes })
        break
      }
      case 'slow-down':
        state.run = advance(state.run, { kind: 'released', ask })
        refusedOnce.add(keyOf(ask))
        events.push({
          kind: 'slowed',
          why: outcome.why,
          waitMs: Math.max(0, Math.min(api.pace().gateUntil - world.now(), 1e9)),
        })
        break
      case 'smaller-page':
        if (ask.pageSize <= 1) failed(ask, outcome.why, false)
        else {
          state.run = advance(state.run, { kind: 'released', ask })
          const smaller = Math.max(1, Math.floor(ask.pageSize / 2))
          if (smaller < (state.run.pageSize ?? state.run.wishedPageSize))
            state.run = advance(state.run, { kind: 'page-size', pageSize: smaller })
        }
        break
      case 'retry':
        failed(ask, outcome.why, false)
        break
      case 'stop':
        state.run = advance(state.run, { kind: 'released', ask })
        end ??= { kind: 'refused', reason: outcome.reason, why: outcome.why }
        break
      case 'aborted':
        state.run = advance(state.run, { kind: 'released', ask })
        break
    }
  }

  let probing = false
  const probe = async (): Promise<void> => {
    probing = true
    const { outcome } = await api.send(
      source.countRequest(settings.access, {}),
      (reply) => source.readCount(reply),
      true,
      fetches.signal,
    )
    probing = false
    if (outcome.kind === 'stop') end ??= { kind: 'refused', reason: outcome.reason, why: outcome.why }
    else if (outcome.kind === 'retry')
      events.push({
        kind: 'slowed',
        why: `the source seems to be down: ${outcome.why}`,
        waitMs: Math.max(0, api.pace().gateUntil - world.now()),
      })
  }

  const refusedOnce = new Set<string>()
  const keyOf = (ask: Ask): string => `${ask.segment}/${ask.pageSize}/${ask.page}`

  const take = (): Arrived[] => {
    const batch: Arrived[] = []
    let rows = 0
    let bytes = 0
    while (ready.length > 0) {
      const next = ready[0]!
      rows += next.page.content.records.length
      bytes += next.bytes
      if (batch.length > 0 && (rows > COMMIT_ROWS || bytes > COMMIT_BYTES)) break
      batch.push(ready.shift()!)
    }
    return batch
  }

  const commitOne = async (batch: Arrived[]): Promise<void> => {
    const pages = batch.map(({ page }) => page)
    const { batch: commit, broken }: Examined = await examinePages(source, store, pages, settings.wantRaw)
    for (const { page, why } of broken) failed(batch.find((each) => each.page === page)!.ask, why, true)
    const kept = batch.filter((each) => !broken.some(({ page }) => page === each.page))
    if (kept.length > 0) {
      const { pages: counts } = await store.commitPages(settings.commit, commit)
      for (const [i, { ask, page }] of kept.entries()) {
        const records = page.content.records.length
        state.run = advance(state.run, {
          kind: 'committed',
          segment: ask.segment,
          pageSize: page.pageSize,
          page: page.page,
          records,
        })
        tallyUp(state.tally, records, counts[i]!)
      }
    }
    for (const { bytes } of batch) bytesHeld -= bytes
  }

  const background = (work: Promise<void>): void => {
    work
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => wake())
  }

  const startCommits = (): void => {
    while (commits < store.writers && ready.length > 0) {
      commits++
      background(commitOne(take()).finally(() => commits--))
    }
  }

  const onStop = (): void => {
    end ??= { kind: 'stopped' }
    fetches.abort()
    wake()
  }
  stop.addEventListener('abort', onStop)
  if (stop.aborted) onStop()

  try {
    for (;;) {
      moved = false
      if (failure) throw failure
      while (events.length > 0) yield events.shift()!
      if (end && !fetches.signal.aborted) fetches.abort()
      if (!end && api.isDead()) end = { kind: 'incomplete', why: 'the source has not answered for too long' }
      startCommits()
      const step: Step = nextStep(state.run, { bytesHeld, maxBytes: settings.maxBytes, pageBytes }, world.now())
      if (end) {
        if (state.run.inFlight + state.run.uncommitted === 0) return end
      } else if (step.kind === 'finish') return { kind: 'finished' }
      else if (step.kind === 'incomplete') return { kind: 'incomplete', why: step.why }
      else if (step.kind === 'fetch' && api.isDown()) {
        // A page that fails for ever must not be what tells whether the source is back: ask for a total instead.
        if (api.waitMs() === 0 && !probing) background(probe())
      } else if (step.kind === 'fetch' && api.waitMs() === 0) {
        const again = step.ask.attempt > 1 || refusedOnce.delete(keyOf(step.ask))
        state.run = advance(state.run, { kind: 'asked', ask: step.ask })
        background(fetchOne(step.ask, again))
        continue
      }
      yield { kind: 'moved' }
      await sleepUntilWoken(step, end !== null)
    }
  } catch (error) {
    throw error instanceof SyncError || !(error instanceof Error)
      ? error
      : new SyncError(messageOf(error), 1, { cause: error })
  } finally {
    fetches.abort()
    stop.removeEventListener('abort', onStop)
  }

  async function sleepUntilWoken(step: Step, ending: boolean): Promise<void> {
    if (moved) return
    nap = new AbortController()
    const untilDue =
      step.kind === 'wait' && step.untilAt !== null ? step.untilAt - world.now() : Number.POSITIVE_INFINITY
    const untilPace = step.kind === 'fetch' && !ending ? api.waitMs() : Number.POSITIVE_INFINITY
    await world.sleep(Math.max(0, Math.min(TICK_MS, untilDue, untilPace)), nap.signal)
  }
}

const tallyUp = (tally: Tally, records: number, counts: PageCounts): void => {
  tally.records += records
  tally.inserted += counts.inserted
  tally.updated += counts.updated
  tally.rejected += counts.rejected
}
