/**
 * The statements that write cars, derived from the one list of fields. New cars are copied straight into the table; the
 * rest goes through a stage that lives as long as the transaction, so that a transaction-mode pooler does no harm.
 */
import { Buffer } from 'node:buffer'
import { CAR_FIELDS, type Car, type CarField } from '../car/car.ts'
import { type ColumnType, openWriter, type Value } from './binary-writer.ts'
import type { Column } from './copy-binary.ts'
import type { Names } from './database.ts'

/**
 * A car to be written. `fields` are its columns as `encodeFields` makes them, `record` is what it was read from, which is
 * stored as `raw` if `keepsRaw`. `silent`: the record says what it said before, only the readers are newer or `raw` was
 * missing; columns are rewritten without a word in the change log. `readAt` is the database's clock, ms.
 */
export type CarWrite = {
  sourceId: string
  fields: Uint8Array
  record: Uint8Array
  keepsRaw: boolean
  fingerprint: string
  readAt: number
  isNew: boolean
  silent: boolean
}

const FIELDS = Object.keys(CAR_FIELDS) as CarField[]
const FIELD_LIST = FIELDS.join(', ')

const BOOKKEEPING = 'raw, fingerprint, reader, read_at'
const BOOKKEEPING_TYPES: readonly ColumnType[] = ['jsonb', 'uuid', 'smallint', 'timestamptz']

const CAR_COLUMNS: readonly Column[] = ['text', { encoded: FIELDS.length }, ...BOOKKEEPING_TYPES]

export const DIRECT_COLUMNS: readonly Column[] = ['text', ...CAR_COLUMNS]
export const STAGE_COLUMNS: readonly Column[] = [...CAR_COLUMNS, 'boolean']

const fieldWriter = openWriter(4096)

/**
 * The columns of a car in binary. They wait so for their commit: thousands of cars as objects would be carried about by
 * the garbage collector again and again, bytes are not.
 */
export const encodeFields = (car: Car): Uint8Array => {
  fieldWriter.restart()
  for (const field of FIELDS) fieldWriter.value(CAR_FIELDS[field], car[field])
  return Buffer.from(fieldWriter.written())
}

const carRow = (write: CarWrite, reader: number): Value[] => [
  write.sourceId,
  write.fields,
  write.keepsRaw ? write.record : null,
  write.fingerprint,
  reader,
  write.readAt,
]

export const directRow = (source: string, write: CarWrite, reader: number): Value[] => [
  source,
  ...carRow(write, reader),
]

export const stageRow = (write: CarWrite, reader: number): Value[] => [...carRow(write, reader), write.silent]

export const directTarget = (names: Names): string => `${names.cars} (source, source_id, ${FIELD_LIST}, ${BOOKKEEPING})`

export const STAGE_TARGET = `carsync_stage (source_id, ${FIELD_LIST}, ${BOOKKEEPING}, silent)`

/** In the temporary schema by name, so that no search path can put it or find it elsewhere. */
export const createStage = (names: Names): string =>
  `create temporary table carsync_stage on commit drop as
   select source_id, ${FIELD_LIST}, ${BOOKKEEPING}, false as silent from ${names.cars} with no data`

/**
 * What goes from table to table keeps the form in which it lies: were `raw` compressed in the stage, it would be so in its
 * table too, by the method of the stage.
 */
export const KEEP_STAGE_RAW = 'alter table carsync_stage alter column raw set storage external'

/**
 * Columns whose change makes a row in the change log, as one object. Compared as they are: as JSON, all of them would have to be
 * made into it. Joined one by one, which costs next to nothing where nothing has changed: of a list of values Postgres would prepare
 * each expression anew for every car.
 */
const compared = FIELDS.map(
  (field) =>
    `case when o.${field} is distinct from s.${field}
          then jsonb_build_object('${field}', jsonb_build_object('from', o.${field}, 'to', s.${field})) else '{}' end`,
).join(' || ')

/** No read can be of a time to come: it was dated by a clock that has been set back since, and says nothing of which was the later one. */
const DATED_WRONG = `c.read_at > clock_timestamp() + interval '1 minute'`

/**
 * Rewrites stored cars from the stage, where the staged read is no older than the stored one, and logs what changed.
 * A car that another commit has stored just so meanwhile (it stands on two pages, read side by side) is left alone.
 * $1 source, $2 run id. Answers the ids written.
 */
export const updateFromStage = (names: Names): string => `
  with old as materialized (
    select c.* from ${names.cars} c join carsync_stage s on c.source_id = s.source_id
    where c.source = $1 and (c.read_at <= s.read_at or ${DATED_WRONG})
      and (c.fingerprint <> s.fingerprint or c.reader <> s.reader or c.removed_at is not null
           or (c.raw is null and s.raw is not null))
    order by c.source_id for update of c
  ), diff as materialized (
    select s.source_id, s.silent, o.status as old_status, s.status as new_status, o.removed_at,
      ${compared}
      || case when o.removed_at is null then '{}'::jsonb
              else jsonb_build_object('removed_at', jsonb_build_object('from', o.removed_at, 'to', null)) end as changes
    from old o join carsync_stage s using (source_id)
  ), logged as (
    insert into ${names.changes} (source, source_id, run_id, kind, changes)
    select $1, source_id, $2::text::uuid,
      case when removed_at is not null then 'relisted'
           when new_status = 'sold' and old_status is distinct from 'sold' then 'sold'
           when changes ? 'price' then 'price_changed'
           else 'updated' end,
      changes
    from diff where changes <> '{}' and (removed_at is not null or not silent)
    order by source_id
    returning source_id
  )
  update ${names.cars} c
  set (${FIELD_LIST}, ${BOOKKEEPING}) = row(${FIELDS.map((field) => `s.${field}`).join(', ')}, s.raw, s.fingerprint, s.reader, s.read_at),
      removed_at = null,
      changed_at = case when l.source_id is null then c.changed_at else now() end
  from carsync_stage s join diff d using (source_id) left join logged l using (source_id)
  where c.source = $1 and c.source_id = s.source_id
  returning c.source_id`

/**
 * The stored records of staged cars of which no column has changed, though the fingerprint has. $1 source. They may have changed
 * where no column shows it, or say the same in another form.
 */
export const unchangedInStage = (names: Names): string => `
  select c.source_id, c.raw::text as raw
  from carsync_stage s join ${names.cars} c on c.source_id = s.source_id
  where c.source = $1 and c.fingerprint <> s.fingerprint and c.reader = s.reader and c.removed_at is null and not s.silent
    and (${FIELDS.map((field) => `c.${field}`).join(', ')}) is not distinct from (${FIELDS.map((field) => `s.${field}`).join(', ')})`

/** $1 ids. */
export const LEAVE_OUT = 'delete from carsync_stage where source_id = any($1::text::text[])'

/** Adds staged cars that are not stored. $1 source. Answers the ids added. */
export const insertFromStage = (names: Names): string => `
  insert into ${names.cars} (source, source_id, ${FIELD_LIST}, ${BOOKKEEPING})
  select $1, s.source_id, ${FIELDS.map((field) => `s.${field}`).join(', ')}, s.raw, s.fingerprint, s.reader, s.read_at
  from carsync_stage s
  where not exists (select from ${names.cars} c where c.source = $1 and c.source_id = s.source_id)
  order by s.source_id
  on conflict do nothing
  returning source_id`

/** $1 source, $2 run id, $3 ids. */
export const logListed = (names: Names): string => `
  insert into ${names.changes} (source, source_id, run_id, kind)
  select $1, id, $2::text::uuid, 'listed' from unnest($3::text::text[]) as id`
