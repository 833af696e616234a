/** Compares the database with the source, by count and by sample. Writes nothing and needs no lease. */

import { SyncError } from '../errors.ts'
import type { Options } from '../options.ts'
import { openApi } from '../request/api.ts'
import { beginPace, scopeOf } from '../request/learning.ts'
import { sideBySide } from '../request/side-by-side.ts'
import { compareCars, compareCounts, comparePresence, type Difference, latestStamp } from '../run/differences.ts'
import { samplePages } from '../run/sample.ts'
import type { Outcome, Source } from '../source/source.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'

export type Verified = {
  ok: boolean
  seed: string
  budget: number
  requests: number
  total: number | null
  stored: number
  rejects: number
  compared: number
  askedById: number
  differences: Difference[]
}

/** Rows of a sampled page, at most. */
const ROWS = 50
const TRIES = 5
/** Questions that are out at the same time; the pace may hold them back. */
const AT_ONCE = 4

/**
 * `sample`: about how many cars are compared field by field, and how many are asked for by id; the same ones for the same
 * `seed`. Throws SyncError (3) when the source does not answer.
 */
export const verify = async (
  options: Options,
  world: World,
  store: Store,
  { source, sample, seed }: { source: Source; sample: number; seed: string },
): Promise<Verified> => {
  const access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const learned = await store.readLearned(await scopeOf(access))
  const api = openApi({
    world,
    pace: beginPace(options, source, access, learned, world.now()),
    apiKey: access.apiKey,
    timeoutMs: 30_000,
    maxBytes: 16 << 20,
    giveUpMs: 30_000,
    before: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
  })
  const ask = async <T>(...[request, read]: Parameters<typeof api.ask<T>>): Promise<T> => {
    const outcome: Outcome<T> | { kind: 'aborted' } = await api.ask(request, read, undefined, TRIES)
    if (outcome.kind === 'data') return outcome.data
    throw new SyncError(`The source cannot be compared with: ${'why' in outcome ? outcome.why : 'stopped'}.`, 3)
  }

  const total = await ask(source.countRequest(access, {}), (reply) => source.readCount(reply))
  const { cars: stored, rejects } = await store.countLiving()

  // A source that serves smaller pages than are asked for would show the beginning of its listing only.
  const pageSize = Math.min(ROWS, source.traits.maxPageSize, learned?.pageSize ?? ROWS)
  const pages = Math.max(1, Math.ceil((total ?? stored) / pageSize))
  const picked = samplePages(pages, Math.ceil(sample / pageSize), seed)
  const compared = await sideBySide(picked, AT_ONCE, async (page) => {
    const wanted = { filter: {}, pageSize, page }
    const read = await ask(source.pageRequest(access, wanted), (reply) => source.readPage(reply, wanted))
    const shown = read.records.flatMap((record) => {
      const reading = source.readRecord(read, record, world.now())
      if (reading.kind !== 'car') return []
      return [{ sourceId: reading.sourceId, car: reading.car, stampedAt: latestStamp(reading.raw) }]
    })
    const ids = shown.map(({ sourceId }) => sourceId)
    const rows = new Map((await store.storedCars(ids)).map((row) => [row.sourceId, row]))
    const rejected = new Set(await store.rejectedAmong(ids))
    return { cars: shown.length, differences: compareCars(shown, rows, rejected) }
  })

  const { lookup } = source
  const living = lookup === null ? [] : await store.sampleCars(sample, seed)
  const asked = await sideBySide(living, AT_ONCE, async (sourceId) => ({
    sourceId,
    isThere: await ask(lookup!.request(access, sourceId), (reply) => lookup!.read(reply, sourceId)),
  }))

  const differences = [
    ...compareCounts(total, stored, rejects),
    ...compared.flatMap((page) => page.differences),
    ...comparePresence(asked),
  ]
  return {
    ok: differences.every(({ fault }) => !fault),
    seed,
    budget: 1 + picked.length + living.length,
    requests: api.requests().total,
    total,
    stored,
    rejects,
    compared: compared.reduce((sum, { cars }) => sum + cars, 0),
    askedById: living.length,
    differences,
  }
}
