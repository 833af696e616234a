/**
 * One sync, from the lease to the summary: an async generator of events that takes no decision of its own.
 */
import { type Api, openApi } from './api.ts'
import { awaitLease } from './await-lease.ts'
import { LeaseLostError, messageOf, SyncError } from './errors.ts'
import type { Mode, Summary, SyncEvent } from './events.ts'
import { keepAlive } from './keep-alive.ts'
import { beginPace, keptOf, scopeOf, shownPace } from './learning.ts'
import type { Options } from './options.ts'
import { countOf, planSweep } from './plan-sweep.ts'
import { plannedPages } from './run/plan.ts'
import type { Access, Source } from './source/source.ts'
import type { Lease } from './store/lease.ts'
import { adviceFor } from './store/retryable.ts'
import type { Finish, Learned, Store, StoredRun } from './store/store.ts'
import { busySummary, summaryOf } from './summary.ts'
import { sweep } from './sweep.ts'
import { beginWork, observeWork, progressOf, type Work } from './work.ts'
import type { World } from './world.ts'

/** What a door adds to the options: which source, who asks, and how it is stopped. */
export type Control = {
  mode: Mode
  source: Source
  /** Who is named as the holder of the lease: host, process, anything a person can find. */
  holder: string
  /** Stops cleanly: what has arrived is committed, the run is resumable. */
  stop: AbortSignal
  /** Bytes held at most by pages in flight, unparsed or uncommitted. */
  maxBytes?: number
  /** How long one answer is waited for. */
  timeoutMs?: number
}

const MAX_BYTES = 20 << 20
const TIMEOUT_MS = 60_000
const PROGRESS_MS = 200
/** How many requests a listing is taken for that does not tell its size. */
const UNPLANNED_PAGES = 1000
/** What was learned is kept with every so manieth beat of the heart. */
const KEEP_EVERY = 3
/** No answer may be larger, whatever its length was said to be. */
const MAX_ANSWER_BYTES = 64 << 20

/** What is settled before the first page: the run, the way to the source, and what earlier runs learned. */
type Session = {
  options: Options
  world: World
  store: Store
  control: Control
  access: Access
  api: Api
  lease: Lease
  clockOffsetMs: number
  stored: StoredRun
  learned: Learned | null
  /** Rows a page in what a process wrote that was killed before it had kept what it learned; null: nothing so. */
  sizeOfLedger: number | null
  stop: AbortSignal
  /** When this process began its work, ms. */
  begunAt: number
}

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
  await store.saveLearned(scope, keptOf(api.pace(), shown, size, now), { runId: stored.runId, shown })
}

/** How the work on a run ended, as it is written down. */
type Ending = Pick<Finish, 'status' | 'proof' | 'reason' | 'totalAfter'>

/** Plans (or takes up the stored plan), sweeps and checks. `onWork` hears of the work as soon as there is some. */
async function* workThrough(session: Session, onWork: (work: Work) => void): AsyncGenerator<SyncEvent, Ending> {
  const { api, access, store, world, stored, lease, options, stop } = session
  const { source } = session.control
  const plan = stored.plan ?? (await planSweep(api, source, access, options.priority, stop))
  if (!stored.plan) await store.savePlan(lease, stored.runId, plan)
  const wished = Math.min(options.pageSize ?? source.traits.maxPageSize, source.traits.maxPageSize)
  const ledger = await store.readLedger(stored.runId)
  const learnedSize = session.learned?.pageSize ?? null
  if (options.pageSize === null && learnedSize === null) session.sizeOfLedger = ledger[0]?.pageSize ?? null
  const pageSize =
    session.sizeOfLedger === null
      ? { wished, learned: options.pageSize === null ? learnedSize : null }
      : { wished: Math.min(wished, session.sizeOfLedger), learned: session.sizeOfLedger }
  const work = beginWork(api, stored, plan, ledger, pageSize, session.begunAt)
  api.expect(plannedPages(plan, pageSize.learned ?? pageSize.wished) ?? UNPLANNED_PAGES)
  onWork(work)
  yield { kind: 'planned', total: plan.total, segments: progressOf(work, world.now()).segments, note: plan.note }

  const steps = sweep(
    {
      world,
      api,
      source,
      access,
      store,
      commit: {
        lease,
        runId: stored.runId,
        logListed: stored.logListed,
        reader: source.readerVersion,
        spent: () => ({ requests: api.requests(), activeMs: progressOf(work, world.now()).activeMs }),
      },
      sweep: 0,
      wantRaw: options.raw,
      clockOffsetMs: session.clockOffsetMs,
      maxBytes: session.control.maxBytes ?? MAX_BYTES,
      stop,
    },
    work.state,
  )
  let shownAt = Number.NEGATIVE_INFINITY
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) {
    if (step.value.kind !== 'moved') yield step.value
    else if (world.now() - shownAt >= PROGRESS_MS) {
      shownAt = world.now()
      observeWork(work, shownAt)
      yield { kind: 'progress', progress: progressOf(work, shownAt) }
    }
  }
  const end = step.value
  switch (end.kind) {
    case 'stopped':
      return { status: 'incomplete', proof: 'none', reason: 'stopped', totalAfter: null }
    case 'incomplete':
      return { status: 'incomplete', proof: 'none', reason: end.why, totalAfter: null }
    case 'refused':
      return {
        status: end.reason === 'quota' ? 'incomplete' : 'failed',
        proof: 'none',
        reason: end.why,
        totalAfter: null,
      }
    case 'finished': {
      work.phase = 'checking'
      yield { kind: 'progress', progress: progressOf(work, world.now()) }
      const totalAfter = plan.total === null ? null : await countOf(api, source, access, {}, stop)
      const seen = await store.countSeen(stored.runId)
      const all = seen.ids + seen.rejectedWithoutId
      const exact = totalAfter !== null && totalAfter === plan.total && all === totalAfter
      return { status: 'complete', proof: exact ? 'exact' : 'none', reason: null, totalAfter }
    }
  }
}

/** An error that ends a run which was begun: the run stays resumable, and says why it ended. */
const endingOf = (error: unknown): Ending => ({
  status: error instanceof SyncError && error.exitCode === 3 ? 'incomplete' : 'failed',
  proof: 'none',
  reason: messageOf(error),
  totalAfter: null,
})

const explained = (error: unknown): SyncError => {
  if (error instanceof SyncError) return error
  const advice = adviceFor(error)
  return new SyncError(`${messageOf(error)}${advice ? `. ${advice}` : ''}`, 1, { cause: error })
}

const finishOf = (session: Session, work: Work | null, ending: Ending): Finish => {
  const { api, world, stored } = session
  return {
    ...ending,
    activeMs: work ? progressOf(work, world.now()).activeMs : stored.activeMs + world.now() - session.begunAt,
    requests: api.requests(),
    pagesTotal: work ? progressOf(work, world.now()).pages.total : null,
    totalBefore: work?.plan.total ?? null,
    learned: shownPace(api.pace(), work?.state.run.pageSize ?? 0, world.now()),
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
  const begunAt = world.now()
  const access: Access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const abandon = new AbortController()
  const budget = options.timeBudget === null ? null : AbortSignal.timeout(options.timeBudget)
  const stop = AbortSignal.any([control.stop, abandon.signal, ...(budget ? [budget] : [])])

  const answer = yield* awaitLease(store, world, control.holder, options.leaseSeconds * 1000, stop)
  if (answer.kind === 'held') return busySummary(options, control, answer, begunAt, world.now() - begunAt)
  const { lease } = answer
  const clockOffsetMs = answer.databaseNow - world.now()
  const request = { runId: world.uuid(), mode: control.mode, fresh: options.fresh }
  const { run: stored, resumed } = await store.openRun(lease, request)
  yield { kind: 'started', runId: stored.runId, source: options.source, mode: stored.mode, resumed }

  const scope = await scopeOf(access)
  const learned = await store.readLearned(scope)
  const api = openApi({
    world,
    apiKey: access.apiKey,
    pace: beginPace(options, control.source, access, learned, world.now()),
    timeoutMs: control.timeoutMs ?? TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    giveUpMs: options.giveUpSeconds * 1000,
    before: stored.requests,
  })
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
  }

  let work: Work | null = null
  let lost: LeaseLostError | null = null
  let beats = 0
  const alive = keepAlive(world, lease, {
    beat: () => store.beat(lease),
    publish: async () => {
      if (!work) return
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
      ending = yield* workThrough(session, (begun) => {
        work = begun
      })
    } catch (error) {
      failure = error
      ending = endingOf(error)
    }
    if (lost || failure instanceof LeaseLostError) throw lost ?? failure
    if (ending.reason === 'stopped') ending.reason = budget?.aborted ? 'the time budget is used up' : 'interrupted'
    const finish = finishOf(session, work, ending)
    try {
      if (work) await keepLearned(session, work, scope)
      await store.finishRun(lease, stored.runId, finish)
    } catch (error) {
      throw explained(failure ?? error)
    }
    if (failure && !(failure instanceof SyncError)) throw explained(failure)
  } finally {
    await alive.stop()
    if (!lost) await publishEnd(session, work).catch(() => {})
    await store.releaseLease(lease).catch(() => {})
  }
  await store.prune().catch(() => {})
  const summary = await summaryOf(store, stored.runId, resumed, world.now() - begunAt)
  yield { kind: 'finished', summary }
  return summary
}

/** The progress row says how it ended, with the exact counts. */
const publishEnd = async (session: Session, work: Work | null): Promise<void> => {
  const report = await session.store.report(session.stored.runId)
  if (!report || !work) return
  work.phase = 'done'
  const progress = { ...progressOf(work, session.world.now()), cars: report.cars, etaMs: null }
  const status = report.status === 'busy' ? 'running' : report.status
  await session.store.writeProgress(session.lease, session.stored.runId, status, progress)
}
