import { quoteName } from './quote-name.ts'

/**
 * A database as the operations of this folder see it: Postgres or the embedded one. Parameters are scalars only: arrays
 * and JSON travel as text and are cast in the statement (`$1::text::text[]`, `$1::text::jsonb`), which means the same to
 * every driver and pooler.
 */
export type Param = string | number | boolean | null
// biome-ignore lint/suspicious/noExplicitAny: a row is whatever the statement beside it selects
export type Row = Record<string, any>

/** What can be done inside one transaction. */
export type Session = {
  query(statement: string, params?: readonly Param[]): Promise<Row[]>
  /** Several statements separated by semicolons, without parameters. */
  script(statements: string): Promise<void>
  /**
   * `COPY target FROM` the parts, in binary format. `target` is a table with its column list. A part is used up before
   * the next is asked for, so the parts may share a buffer.
   */
  copyIn(target: string, parts: Iterable<Uint8Array>): Promise<void>
  /** Runs `work` under a savepoint: what it did is undone when it rejects, and the transaction can go on. */
  attempt<T>(work: (session: Session) => Promise<T>): Promise<T>
}

/** One transaction from within. */
export type Transaction = Session & {
  /** Sends the statement together with the commit, which it saves a round trip: nothing is heard of it but its error. */
  lastly(statement: string, params: readonly Param[]): void
}

export type Database = {
  kind: 'postgres' | 'embedded'
  /** How many transactions may run side by side. */
  writers: number
  /** One statement on its own. */
  query(statement: string, params?: readonly Param[]): Promise<Row[]>
  /** One statement on its own that reads a little, and quickly: several at once take turns on one connection. */
  lookUp(statement: string, params?: readonly Param[]): Promise<Row[]>
  /** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: (session: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** The tables of the read model, quoted and qualified, and the source whose rows are meant. */
export type Names = { schema: string; source: string; cars: string; changes: string; progress: string }

export const namesOf = (schema: string, source: string): Names => {
  const quoted = quoteName(schema)
  return {
    schema,
    source,
    cars: `${quoted}.cars`,
    changes: `${quoted}.car_changes`,
    progress: `${quoted}.sync_progress`,
  }
}

/** A Postgres array literal of texts, for a parameter cast with `::text::text[]`. */
export const textArray = (items: readonly string[]): string =>
  `{${items.map((item) => (/^[\w.-]+$/.test(item) && !/^null$/i.test(item) ? item : `"${item.replace(/[\\"]/g, '\\$&')}"`)).join(',')}}`

/** SQLSTATE of an error a driver threw, or ''. Network errors have the system's code, such as ECONNRESET. */
export const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** Text as Postgres can hold it: NUL and lone surrogates become U+FFFD. */
export const storable = (text: string): string => text.replaceAll('\0', '\ufffd').toWellFormed()
