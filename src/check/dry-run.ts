/** A look without touching anything: the plan of a full sweep and one page, with no database at all. */

import type { Summary, SyncEvent } from '../events.ts'
import type { Options } from '../options.ts'
import { type Hitch, openApi } from '../request/api.ts'
import { beginPace, shownPace } from '../request/learning.ts'
import { openTelling } from '../request/telling.ts'
import { plannedPages } from '../run/plan.ts'
import type { Access, Source, SourcePage } from '../source/source.ts'
import { planSweep, stopError } from '../sweep/plan-sweep.ts'
import type { World } from '../world.ts'

const NONE = { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 }

/**
 * Plans, reads the first page and answers a summary whose `cars` are those of that page: `seen` would be stored,
 * `rejected` would not. Nothing is written anywhere. Throws SyncError when the source cannot be read.
 */
export async function* dryRun(
  options: Options,
  world: World,
  control: { source: Source; stop: AbortSignal },
): AsyncGenerator<SyncEvent, Summary> {
  const telling = openTelling<SyncEvent>()
  const left = new AbortController()
  const stop = AbortSignal.any([control.stop, left.signal])
  return yield* telling.during(look(options, world, { source: control.source, stop }, telling.tell), () => left.abort())
}

async function* look(
  options: Options,
  world: World,
  { source, stop }: { source: Source; stop: AbortSignal },
  onHitch: (hitch: Hitch) => void,
): AsyncGenerator<SyncEvent, Summary> {
  const begunAt = world.now()
  const access: Access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const pace = beginPace(options, source, access, null, begunAt)
  const api = openApi({
    world,
    pace,
    apiKey: access.apiKey,
    timeoutMs: 60_000,
    maxBytes: 64 << 20,
    giveUpMs: options.giveUpSeconds * 1000,
    before: NONE,
    onHitch,
  })
  const plan = await planSweep(api, source, access, options.priority, stop)
  const segments = plan.segments.map(({ name, total }) => ({ name, done: 0, total }))
  yield { kind: 'planned', total: plan.total, segments, note: plan.note }

  const first = plan.segments[0]!
  const firstPage = async (pageSize: number): Promise<SourcePage> => {
    const ask = { filter: first.filter, pageSize, page: 1 }
    const outcome = await api.ask(source.pageRequest(access, ask), (reply) => source.readPage(reply, ask), stop)
    if (outcome.kind === 'smaller-page' && pageSize > 1) return firstPage(Math.floor(pageSize / 2))
    if (outcome.kind !== 'data') throw stopError(outcome)
    return outcome.data
  }
  const page = await firstPage(options.pageSize ?? source.traits.maxPageSize)
  const now = world.now()
  const readings = page.records.map((record) => source.readRecord(page, record, now))
  const rejected = readings.filter((reading) => reading.kind === 'rejected')
  for (const { rejection, sourceId } of rejected.slice(0, 5))
    yield {
      kind: 'note',
      message: `would be rejected: ${sourceId ?? 'a record without an id'}: ${rejection.reason} at ${rejection.path || 'the record itself'}`,
    }
  const seen = readings.length - rejected.length
  const summary: Summary = {
    runId: '',
    source: options.source,
    mode: 'full',
    status: 'complete',
    proof: 'none',
    resumed: false,
    startedAt: new Date(begunAt).toISOString(),
    finishedAt: new Date(now).toISOString(),
    durationMs: Math.round(now - begunAt),
    activeMs: Math.round(now - begunAt),
    pages: { done: 1, total: plannedPages(plan, page.pageSize) },
    requests: api.requests(),
    cars: { seen, inserted: 0, updated: 0, unchanged: 0, removed: 0, rejected: rejected.length },
    rate: { carsPerSecond: 0, carsPerMinute: 0, pagesPerSecond: 0 },
    heldRemovals: 0,
    learned: shownPace(api.pace(), page.pageSize, now, true),
    reason: 'dry run: nothing was written',
  }
  yield { kind: 'finished', summary }
  return summary
}
