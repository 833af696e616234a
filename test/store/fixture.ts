/** Leases, runs, pages and cars for tests of the store. */
import { hash, randomUUID } from 'node:crypto'
import type { Car } from '../../src/car/car.ts'
import type { Mode, Progress } from '../../src/events.ts'
import type { Plan } from '../../src/run/plan.ts'
import { type CarWrite, encodeFields } from '../../src/store/cars-sql.ts'
import type { CommitContext, PageCommit, PageEntry } from '../../src/store/commit-pages.ts'
import { type Database, type Names, namesOf, type Session } from '../../src/store/database.ts'
import { type Lease, takeLease } from '../../src/store/lease.ts'
import { openRun } from '../../src/store/runs.ts'
import type { Finish } from '../../src/store/store.ts'

/** 1 October 2026, 12:00 UTC: when pages are read unless a test says otherwise. */
export const READ_AT = Date.UTC(2026, 9, 1, 12)

let count = 0

/** A source of its own for every test, so that many can share a database. */
export const newSource = (): string => `source_${++count}`

export const carOf = (members: Partial<Car> = {}): Car => ({
  make: 'Audi',
  model: 'Q5',
  generation: null,
  trim: null,
  year: 2019,
  vin: null,
  title: '2019 Audi Q5',
  price: '19900',
  currency: 'USD',
  bid: null,
  final_price: null,
  mileage_km: 92_661,
  fuel: 'diesel',
  transmission: null,
  body_type: null,
  color: null,
  drive: null,
  engine: null,
  engine_cc: null,
  cylinders: null,
  seats: null,
  lot_number: null,
  site: null,
  status: 'on_sale',
  sale_date: null,
  seller_type: null,
  country: null,
  city: null,
  image_url: null,
  images: null,
  flags: [],
  ...members,
})

/** 32 hex digits that differ with what they are made of. */
export const fingerprintOf = (value: unknown): string => hash('md5', JSON.stringify(value))

export const writeOf = (sourceId: string, car: Partial<Car> = {}, members: Partial<CarWrite> = {}): CarWrite => ({
  sourceId,
  fields: encodeFields(carOf(car)),
  record: Buffer.from(JSON.stringify({ id: sourceId, ...car })),
  keepsRaw: true,
  fingerprint: fingerprintOf([sourceId, car]),
  readAt: READ_AT,
  isNew: true,
  silent: false,
  ...members,
})

export const pageOf = (page: number, ids: readonly string[], members: Partial<PageEntry> = {}): PageEntry => ({
  sweep: 0,
  segment: 'all',
  pageSize: 10,
  page,
  readAt: READ_AT,
  last: false,
  records: ids.length,
  ids,
  rejects: [],
  positions: new Map(ids.map((id, i) => [id, i])),
  ...members,
})

/** One page with these cars. */
export const batchOf = (page: number, cars: readonly CarWrite[], members: Partial<PageEntry> = {}): PageCommit => ({
  pages: [
    pageOf(
      page,
      cars.map((write) => write.sourceId),
      members,
    ),
  ],
  cars,
  pageOf: new Map(cars.map((write) => [write.sourceId, 0])),
  drift: new Map(),
})

export type Begun = { source: string; names: Names; lease: Lease; runId: string; context: CommitContext }

/** Takes the lease on a source of its own and begins a run. */
export const begin = async (
  db: Database,
  { source = newSource(), schema = 'public', mode = 'full' as Mode, fresh = true } = {},
): Promise<Begun> => {
  const answer = await takeLease(db, source, 'test', 60_000)
  if (answer.kind === 'held') throw new Error(`the lease is held by ${answer.holder}`)
  const names = namesOf(schema, source)
  const { run } = await openRun(db, names, answer.lease, { runId: randomUUID(), mode, fresh })
  const context = {
    lease: answer.lease,
    names,
    runId: run.runId,
    logListed: run.logListed,
    reader: 1,
    isSameRecord: () => false,
    spent: () => ({ requests: run.requests, activeMs: 0 }),
  }
  return { source, names, lease: answer.lease, runId: run.runId, context }
}

/** Makes it so that the holder of the lease has been silent for this long. */
export const silence = async (db: Database, source: string, ms: number): Promise<void> => {
  await db.query(`update carsync.heartbeat set at = clock_timestamp() - $2::int * interval '1 ms' where source = $1`, [
    source,
    ms,
  ])
}

export const PLAN: Plan = {
  segments: [{ name: 'all', filter: {}, total: 25 }],
  total: 25,
  disjoint: true,
  note: null,
}

/** A picture of a run that is on, as its process publishes it. */
export const PROGRESS: Progress = {
  phase: 'sweeping',
  activeMs: 2500.6,
  pages: { done: 2, total: 3 },
  cars: { seen: 20, inserted: 18, updated: 1, unchanged: 1, removed: 0, rejected: 2 },
  carsTotal: 25,
  heldRemovals: null,
  segments: [{ name: 'Citroën "C"', done: 20, total: 25 }],
  requests: { total: 4, ok: 2, limited: 1, failed: 1, retried: 1 },
  carsPerSecond: 12.5,
  requestsPerSecond: 1.25,
  inFlight: 2,
  etaMs: { low: 400, high: 900 },
  pace: { requestsPerSecond: 3, concurrency: 4, pageSize: 10, why: 'nothing pushes back' },
}

export const finishOf = (members: Partial<Finish> = {}): Finish => ({
  status: 'complete',
  proof: 'exact',
  reason: null,
  covered: { kind: 'full', from: 1000, to: 1000 },
  activeMs: 1000,
  requests: { total: 5, ok: 3, limited: 1, failed: 1, retried: 2 },
  pagesTotal: 3,
  totalBefore: 25,
  totalAfter: 25,
  met: null,
  learned: { pageSize: 10, requestsPerSecond: 2.5, concurrency: 4, why: '2.5/s' },
  ...members,
})

/** The database with sessions changed: to make them fail, or to look on. */
export const withSession = (db: Database, change: (session: Session) => Partial<Session>): Database => {
  const changed = <S extends Session>(session: S): S => ({
    ...session,
    attempt: (work) => session.attempt((inner) => work(changed(inner))),
    ...change(session),
  })
  return { ...db, transaction: (work) => db.transaction((session) => work(changed(session))) }
}

/** What a database driver throws. */
export const databaseError = (code: string, message = `error ${code}`): Error =>
  Object.assign(new Error(message), { code })

/** The database whose server throws an error with this code right before every commit, after all that was left for it. */
export const failingAtCommit = (db: Database, code: string): Database => ({
  ...db,
  transaction: (work) =>
    db.transaction((session) =>
      work({
        ...session,
        lastly: (statement, params) => {
          session.lastly(statement, params)
          session.lastly(`do $$ begin raise exception 'made up' using errcode = '${code}'; end $$`, [])
        },
      }),
    ),
})
