/**
 * The loop. It asks `nextStep` what to fetch and the pace when, commits what has arrived, and tells the run what
 * happened. Pages are in flight side by side and are committed in any order; when commits fall behind, fetching waits.
 */

import type { CommitSettings } from '../commit/commit-batch.ts'
import { openCommits } from '../commit/commits.ts'
import { explained } from '../explained.ts'
import { observePage, pageBytesOf, pageSizeFor, startSizing } from '../pace/page/page-size.ts'
import type { Api } from '../request/api.ts'
import { type Landing, openFlights } from '../request/flights.ts'
import { openNap } from '../request/nap.ts'
import { isEarlyEnd } from '../run/early-end.ts'
import { hasRoom, nextStep, type Room, type Step } from '../run/next-step.ts'
import { type Ask, advance, type Fact, isRepeat, type Run } from '../run/run.ts'
import type { Access, SourcePage } from '../source/source.ts'
import type { PageCounts } from '../store/commit-pages.ts'
import { openRefusedAlone } from './refused-alone.ts'

/** Counts of what was committed, the ledger's included. */
export type Tally = { records: number; inserted: number; updated: number; rejected: number }

export type SweepSettings = CommitSettings & {
  api: Api
  access: Access
  /** Which sweep of the run this is; each has its own pages in the ledger. */
  sweep: number
  /** Add to this process's clock to get the database's, ms. */
  clockOffsetMs: number
  maxBytes: number
  /** Stops cleanly: what has arrived is committed, what is in flight is dropped. */
  stop: AbortSignal
  /** Where it can be done without what is read: how long it is waited for while it is refused alone, ms. */
  waitsAloneMs?: number
  /** Whether another page may be asked for beside so many in hand; once it may not, the sweep stops when those are done. */
  mayAsk(inHand: number): boolean
}

export type SweepState = { run: Run; tally: Tally }

export type SweepEvent =
  | { kind: 'moved' }
  | { kind: 'slowed'; why: string; waitMs: number }
  | { kind: 'page-failed'; label: string; why: string; attempt: number; retryInMs: number }
  | { kind: 'page-dead'; label: string; why: string }
  | { kind: 'note'; message: string }

export type SweepEnd =
  | { kind: 'finished' }
  | { kind: 'incomplete'; why: string }
  | { kind: 'stopped' }
  | { kind: 'refused'; reason: 'auth' | 'quota' | 'protocol'; why: string }

/** A page is tried so often before it counts as dead. Refusals (429) are not tries. */
const PAGE_ATTEMPTS = 8
/** An end that comes early is believed when it was said so often. */
const EARLY_ENDS = 3
const TICK_MS = 200

/**
 * Sweeps until nothing is left to do, `stop` is raised, or the source says that it makes no sense. `state` is kept up to
 * date while it runs. Throws what the store throws.
 */
export async function* sweep(settings: SweepSettings, state: SweepState): AsyncGenerator<SweepEvent, SweepEnd> {
  const { world, api, source, stop } = settings
  const events: SweepEvent[] = []
  const refusedOnce = new Set<string>()
  /** How often a page was empty and ended early. */
  const earlyEnds = new Map<string, number>()
  const fetches = new AbortController()
  let bytesHeld = 0
  let sizing = startSizing()
  let probing = false
  let failure: unknown = null
  let end: SweepEnd | null = null
  const alone = settings.waitsAloneMs === undefined ? null : openRefusedAlone(world.now, settings.waitsAloneMs)
  const nap = openNap(world)

  const move = (fact: Fact): void => {
    state.run = advance(state.run, fact)
  }
  const segmentOf = (ask: Ask) => state.run.segments[ask.segment]!.segment
  const labelOf = (ask: Ask): string => `page ${ask.page} of ${segmentOf(ask).name}`
  const keyOf = (ask: Ask): string => `${ask.segment}/${ask.pageSize}/${ask.page}`
  const pageSize = (): number => state.run.pageSize ?? state.run.wishedPageSize
  const pageBytes = (): number => pageBytesOf(sizing, pageSize())
  const hold = (bytes: number): void => {
    bytesHeld += bytes
  }
  const flights = openFlights({
    world,
    api,
    source,
    access: settings.access,
    filterOf: (ask) => segmentOf(ask).filter,
    pageBytes,
    hold,
    stop: fetches.signal,
  })

  const commits = openCommits(settings, {
    hold,
    broken: ({ ask }, why) => failed(ask, why, true),
    committed: ({ ask, records }, counts) => {
      move({ kind: 'committed', segment: ask.segment, pageSize: ask.pageSize, page: ask.page, records })
      tallyUp(state.tally, records, counts)
    },
  })

  const failed = (ask: Ask, why: string, wasRead: boolean): void => {
    const at = world.now() + api.retryInMs(ask.attempt)
    if (ask.attempt >= PAGE_ATTEMPTS) {
      move({ kind: 'given-up', ask, why, wasRead })
      events.push({ kind: 'page-dead', label: labelOf(ask), why })
    } else {
      move({ kind: 'failed', ask, why, at, wasRead })
      const retryInMs = Math.round(at - world.now())
      events.push({ kind: 'page-failed', label: labelOf(ask), why, attempt: ask.attempt, retryInMs })
    }
  }

  const arrived = ({ ask, sentAt, bytes }: Landing, data: SourcePage): void => {
    if (isRepeat(state.run, ask, data.pageSize)) {
      move({ kind: 'repeated', ask, pageSize: data.pageSize })
      return
    }
    const records = data.records.length
    const read = { pageSize: data.pageSize, page: ask.page, last: !data.hasNext, records }
    const place = keyOf({ ...ask, pageSize: data.pageSize })
    const said = (earlyEnds.get(place) ?? 0) + 1
    if (isEarlyEnd(state.run.segments[ask.segment]!, read) && said < EARLY_ENDS) {
      earlyEnds.set(place, said)
      failed(ask, `${labelOf(ask)} is empty and says that it is the last one, though more was expected`, false)
      return
    }
    hold(bytes)
    move({ kind: 'read', ask, pageSize: data.pageSize, last: read.last, records })
    const page = {
      sweep: settings.sweep,
      segment: segmentOf(ask).name,
      pageSize: data.pageSize,
      page: ask.page,
      readAt: sentAt + settings.clockOffsetMs,
      content: data,
    }
    commits.take({ ask: { ...ask, pageSize: data.pageSize }, page, bytes })
  }

  const resize = ({ ask, outcome, fault, at, bytes }: Landing): void => {
    if (outcome.kind === 'data')
      sizing = observePage(sizing, { kind: 'read', asked: ask.pageSize, served: outcome.data.pageSize, bytes })
    else if (fault === 'timeout' || fault === 'cut-off')
      sizing = observePage(sizing, { kind: fault, asked: ask.pageSize, at })
    const wanted = pageSizeFor(sizing, pageSize(), settings.maxBytes)
    if (wanted >= pageSize()) return
    events.push({ kind: 'note', message: `Pages of ${pageSize()} rows are too large: asking for ${wanted} at a time` })
    move({ kind: 'page-size', pageSize: wanted })
  }

  const fetchOne = async (ask: Ask, again: boolean): Promise<void> => {
    const landing = await flights.send(ask, again)
    const { outcome } = landing
    if (outcome.kind === 'slow-down') alone?.refused(outcome.why)
    else if (outcome.kind !== 'aborted') alone?.answered()
    switch (outcome.kind) {
      case 'data':
        arrived(landing, outcome.data)
        break
      case 'slow-down':
        move({ kind: 'released', ask })
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
          move({ kind: 'released', ask })
          const smaller = Math.max(1, Math.floor(ask.pageSize / 2))
          if (smaller < pageSize()) move({ kind: 'page-size', pageSize: smaller })
        }
        break
      case 'retry':
        failed(ask, outcome.why, false)
        break
      case 'stop':
        move({ kind: 'released', ask })
        end ??= { kind: 'refused', reason: outcome.reason, why: outcome.why }
        break
      case 'aborted':
        move({ kind: 'released', ask })
        break
    }
    resize(landing)
  }

  const probe = async (): Promise<void> => {
    probing = true
    const { outcome } = await api.send(
      source.countRequest(settings.access, {}),
      (reply) => source.readCount(reply),
      true,
      fetches.signal,
    )
    probing = false
    if (alone?.isInDoubt()) alone.listing(outcome.kind === 'data')
    const lone = alone?.why() ?? null
    if (lone !== null) end ??= { kind: 'incomplete', why: lone }
    if (outcome.kind === 'stop') end ??= { kind: 'refused', reason: outcome.reason, why: outcome.why }
    else if (outcome.kind === 'retry')
      events.push({
        kind: 'slowed',
        why: `the source seems to be down: ${outcome.why}`,
        waitMs: Math.max(0, api.pace().gateUntil - world.now()),
      })
  }

  const background = (work: Promise<void>): void => {
    work
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => nap.wake())
  }

  const onStop = (): void => {
    end ??= { kind: 'stopped' }
    fetches.abort()
    nap.wake()
  }
  stop.addEventListener('abort', onStop)
  if (stop.aborted) onStop()

  try {
    for (;;) {
      nap.look()
      if (failure) throw failure
      while (events.length > 0) yield events.shift()!
      if (end && !fetches.signal.aborted) fetches.abort()
      if (!end && api.isDead()) end = { kind: 'incomplete', why: api.obituary() }
      const spent: string | null = end ? null : api.spent()
      if (spent !== null) end = { kind: 'refused', reason: 'quota', why: spent }
      for (const work of commits.start(end !== null || state.run.inFlight === 0)) background(work)
      const room: Room = { bytesHeld, maxBytes: settings.maxBytes, pageBytes: pageBytes() }
      const step: Step = nextStep(state.run, room, world.now())
      const inHand = state.run.inFlight + state.run.uncommitted
      if (end) {
        if (inHand === 0) return end
      } else if (step.kind === 'finish') return { kind: 'finished' }
      else if (step.kind === 'incomplete') return { kind: 'incomplete', why: step.why }
      else if (step.kind === 'fetch' && !settings.mayAsk(inHand)) {
        if (inHand === 0) return { kind: 'stopped' }
      } else if (step.kind === 'fetch' && (api.isDown() || alone?.isInDoubt())) {
        // A page that fails for ever must not be what tells whether the source is back: ask for a total instead.
        if (api.waitMs() === 0 && !probing) background(probe())
      } else if (step.kind === 'fetch' && api.waitMs() === 0) {
        const again = step.ask.attempt > 1 || refusedOnce.delete(keyOf(step.ask))
        move({ kind: 'asked', ask: step.ask })
        background(fetchOne(step.ask, again))
        continue
      } else if (step.kind === 'wait' && mayAskTwice(room)) {
        flights.sendAgain()
        continue
      }
      yield { kind: 'moved' }
      await nap.sleep(Math.min(TICK_MS, commits.dueInMs(), end ? TICK_MS : untilNext(step)))
    }
  } catch (error) {
    throw explained(error)
  } finally {
    fetches.abort()
    stop.removeEventListener('abort', onStop)
  }

  /** At the tail, where no page is left to ask for, one that is overdue may be asked for once more. */
  function mayAskTwice(room: Room): boolean {
    return hasRoom(room) && api.waitMs() === 0 && !api.isDown() && flights.overdueInMs() === 0
  }

  /** Milliseconds until there may be something to do although nothing has happened. */
  function untilNext(step: Step): number {
    if (step.kind === 'fetch') return api.waitMs()
    if (step.kind !== 'wait') return TICK_MS
    const untilDue = step.untilAt === null ? TICK_MS : step.untilAt - world.now()
    return Math.min(untilDue, flights.overdueInMs() || api.waitMs() || TICK_MS)
  }
}

const tallyUp = (tally: Tally, records: number, counts: PageCounts): void => {
  tally.records += records
  tally.inserted += counts.inserted
  tally.updated += counts.updated
  tally.rejected += counts.rejected
}
