/**
 * How an API is spoken to. A source is pure: it turns what is wanted into a request and a reply into an outcome.
 * Everything it needs comes in as arguments; it touches no network and no clock.
 */
import type { Buffer } from 'node:buffer'
import type { Car, Rejection } from '../car/car.ts'

/** The query parameters that narrow the listing to one segment; `{}` is the whole listing. */
export type Filter = Readonly<Record<string, string>>

/** Where the API is and how one is let in. `baseUrl` has no trailing slash. */
export type Access = { baseUrl: string; apiKey: string | null }

/** A request ready to be sent. `label` names it in logs and errors: never a key, never a full URL. */
export type SourceRequest = { url: string; headers: Record<string, string>; label: string }

/**
 * What is wanted from the listing: page `page` (from 1) of `pageSize` rows of the segment. `mayGuess`: its records may be found by
 * a guess, which shows when they are parsed if it is wrong; then the page is asked for again, without.
 */
export type PageAsk = { filter: Filter; pageSize: number; page: number; mayGuess?: boolean }

/** A whole HTTP answer. Instants are milliseconds since 1970. */
export type Reply = {
  kind: 'reply'
  status: number
  headers: { get(name: string): string | null }
  body: Uint8Array
  sentAt: number
  receivedAt: number
}

/**
 * One record of a page, found but not yet parsed. `start`/`end` are byte offsets into the page; `sourceId` is null where
 * the record has no usable id; `fingerprint` is 32 hex digits over the record without its volatile keys.
 */
export type CutRecord = {
  start: number
  end: number
  sourceId: string | null
  fingerprint: string
}

/** A page that was read: its bytes, where each record lies, and what the envelope says. */
export type SourcePage = {
  bytes: Buffer
  records: CutRecord[]
  /** The source's own end mark is absent: there is more after this page. */
  hasNext: boolean
  /** The page size that was really applied, which may be less than what was asked. */
  pageSize: number
  /** Rows in the whole segment, where the source says so. */
  total: number | null
  /** Some bytes were not UTF-8 and were replaced by U+FFFD. */
  repaired: boolean
}

/** What a reply means. The only place where a status code is judged. `why` is a sentence for people. */
export type Outcome<T> =
  | { kind: 'data'; data: T }
  | { kind: 'slow-down'; why: string }
  | { kind: 'retry'; why: string }
  | { kind: 'smaller-page'; why: string }
  | { kind: 'stop'; reason: 'auth' | 'quota' | 'protocol'; why: string }

/** One brand as the source lists it; `count` is a hint, never a proof. */
export type Brand = { id: string; name: string; count: number | null }

/**
 * A record read as a car, or the reason why it cannot be one. `raw` is what is stored as such, valid for `jsonb`, and `parsed` is what it says. `drift`:
 * what in the record is not as known, each thing once, as a short text (see `drift-counts.ts`).
 */
export type Reading =
  | { kind: 'car'; sourceId: string; car: Car; raw: Uint8Array; parsed: unknown; drift: readonly string[] }
  | { kind: 'rejected'; sourceId: string | null; rejection: Rejection; payload: string; drift: readonly string[] }

/** A car that the removal feed lists. `at` is when it went, by the source's clock, ms since 1970. A hint, never a proof. */
export type Gone = { sourceId: string; at: number }

/** A page of the removal feed. */
export type GonePage = { gone: Gone[]; hasNext: boolean }

/** What the source tells of its own movement. Periods are whole minutes back from the source's present. */
export type Feeds = {
  /** The longest period that may be asked for. */
  maxMinutes: number
  /** The filter that selects the cars that came or changed within the period. */
  changes(minutes: number): Filter
  goneRequest(access: Access, ask: { minutes: number; pageSize: number; page: number }): SourceRequest
  readGone(reply: Reply, ask: { pageSize: number; page: number }): Outcome<GonePage>
}

/** How one car is asked for by its id. `false`: the source answers properly, and has no such car. */
export type Lookup = {
  request(access: Access, sourceId: string): SourceRequest
  read(reply: Reply, sourceId: string): Outcome<boolean>
}

export type Traits = {
  /** The largest page worth asking for, rows. */
  maxPageSize: number
  /** What the vendor reports, by host: requests per second. A starting point, never a truth. */
  documentedLimits: Readonly<Record<string, number>>
  needsKey: boolean
}

export type Source = {
  name: string
  traits: Traits
  /** Raised whenever the same record would be read differently; part of every fingerprint comparison. */
  readerVersion: number
  pageRequest(access: Access, ask: PageAsk): SourceRequest
  /** Asks how many rows a filter has. */
  countRequest(access: Access, filter: Filter): SourceRequest
  brandsRequest(access: Access): SourceRequest
  /** The filter that selects exactly these brands. */
  brandFilter(brandIds: readonly string[]): Filter
  readPage(reply: Reply, ask: PageAsk): Outcome<SourcePage>
  /** null: the source answers but gives no total. */
  readCount(reply: Reply): Outcome<number | null>
  readBrands(reply: Reply): Outcome<Brand[]>
  /** null: the source says nothing of what changed or went; only full sweeps tell. */
  feeds: Feeds | null
  /** null: a car cannot be asked for by id. */
  lookup: Lookup | null
  /** A record that was kept as text, as the only one of a page. */
  keptRecord(payload: string): SourcePage
  /** Parses one record of a page. Throws SyntaxError when the bytes are not JSON. `readAt` in ms since 1970. */
  readRecord(page: SourcePage, record: CutRecord, readAt: number): Reading
  /** Whether a stored record, as JSON text, says the same as one that was parsed, once volatile keys are left out. */
  isSameRecord(stored: string, parsed: unknown): boolean
}
