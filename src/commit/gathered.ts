/**
 * Pages that were examined and wait to be committed together. Where most cars are stored just so, a page leaves a few rows to
 * write, and a transaction costs what a hundred of them cost: a stage made and dropped, a fence, a ledger row.
 */
import type { Ask } from '../run/run.ts'
import type { PageCommit } from '../store/commit-pages.ts'

/** What is left of a page once it was examined. */
export type Place = { ask: Ask; records: number }

/** `places` has one for each page of `batch`. `bytes` are those it holds, `since` is when the first came, ms. */
export type Gathered = { places: readonly Place[]; batch: PageCommit; bytes: number; since: number }

/** Cars that are worth a transaction of their own. */
const ENOUGH_CARS = 500
const MOST_RECORDS = 8000
/** So many bytes of several pages are in one transaction, or are examined together. */
export const MOST_BYTES = 8 << 20
/** So long a page that was read waits at most: a process that is killed reads it again. */
const PATIENCE_MS = 200

/** One commit of two. Of a car that is in both the later read is written. */
export const joinCommits = (a: PageCommit, b: PageCommit): PageCommit => {
  const cars = new Map(a.cars.map((car) => [car.sourceId, car]))
  const pageOf = new Map(a.pageOf)
  for (const car of b.cars) {
    const rival = cars.get(car.sourceId)
    if (rival && rival.readAt > car.readAt) continue
    cars.set(car.sourceId, car)
    pageOf.set(car.sourceId, a.pages.length + b.pageOf.get(car.sourceId)!)
  }
  const drift = new Map(a.drift)
  for (const [what, count] of b.drift) drift.set(what, (drift.get(what) ?? 0) + count)
  return { pages: [...a.pages, ...b.pages], cars: [...cars.values()], pageOf, drift }
}

const bytesOf = ({ cars }: PageCommit): number =>
  cars.reduce((sum, { fields, record }) => sum + fields.byteLength + record.byteLength, 0)

/** Records that lie in the bytes of their page would keep all of it in memory. */
const apart = (batch: PageCommit): PageCommit => ({
  ...batch,
  cars: batch.cars.map((car) => ({ ...car, record: new Uint8Array(car.record) })),
})

/** Adds pages that were examined to those that wait. `bytes` are those that the pages held before. */
export const gather = (
  before: Gathered | null,
  examined: { places: readonly Place[]; batch: PageCommit; bytes: number },
  now: number,
): Gathered => {
  const written = bytesOf(examined.batch)
  const isLight = written < examined.bytes / 2
  const batch = isLight ? apart(examined.batch) : examined.batch
  const bytes = isLight ? written : examined.bytes
  if (before === null) return { places: examined.places, batch, bytes, since: now }
  return {
    places: [...before.places, ...examined.places],
    batch: joinCommits(before.batch, batch),
    bytes: before.bytes + bytes,
    since: before.since,
  }
}

/** Whether what has gathered is worth a transaction. */
export const isEnough = ({ places, batch, bytes }: Gathered): boolean =>
  batch.cars.length >= ENOUGH_CARS ||
  bytes >= MOST_BYTES ||
  places.reduce((sum, { records }) => sum + records, 0) >= MOST_RECORDS

/** Milliseconds until it has waited long enough. */
export const dueInMs = ({ since }: Gathered, now: number): number => Math.max(0, since + PATIENCE_MS - now)
