/**
 * One sync, from the lease to the summary: an async generator of events that takes no decision of its own.
 */

import { LeaseLostError, messageOf, SyncError } from './errors.ts'
import type { RequestCounts, Summary, SyncEvent } from './events.ts'
import { explained } from './explained.ts'
import { fullRun } from './full-run.ts'
import { incrementalRun } from './incremental-run.ts'
import { awaitLease } from './lease/await-lease.ts'
import { keepAlive } from './lease/keep-alive.ts'
import type { Options } from './options.ts'
import { openApi } from './request/api.ts'
import { beginPace, keptOf, scopeOf, shownPace } from './request/learning.ts'
import { openTelling } from './request/telling.ts'
import { chooseMode, sweepsAgainAt } from './run/choose-mode.ts'
import type { Access } from './source/source.ts'
import { ownName } from './source/sources.ts'
import type { Finish, Store } from './store/store.ts'
import { blankSummary, busySummary, countingAlso, lostSummary, summaryOf } from './summary.ts'
import { type Control, type Ending, endedEarly, noteUnread, type Session } from './sweep/session.ts'
import { progressOf, type Work } from './sweep/work.ts'
import type { World } from './world.ts'

const TIMEOUT_MS = 60_000
/** What was learned is kept with every so manieth beat of the heart. */
const KEEP_EVERY = 3
/** No answer may be larger, whatever its length was said to be. */
const MAX_ANSWER_BYTES = 64 << 20

/** Keeps what was learned of the source so far. */
const keepLearned = async (session: Session, work: Work, scope: string): Promise<void> => {
  const { options, store, world, learned, api, stored } = session
  const { pageSize, wishedPageSize } = work.state.run
  if (pageSize === null) return
  const size = {
    wished: wishedPageSize,
    // The size of the ledger may have been somebody's wish as well.
    asked: options.pageSize !== null || session.sizeOfLedger !== null,
    before: learned?.pageSize ?? null,
  }
  const now = world.now()
  const shown = shownPace(api.pace(), pageSize, now)
  await store.saveLearned(session.lease, scope, keptOf(api.pace(), shown, size, now), { runId: stored.runId, shown })
}

/** An error that ends a run which was begun: the run stays resumable, and says why it ended. */
const endingOf = (error: unknown, stop: AbortSignal): Ending => {
  const passes = error instanceof SyncError && error.exitCode === 3
  return endedEarly(passes ? 'incomplete' : 'failed', passes && stop.aborted ? 'stopped' : messageOf(error))
}

const finishOf = (session: Session, work: Work | null, ending: Ending): Finish => {
  const { api, world, stored } = session
  const progress = work ? progressOf(work, world.now()) : null
  return {
    ...ending,
    activeMs: progress?.activeMs ?? stored.activeMs + world.now() - session.begunAt,
    requests: progress?.requests ?? api.requests(),
    pagesTotal: progress?.pages.total ?? null,
    totalBefore: work?.plan.total ?? null,
    learned: shownPace(api.pace(), work?.state.run.pageSize ?? 0, world.now(), true),
  }
}

/**
 * Mirrors the source into the store and answers the summary. Yields events as it goes. Throws SyncError (with the exit
 * code that fits) when nothing could be begun or written; what else ends a run is in the summary's `status` and `reason`.
 */
export async function* sync(
  options: Options,
  world: World,
  store: Store,
  control: Control,
): AsyncGenerator<SyncEvent, Summary> {
  const since = world.now()
  const budget = options.timeBudget === null ? null : AbortSignal.timeout(options.timeBudget)
  let before: RequestCounts | null = null
  for (let next = control; ; next = readingAll(control)) {
    const end: Summary | Followed = yield* oneRun(options, world, store, next, since, budget, before)
    if (!('isFollowed' in end)) return end
    before = end.requests
  }
}

/** How a run ended that another one has to follow, which reads everything: after so many requests. */
type Followed = { isFollowed: true; requests: RequestCounts }

/** For the run that follows one which could not go on: whether it is due is no question. */
const readingAll = ({ slice, ...control }: Control): Control => {
  if (!slice) return { ...control, mode: 'full' }
  const { mayAsk, over } = slice
  return { ...control, mode: 'full', slice: { mayAsk, over } }
}

/** Takes the lease, does one run and gives the lease back. The sync began at `since`, and has made the requests of `before` in another run. */
async function* oneRun(
  options: Options,
  world: World,
  store: Store,
  control: Control,
  since: number,
  budget: AbortSignal | null,
  before: RequestCounts | null,
): AsyncGenerator<SyncEvent, Summary | Followed> {
  const begunAt = world.now()
  const access: Access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const abandon = new AbortController()
  const slice = control.slice ?? null
  const signals = [control.stop, abandon.signal, ...(budget ? [budget] : []), ...(slice ? [slice.over] : [])]
  const stop = AbortSignal.any(signals)

  const answer = yield* awaitLease(store, world, control.holder, options.leaseSeconds * 1000, stop)
  if (answer.kind === 'held')
    return countingAlso(busySummary(options, control, answer, since, world.now() - since), before)
  const { lease } = answer
  if ((await slice?.isStillDue?.().catch(() => true)) === false) {
    await store.releaseLease(lease)
    return blankSummary(options, control.mode, since, world.now() - since)
  }
  const clockOffsetMs = answer.databaseNow - world.now()
  const { expected, ...state } = await store.modeState()
  const choice = chooseMode({
    asked: control.mode === 'auto' ? null : control.mode,
    maxMinutes: control.source.feeds?.maxMinutes ?? null,
    ...state,
    now: answer.databaseNow,
  })
  const request = { runId: world.uuid(), mode: choice.mode, fresh: options.fresh }
  const { run: stored, resumed } = await store.openRun(lease, request)
  yield { kind: 'started', runId: stored.runId, source: options.source, mode: stored.mode, resumed }
  const named = stored.beganEmpty ? ownName(options.source, await store.sourcesSynced()) : null
  if (named !== null) yield { kind: 'note', message: named }
  if (choice.mode === 'full' && choice.note !== null) yield { kind: 'note', message: choice.note }

  const serverStartedAt = await store.serverStartedAt()
  const scope = await scopeOf(access)
  const learned = await store.readLearned(scope)
  const telling = openTelling<SyncEvent>()
  const api = openApi({
    world,
    apiKey: access.apiKey,
    pace: beginPace(options, control.source, access, learned, world.now()),
    timeoutMs: control.timeoutMs ?? TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    giveUpMs: options.giveUpSeconds * 1000,
    before: stored.requests,
    onHitch: telling.tell,
  })
  let work: Work | null = null
  const session: Session = {
    options,
    world,
    store,
    control,
    access,
    api,
    lease,
    clockOffsetMs,
    stored,
    learned,
    sizeOfLedger: null,
    stop,
    begunAt,
    onWork: (begun) => {
      work = begun
    },
  }

  let lost: SyncError | null = null
  let taken: LeaseLostError | null = null
  let goesOn = false
  let followed: Followed | null = null
  let beats = 0
  const alive = keepAlive(world, lease, {
    beat: () => store.beat(lease),
    publish: async () => {
      if (!work) return await store.writeRequests(lease, stored.runId, api.requests())
      await store.writeProgress(lease, stored.runId, 'running', progressOf(work, world.now()))
      // A process that is killed leaves behind what it learned: whoever takes over goes on at its pace.
      if (beats++ % KEEP_EVERY === 0) await keepLearned(session, work, scope)
    },
    onLost: (error) => {
      lost = error
      abandon.abort()
    },
  })
  try {
    let ending: Ending
    let failure: unknown = null
    try {
      // What the run before has given up this one does without, where it must.
      if (!resumed && stored.mode === 'full' && state.unreadFeed !== null) await noteUnread(session, state.unreadFeed)
      const steps =
        choice.mode === 'full'
          ? fullRun(session)
          : incrementalRun(session, {
              ...choice,
              expected,
              sweepsAgainAt: sweepsAgainAt(state.coverage, state.fullTookMs),
            })
      ending = yield* telling.during(steps, () => abandon.abort())
      ending = await doubted(ending, store, serverStartedAt)
    } catch (error) {
      failure = error
      ending = endingOf(error, stop)
    }
    if (lost || failure instanceof LeaseLostError) throw lost ?? failure
    goesOn = ending.reason === 'stopped' && slice !== null && !control.stop.aborted && !budget?.aborted
    if (ending.reason === 'stopped') {
      const trouble = api.trouble()
      ending.reason = `${budget?.aborted ? 'the time budget is used up' : 'interrupted'}${trouble === null ? '' : `; ${trouble}`}`
    }
    const finish = finishOf(session, work, ending)
    try {
      if (work) await keepLearned(session, work, scope)
      if (!goesOn) await store.finishRun(lease, stored.runId, finish)
      else if (work) await store.writeProgress(lease, stored.runId, 'running', progressOf(work, world.now()))
      else await store.writeRequests(lease, stored.runId, api.requests())
    } catch (error) {
      throw explained(failure ?? error)
    }
    if (failure && !(failure instanceof SyncError)) throw explained(failure)
    if (ending.isFollowed) followed = { isFollowed: true, requests: finish.requests }
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error
    taken = error
  } finally {
    await alive.stop()
    if (!lost && !taken && !goesOn) await publishEnd(session, work).catch(() => {})
    await store.releaseLease(lease).catch(() => {})
  }
  if (!goesOn && !taken) await store.prune().catch(() => {})
  if (followed !== null && !stop.aborted) return followed
  const tookMs = world.now() - since
  const ended = taken
    ? await lostSummary(store, stored.runId, resumed, tookMs, taken.message)
    : await summaryOf(store, stored.runId, resumed, tookMs)
  const summary = countingAlso(ended, before)
  yield { kind: 'finished', summary }
  return summary
}

/**
 * A server that crashed may have lost the last pages that it took. A proof is made of what the ledger has, and stands;
 * without one nobody would notice, so the run is left to be gone on with.
 */
const doubted = async (ending: Ending, store: Store, startedAt: string): Promise<Ending> => {
  if (ending.status !== 'complete' || ending.proof === 'exact' || (await store.serverStartedAt()) === startedAt)
    return ending
  const why =
    'The database was restarted meanwhile and may have lost the last pages; the next run goes on and reads them again'
  return endedEarly('incomplete', why)
}

/** The progress row says how it ended, with the exact counts. */
const publishEnd = async (session: Session, work: Work | null): Promise<void> => {
  const report = await session.store.report(session.stored.runId)
  if (!report || !work) return
  work.phase = 'done'
  const { cars, heldRemovals } = report
  const progress = { ...progressOf(work, session.world.now()), cars, heldRemovals, etaMs: null }
  const status = report.status === 'busy' ? 'running' : report.status
  await session.store.writeProgress(session.lease, session.stored.runId, status, progress)
}
