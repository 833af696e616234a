/** Compares the database with the source, by count and by sample. Writes nothing and needs no lease. */

import { SyncError } from '../errors.ts'
import type { Options } from '../options.ts'
import { openApi } from '../request/api.ts'
import { beginPace, scopeOf } from '../request/learning.ts'
import { sideBySide } from '../request/side-by-side.ts'
import { compareCars, compareCounts, comparePresence, type Difference, latestStamp } from '../run/differences.ts'
import { samplePages } from '../run/sample.ts'
import type { Source } from '../source/source.ts'
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
  /** Cars that were asked for by id, and answered. */
  askedById: number
  differences: Difference[]
  /** What the source would not show: a car by its id, or a page of the listing (`sourceId` is null). It counts as unknown, not as well. */
  notVerified: NotVerified[]
  /** Questions that were not asked, because so many before them had failed. */
  notAsked: number
}

export type NotVerified = { sourceId: string | null; why: string }

/** Rows of a sampled page, at most. */
const ROWS = 50
const TRIES = 5
/** A question that is one of many is asked less often, and after so many in a row that failed no more are. */
const TRIES_OF_MANY = 3
const MOST_FAILED = 5
/** Questions that are out at the same time; the pace may hold them back. */
const AT_ONCE = 4

const silent = (why: string): SyncError => new SyncError(`The source cannot be compared with: ${why}.`, 3)

/**
 * `sample`: about how many cars are compared field by field, and how many are asked for by id; the same ones for the same
 * `seed`. What the source does not show is `notVerified`, and the rest is compared. Throws SyncError (3) when the source
 * gives neither its count nor any page.
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
  const notVerified: NotVerified[] = []
  let failedInRow = 0
  let notAsked = 0
  /** What the source has to say to one question of many; null where it has nothing, which is noted. */
  const askOne = async <T>(sourceId: string | null, ...[request, read]: Parameters<typeof api.ask<T>>) => {
    if (failedInRow >= MOST_FAILED || api.isDead() || api.spent() !== null) {
      notAsked++
      return null
    }
    const outcome = await api.ask(request, read, undefined, TRIES_OF_MANY)
    failedInRow = outcome.kind === 'data' ? 0 : failedInRow + 1
    if (outcome.kind === 'data') return { data: outcome.data }
    if (outcome.kind === 'stop' && outcome.reason === 'quota') failedInRow = MOST_FAILED
    notVerified.push({ sourceId, why: 'why' in outcome ? outcome.why : 'stopped' })
    return null
  }

  const counted = await api.ask(source.countRequest(access, {}), (reply) => source.readCount(reply), undefined, TRIES)
  if (counted.kind !== 'data') throw silent('why' in counted ? counted.why : 'stopped')
  const total = counted.data
  const { cars: stored, rejects } = await store.countLiving()

  // A source that serves smaller pages than are asked for would show the beginning of its listing only.
  const pageSize = Math.min(ROWS, source.traits.maxPageSize, learned?.pageSize ?? ROWS)
  const pages = Math.max(1, Math.ceil((total ?? stored) / pageSize))
  const picked = samplePages(pages, Math.ceil(sample / pageSize), seed)
  const compared = await sideBySide(picked, AT_ONCE, async (page) => {
    const wanted = { filter: {}, pageSize, page }
    const answer = await askOne(null, source.pageRequest(access, wanted), (reply) => source.readPage(reply, wanted))
    if (answer === null) return null
    const read = answer.data
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

  const pagesRead = compared.filter((page) => page !== null)
  if (pagesRead.length === 0 && notVerified.length > 0) throw silent(notVerified[0]!.why)

  // Listings may well work where this does not.
  failedInRow = 0
  const { lookup } = source
  const living = lookup === null ? [] : await store.sampleCars(sample, seed)
  const asked = await sideBySide(living, AT_ONCE, async (sourceId) => {
    const answer = await askOne(sourceId, lookup!.request(access, sourceId), (reply) => lookup!.read(reply, sourceId))
    return answer === null ? null : { sourceId, isThere: answer.data }
  })
  const answered = asked.filter((each) => each !== null)

  const differences = [
    ...compareCounts(total, stored, rejects),
    ...pagesRead.flatMap((page) => page.differences),
    ...comparePresence(answered),
  ]
  return {
    ok: notVerified.length + notAsked === 0 && differences.every(({ fault }) => !fault),
    seed,
    budget: 1 + picked.length + living.length,
    requests: api.requests().total,
    total,
    stored,
    rejects,
    compared: pagesRead.reduce((sum, { cars }) => sum + cars, 0),
    askedById: answered.length,
    differences,
    notVerified,
    notAsked,
  }
}
