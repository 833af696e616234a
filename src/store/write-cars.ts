/**
 * Brings cars into the table, by the fastest way that the data and the database allow: new ones straight in, the rest
 * through a stage.
 */
import {
  type CarWrite,
  createStage,
  DIRECT_COLUMNS,
  directRow,
  directTarget,
  insertFromStage,
  KEEP_STAGE_RAW,
  LEAVE_OUT,
  STAGE_COLUMNS,
  STAGE_TARGET,
  stageRow,
  unchangedInStage,
  updateFromStage,
} from './cars-sql.ts'
import { isBadData, isDuplicate, isStatementTimeout } from './connection/retryable.ts'
import { copyRows } from './copy-binary.ts'
import { type Names, type Session, textArray } from './database.ts'

/** Whether a record says what a stored one says (a text), in whatever form. */
export type IsSameRecord = (stored: string, record: Uint8Array) => boolean

/** Under which names, run and version of the readers cars are written. */
export type WriteContext = { names: Names; runId: string; reader: number; isSameRecord: IsSameRecord }

/** How the cars are brought in. Begins with the fastest way; what goes wrong decides the next. */
export type Approach = {
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

/** What came of the cars: ids, and those that the database refuses with what it said. */
export type Written = { inserted: string[]; updated: string[]; unstorable: { write: CarWrite; why: string }[] }

type Write = (session: Session, cars: readonly CarWrite[]) => Promise<Written>

const copyNew = async (session: Session, context: WriteContext, cars: readonly CarWrite[]): Promise<void> => {
  const rows = Iterator.from(cars).map((write) => directRow(context.names.source, write, context.reader))
  await session.copyIn(directTarget(context.names), copyRows(DIRECT_COLUMNS, rows))
}

/**
 * Takes out of the stage what says the same as what is stored, in another form: to write an unchanged car would cost a write,
 * and to lock it too. Where a column changes nothing has to be compared.
 */
const leaveOutSame = async (
  session: Session,
  { names, isSameRecord }: WriteContext,
  cars: readonly CarWrite[],
): Promise<number> => {
  const unsure = await session.query(unchangedInStage(names), [names.source])
  if (unsure.length === 0) return 0
  const recordOf = new Map(cars.map(({ sourceId, record }) => [sourceId, record]))
  const same = unsure.filter(({ source_id, raw }) => raw !== null && isSameRecord(raw, recordOf.get(source_id)!))
  if (same.length > 0) await session.query(LEAVE_OUT, [textArray(same.map((row) => row.source_id))])
  return same.length
}

/** Writes through the stage, which is to be emptied for every piece but the first. */
const stageWriter = (context: WriteContext): Write => {
  const { names, runId, reader } = context
  let isUsed = false
  return async (session, cars) => {
    const emptied = isUsed ? [session.query('truncate carsync_stage')] : []
    isUsed = true
    const rows = Iterator.from(cars).map((write) => stageRow(write, reader))
    await Promise.all([...emptied, session.copyIn(STAGE_TARGET, copyRows(STAGE_COLUMNS, rows))])
    const same = cars.some(({ isNew, silent }) => !isNew && !silent) ? await leaveOutSame(session, context, cars) : 0
    const updated = await session.query(updateFromStage(names), [names.source, runId])
    // Mostly all of them were stored, and none is left to be added.
    const inserted =
      updated.length < cars.length - same ? await session.query(insertFromStage(names), [names.source]) : []
    return {
      inserted: inserted.map((row) => row.source_id),
      updated: updated.map((row) => row.source_id),
      unstorable: [],
    }
  }
}

const merge = (a: Written, b: Written): Written => ({
  inserted: [...a.inserted, ...b.inserted],
  updated: [...a.updated, ...b.updated],
  unstorable: [...a.unstorable, ...b.unstorable],
})

const NOTHING: Written = { inserted: [], updated: [], unstorable: [] }

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

/**
 * Writes the cars inside a transaction that has asserted the fence. A car that is stored by a newer read is left alone.
 * Throws the driver's errors, of which `byBestApproach` makes another try.
 */
export const writeCars = async (
  session: Session,
  context: WriteContext,
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
  // Statements are done in the order in which they are asked for: nothing has to be waited for but what is to be read.
  const made = [session.query(createStage(context.names)), session.query(KEEP_STAGE_RAW)]
  const [staged] = await Promise.all([inPieces(session, rest, approach, stageWriter(context)), ...made])
  return merge(direct, staged)
}

/**
 * Runs a transaction that writes `cars` cars, and again by another approach when an error says that it helps. Throws
 * the error of the last one.
 */
export const byBestApproach = async <T>(cars: number, transaction: (approach: Approach) => Promise<T>): Promise<T> => {
  let approach = FIRST
  for (;;)
    try {
      return await transaction(approach)
    } catch (error) {
      const next = nextApproach(approach, error, cars)
      if (next === null) throw error
      approach = next
    }
}
