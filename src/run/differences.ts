/** How cars as the source shows them now differ from what is stored. Pure. */

import { CAR_FIELDS, type Car, type CarField } from '../car/car.ts'
import { counted } from './counted.ts'

export type Difference = {
  kind: 'count' | 'missing' | 'gone' | 'marked-removed' | 'differs' | 'newer-at-source'
  /** What came after the last read is no fault. */
  fault: boolean
  sourceId: string | null
  message: string
}

/** A car as read now: `stampedAt` is the latest time stamp in its record, ms since 1970; null where it has none. */
export type Shown = { sourceId: string; car: Car; stampedAt: number | null }

/** A stored car: its columns as the database answers them, and when it was read, ms since 1970. */
export type Stored = { columns: Readonly<Record<string, unknown>>; readAt: number; removed: boolean }

/** Inventories move while they are counted: so many cars, or so much of the total, are no fault. */
const SLACK_CARS = 10
const SLACK = 0.01

const plain = (field: CarField, value: unknown): unknown => {
  if (value === null || value === undefined) return null
  if (CAR_FIELDS[field] === 'numeric') return Number(value)
  if (CAR_FIELDS[field] === 'timestamptz') return typeof value === 'number' ? value : Date.parse(String(value))
  return value
}

/** The fields in which a car as read now differs from its row, with both values. */
const differingFields = (car: Car, columns: Stored['columns']): string[] =>
  (Object.keys(CAR_FIELDS) as CarField[]).flatMap((field) => {
    const [here, there] = [plain(field, columns[field]), plain(field, car[field])].map((value) => JSON.stringify(value))
    return here === there ? [] : [`${field} is ${here} here and ${there} at the source`]
  })

const STAMP = /"(?:updated_at|created_at)"\s*:\s*"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)/g

/** The latest time stamp in a record, taken for UTC, in ms since 1970; null where it has none. */
export const latestStamp = (raw: Uint8Array): number | null => {
  const stamps = new TextDecoder().decode(raw).matchAll(STAMP)
  return stamps.reduce<number | null>((latest, [, day, time]) => {
    const at = Date.parse(`${day}T${time}Z`)
    return Number.isNaN(at) || (latest !== null && latest >= at) ? latest : at
  }, null)
}

/** Whether source and database have as many cars. `total` null: the source does not say. */
export const compareCounts = (total: number | null, stored: number, rejects: number): Difference[] =>
  total === null || Math.abs(total - stored - rejects) <= Math.max(SLACK_CARS, total * SLACK)
    ? []
    : [
        {
          kind: 'count',
          fault: true,
          sourceId: null,
          message: `the source has ${counted(total, 'car')}; stored are ${stored}, and ${rejects} could not be`,
        },
      ]

const compareOne = ({ sourceId, car, stampedAt }: Shown, row: Stored): Difference[] => {
  if (row.removed)
    return [{ kind: 'marked-removed', fault: true, sourceId, message: 'is marked removed and is at the source' }]
  const fields = differingFields(car, row.columns)
  if (fields.length === 0) return []
  const isNewer = stampedAt !== null && stampedAt > row.readAt
  return [{ kind: isNewer ? 'newer-at-source' : 'differs', fault: !isNewer, sourceId, message: fields.join('; ') }]
}

/** The cars of a page against their rows, by id. `rejected`: ids of records that are kept because they could not be stored. */
export const compareCars = (
  shown: readonly Shown[],
  rows: ReadonlyMap<string, Stored>,
  rejected: ReadonlySet<string>,
): Difference[] => {
  const lastRead = Math.max(0, ...[...rows.values()].map(({ readAt }) => readAt))
  return shown.flatMap((each): Difference[] => {
    const { sourceId, stampedAt } = each
    const row = rows.get(sourceId)
    if (row) return compareOne(each, row)
    if (rejected.has(sourceId)) return []
    const isNew = stampedAt !== null && stampedAt > lastRead
    const message = isNew ? 'came or changed after the last read' : 'is at the source and not stored'
    return [{ kind: 'missing', fault: !isNew, sourceId, message }]
  })
}

/** Cars that are stored as living and were asked for by id, each with whether the source has it. */
export const comparePresence = (asked: readonly { sourceId: string; isThere: boolean }[]): Difference[] => {
  const gone = asked.filter(({ isThere }) => !isThere)
  const each = gone.map(
    ({ sourceId }): Difference => ({
      kind: 'gone',
      fault: false,
      sourceId,
      message: 'is stored as living and the source has it no more; the next full sync proves it',
    }),
  )
  if (asked.length === 0 || gone.length < asked.length) return each
  const message = 'the source has none of the sampled cars: is it the source these cars came from?'
  return [...each, { kind: 'gone', fault: true, sourceId: null, message }]
}
