/** Compares the database with the source, by count and by sample. Writes nothing and needs no lease. */
import { openApi } from './api.ts'
import { CAR_FIELDS, type Car, type CarField } from './car/car.ts'
import { SyncError } from './errors.ts'
import { beginPace, scopeOf } from './learning.ts'
import type { Options } from './options.ts'
import type { Source } from './source/source.ts'
import type { Store } from './store/store.ts'
import type { World } from './world.ts'

export type Difference = {
  kind: 'count' | 'missing' | 'gone' | 'marked-removed' | 'differs' | 'newer-at-source'
  /** What came after the last read is no fault. */
  fault: boolean
  sourceId: string | null
  message: string
}

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

/** Rows of a sampled page. */
const ROWS = 50
const TRIES = 5
/** Inventories move while they are counted: so much of the total is no fault. */
const SLACK = 0.01

const plain = (field: CarField, value: unknown): unknown => {
  if (value === null || value === undefined) return null
  if (CAR_FIELDS[field] === 'numeric') return Number(value)
  if (CAR_FIELDS[field] === 'timestamptz') return typeof value === 'number' ? value : Date.parse(String(value))
  return value
}

/** The fields in which a car as read now differs from its row, with both values. */
export const differingFields = (car: Car, columns: Readonly<Record<string, unknown>>): string[] =>
  (Object.keys(CAR_FIELDS) as CarField[]).flatMap((field) => {
    const [here, there] = [plain(field, columns[field]), plain(field, car[field])].map((value) => JSON.stringify(value))
    return here === there ? [] : [`${field} is ${here} here and ${there} at the source`]
  })

const STAMP = /"(?:updated_at|created_at)"\s*:\s*"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)/g

/** The latest time stamp in a record, ms; null where it has none. */
const stampOf = (raw: Uint8Array): number | null => {
  const found = [...new TextDecoder().decode(raw).matchAll(STAMP)].map(([, day, time]) => Date.parse(`${day}T${time}Z`))
  return found.length === 0 ? null : Math.max(...found)
}

/** Picks numbers from 0 below 1, always the same for a seed. */
const chance = (seed: string): (() => number) => {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Throws SyncError (3) when the source does not answer. */
export const verify = async (
  options: Options,
  world: World,
  store: Store,
  { source, sample, seed }: { source: Source; sample: number; seed: string },
): Promise<Verified> => {
  const access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const api = openApi({
    world,
    pace: beginPace(options, source, access, await store.readLearned(await scopeOf(access)), world.now()),
    apiKey: access.apiKey,
    timeoutMs: 30_000,
    maxBytes: 16 << 20,
    giveUpMs: 30_000,
    before: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
  })
  const need = <T>(outcome: { kind: 'data'; data: T } | { kind: string; why?: string }): T => {
    if (outcome.kind === 'data') return (outcome as { data: T }).data
    throw new SyncError(`The source cannot be compared with: ${(outcome as { why?: string }).why ?? 'stopped'}.`, 3)
  }
  const differences: Difference[] = []
  const add = (kind: Difference['kind'], fault: boolean, sourceId: string | null, message: string): void =>
    void differences.push({ kind, fault, sourceId, message })

  const total = need(
    await api.ask(source.countRequest(access, {}), (reply) => source.readCount(reply), undefined, TRIES),
  )
  const { cars: stored, rejects } = await store.countLiving()
  if (total !== null && Math.abs(total - stored - rejects) > Math.max(10, total * SLACK))
    add('count', true, null, `the source has ${total} cars; stored are ${stored}, and ${rejects} could not be`)

  const random = chance(seed)
  const pages = Math.max(1, Math.ceil((total ?? ROWS) / ROWS))
  const picked = new Set<number>()
  const wanted = Math.min(pages, Math.ceil(sample / ROWS))
  while (picked.size < wanted) picked.add(1 + Math.floor(random() * pages))
  let compared = 0
  for (const page of picked) {
    const ask = { filter: {}, pageSize: ROWS, page }
    const read = need(
      await api.ask(source.pageRequest(access, ask), (reply) => source.readPage(reply, ask), undefined, TRIES),
    )
    const readings = read.records.map((record) => source.readRecord(read, record, world.now()))
    const cars = readings.filter((reading) => reading.kind === 'car')
    const ids = cars.map(({ sourceId }) => sourceId)
    const rows = new Map((await store.storedCars(ids)).map((row) => [row.sourceId, row]))
    const kept = new Set(await store.rejectedAmong(ids))
    const since = Math.max(0, ...[...rows.values()].map(({ readAt }) => readAt))
    for (const { sourceId, car, raw } of cars) {
      compared++
      const row = rows.get(sourceId)
      const stamp = stampOf(raw)
      if (!row) {
        if (kept.has(sourceId)) continue
        const isNew = stamp !== null && stamp > since
        add(
          'missing',
          !isNew,
          sourceId,
          isNew ? 'came or changed after the last read' : 'is at the source and not stored',
        )
        continue
      }
      if (row.removed) {
        add('marked-removed', true, sourceId, 'is marked removed and is at the source')
        continue
      }
      const fields = differingFields(car, row.columns)
      if (fields.length === 0) continue
      const isNewer = stamp !== null && stamp > row.readAt
      add(isNewer ? 'newer-at-source' : 'differs', !isNewer, sourceId, fields.join('; '))
    }
  }

  const { lookup } = source
  const asked = lookup === null ? [] : await store.sampleCars(sample, seed)
  let there = 0
  for (const id of asked) {
    const isThere = need(
      await api.ask(lookup!.request(access, id), (reply) => lookup!.read(reply, id), undefined, TRIES),
    )
    if (isThere) there++
    else add('gone', false, id, 'is stored as living and the source has it no more; the next full sync proves it')
  }
  if (asked.length > 0 && there === 0)
    add('gone', true, null, 'the source has none of the sampled cars: is it the source these cars came from?')
  return {
    ok: differences.every(({ fault }) => !fault),
    seed,
    budget: 1 + wanted + asked.length,
    requests: api.requests().total,
    total,
    stored,
    rejects,
    compared,
    askedById: asked.length,
    differences,
  }
}
