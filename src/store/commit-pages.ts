/**
 * One transaction: the cars of some pages, what changed, what was rejected, and the ledger rows that say these pages are
 * done. Either all of it is there or nothing.
 */
import type { RequestCounts } from '../events.ts'
import {
  type CarWrite,
  createStage,
  DIRECT_TYPES,
  directRow,
  directTarget,
  insertFromStage,
  logListed,
  STAGE_TARGET,
  STAGE_TYPES,
  stageRow,
  updateFromStage,
} from './cars-sql.ts'
import { copyRows } from './copy-binary.ts'
import { type Database, type Names, type Session, storable, textArray } from './database.ts'
import { assertFence, type Lease } from './lease.ts'
import { isBadData, isDuplicate, isStatementTimeout } from './retryable.ts'

export type Reject = { position: number; sourceId: string | null; reason: string; path: string; payload: string }

/** A page that was read. `ids` are all ids on it, stored or rejected. `readAt` is the database's clock, ms. */
export type PageEntry = {
  sweep: number
  segment: string
  pageSize: number
  page: number
  readAt: number
  last: boolean
  records: number
  ids: readonly string[]
  rejects: readonly Reject[]
  /** Where each car to be written stands on the page, for the record of what could not be stored. */
  positions: ReadonlyMap<string, number>
}

/** Pages to commit together. A car stands once in `cars`; `pageOf` says which page it is counted on. */
export type PageCommit = { pages: readonly PageEntry[]; cars: readonly CarWrite[]; pageOf: ReadonlyMap<string, number> }

export type PageCounts = { inserted: number; updated: number; rejected: number }

export type CommitResult = { pages: PageCounts[] }

export type CommitContext = {
  lease: Lease
  names: Names
  runId: string
  logListed: boolean
  reader: number
  /** What the run has cost so far; written with every commit, so that a killed process has not worked unseen. */
  spent: () => { requests: RequestCounts; activeMs: number }
}

/** How the cars are brought in. Begins with the fastest way; what goes wrong decides the next. */
type Approach = {
  /** New cars straight into the table. */
  direct: boolean
  /** Cars a statement. */
  rows: number
  /** Statements are guarded by savepoints, so that a car that cannot be stored is found and rejected. */
  isolate: boolean
}

const FIRST: Approach = { direct: true, rows: Number.POSITIVE_INFINITY, isolate: false }

/** The approach after an error, or null when another approach does not help. */
const nextApproach = (approach: Approach, error: unknown, cars: number): Approach | null => {
  if (isDuplicate(error) && approach.direct) return { ...approach, direct: false }
  if (isStatementTimeout(error) && approach.rows > 1)
    return { ...approach, rows: Math.max(1, Math.floor(Math.min(approach.rows, cars) / 2)) }
  if (isBadData(error) && !approach.isolate) return { ...approach, isolate: true }
  return null
}

type Written = { inserted: string[]; updated: string[]; unstorable: { write: CarWrite; why: string }[] }

const copyNew = async (session: Session, context: CommitContext, cars: readonly CarWrite[]): Promise<void> => {
  const rows = Iterator.from(cars).map((write) => directRow(context.names.source, write, context.reader))
  await session.copyIn(directTarget(context.names), copyRows(DIRECT_TYPES, rows))
}

const writeStaged = async (session: Session, context: CommitContext, cars: readonly CarWrite[]): Promise<Written> => {
  const { names, runId, reader } = context
  await session.query('truncate carsync_stage')
  const rows = Iterator.from(cars).map((write) => stageRow(write, reader))
  await session.copyIn(STAGE_TARGET, copyRows(STAGE_TYPES, rows))
  const updated = await session.query(updateFromStage(names), [names.source, runId])
  const inserted = await session.query(insertFromStage(names), [names.source])
  return {
    inserted: inserted.map((row) => row.source_id),
    updated: updated.map((row) => row.source_id),
    unstorable: [],
  }
}

const merge = (a: Written, b: Written): Written => ({
  inserted: [...a.inserted, ...b.inserted],
  updated: [...a.updated, ...b.updated],
  unstorable: [...a.unstorable, ...b.unstorable],
})

const NOTHING: Written = { inserted: [], updated: [], unstorable: [] }

type Write = (session: Session, cars: readonly CarWrite[]) => Promise<Written>

/** Halves until the car that cannot be stored stands alone; that one is kept as a reject. */
const isolated = async (session: Session, cars: readonly CarWrite[], write: Write): Promise<Written> => {
  try {
    return await session.attempt((inner) => write(inner, cars))
  } catch (error) {
    if (!isBadData(error)) throw error
    const [only] = cars
    if (cars.length === 1 && only) return { ...NOTHING, unstorable: [{ write: only, why: (error as Error).message }] }
    const half = cars.length >> 1
    return merge(await isolated(session, cars.slice(0, half), write), await isolated(session, cars.slice(half), write))
  }
}

const inPieces = async (
  session: Session,
  cars: readonly CarWrite[],
  approach: Approach,
  write: Write,
): Promise<Written> => {
  let written = NOTHING
  for (let at = 0; at < cars.length; at += approach.rows) {
    const piece = approach.rows >= cars.length ? cars : cars.slice(at, at + approach.rows)
    written = merge(written, approach.isolate ? await isolated(session, piece, write) : await write(session, piece))
  }
  return written
}

const writeCars = async (
  session: Session,
  context: CommitContext,
  cars: readonly CarWrite[],
  approach: Approach,
): Promise<Written> => {
  // By key, so that two commits side by side take their locks in the same order.
  const sorted = [...cars].sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1))
  const isDirect = (write: CarWrite): boolean => write.isNew && approach.direct
  const direct = await inPieces(session, sorted.filter(isDirect), approach, async (inner, piece) => {
    await copyNew(inner, context, piece)
    return { ...NOTHING, inserted: piece.map((write) => write.sourceId) }
  })
  const rest = sorted.filter((write) => !isDirect(write))
  if (rest.length === 0) return direct
  await session.query(createStage(context.names))
  return merge(direct, await inPieces(session, rest, approach, (inner, piece) => writeStaged(inner, context, piece)))
}

const writeRejects = async (session: Session, context: CommitContext, batch: PageCommit): Promise<void> => {
  const rows = batch.pages.flatMap((page) => page.rejects.map((reject) => ({ ...reject, page })))
  if (rows.length === 0) return
  const json = rows.map(({ page, ...reject }) => ({
    segment: page.segment,
    page_size: page.pageSize,
    page: page.page,
    position: reject.position,
    source_id: reject.sourceId,
    reason: storable(reject.reason),
    path: storable(reject.path),
    payload: storable(reject.payload),
  }))
  await session.query(
    `insert into carsync.rejects (run_id, source, segment, page_size, page, position, source_id, reason, path, payload)
     select $1::text::uuid, $2, segment, page_size, page, position, source_id, reason, path, payload
     from jsonb_to_recordset($3::text::jsonb) as r(segment text, page_size int, page int, position int, source_id text,
          reason text, path text, payload text)
     on conflict (run_id, segment, page_size, page, position) do update
       set source_id = excluded.source_id, reason = excluded.reason, path = excluded.path, payload = excluded.payload`,
    [context.runId, context.names.source, JSON.stringify(json)],
  )
}

const writeLedger = async (
  session: Session,
  context: CommitContext,
  batch: PageCommit,
  counts: readonly PageCounts[],
): Promise<void> => {
  const json = batch.pages.map((page, i) => ({
    sweep: page.sweep,
    segment: page.segment,
    page_size: page.pageSize,
    page: page.page,
    read_at: new Date(page.readAt).toISOString(),
    is_last: page.last,
    records: page.records,
    ...counts[i]!,
    ids: textArray(page.ids),
  }))
  const { requests, activeMs } = context.spent()
  await session.query(
    `with ledger as (
       insert into carsync.pages (run_id, sweep, segment, page_size, page, read_at, is_last, records, inserted, updated, rejected, ids)
       select $1::text::uuid, sweep, segment, page_size, page, read_at, is_last, records, inserted, updated, rejected, ids::text[]
       from jsonb_to_recordset($2::text::jsonb) as p(sweep int, segment text, page_size int, page int, read_at timestamptz,
            is_last boolean, records int, inserted int, updated int, rejected int, ids text))
     update carsync.runs set requests = $3::text::jsonb, active_ms = $4::bigint, last_commit_at = clock_timestamp()
     where run_id = $1::text::uuid`,
    [context.runId, JSON.stringify(json), JSON.stringify(requests), Math.round(activeMs)],
  )
}

/** What a car that the database refused looks like among the rejects. */
const rejectOf = (page: PageEntry, { write, why }: Written['unstorable'][number]): Reject => ({
  position: page.positions.get(write.sourceId) ?? 0,
  sourceId: write.sourceId,
  reason: `database: ${why}`,
  path: '',
  payload: write.raw ? new TextDecoder().decode(write.raw) : JSON.stringify(write.car),
})

const commitOnce = (
  db: Database,
  context: CommitContext,
  batch: PageCommit,
  approach: Approach,
): Promise<CommitResult> =>
  db.transaction(async (session) => {
    await assertFence(session, context.lease, 'soon')
    const written = await writeCars(session, context, batch.cars, approach)
    if (context.logListed && written.inserted.length > 0)
      await session.query(logListed(context.names), [context.names.source, context.runId, textArray(written.inserted)])
    const unstorable = batch.pages.map((page, i) =>
      written.unstorable
        .filter(({ write }) => batch.pageOf.get(write.sourceId) === i)
        .map((each) => rejectOf(page, each)),
    )
    const pages = batch.pages.map((page, i) => ({ ...page, rejects: [...page.rejects, ...unstorable[i]!] }))
    const counts = pages.map((page): PageCounts => ({ inserted: 0, updated: 0, rejected: page.rejects.length }))
    for (const id of written.inserted) counts[batch.pageOf.get(id) ?? 0]!.inserted++
    for (const id of written.updated) counts[batch.pageOf.get(id) ?? 0]!.updated++
    await writeRejects(session, context, { ...batch, pages })
    await writeLedger(session, context, batch, counts)
    return { pages: counts }
  })

/**
 * Commits the pages, by the fastest way that the data and the database allow. A car that the database refuses becomes a
 * reject. Throws LeaseLostError when the lease went to another process, else the driver's error.
 */
export const commitPages = async (db: Database, context: CommitContext, batch: PageCommit): Promise<CommitResult> => {
  let approach = FIRST
  for (;;)
    try {
      return await commitOnce(db, context, batch, approach)
    } catch (error) {
      const next = nextApproach(approach, error, batch.cars.length)
      if (next === null) throw error
      approach = next
    }
}

/** Whether these pages are in the ledger: how a commit whose answer was lost is told from one that failed. */
export const isCommitted = async (db: Database, runId: string, page: PageEntry): Promise<PageCounts | null> => {
  const [row] = await db.query(
    `select inserted, updated, rejected from carsync.pages
     where run_id = $1::text::uuid and sweep = $2::int and segment = $3 and page_size = $4::int and page = $5::int`,
    [runId, page.sweep, page.segment, page.pageSize, page.page],
  )
  return row ? { inserted: row.inserted, updated: row.updated, rejected: row.rejected } : null
}
