import type { Faults } from './faults.ts'
import type { LimitHeaders } from './limit-headers.ts'
import type { Limit } from './limits.ts'
import type { Order } from './listing.ts'

/** What a demo API may be asked to be. Everything is off or generous unless asked for. */
export type DemoOptions = {
  /** Cars in the inventory; default 190,000. */
  cars?: number
  seed?: number
  /** Cars without a manufacturer, at the end of the inventory: in the unfiltered listing only. */
  brandless?: number
  /** Fraction (0 to 1) of records that are dirty; see dirty.ts. */
  dirty?: number
  /** 0 (default) takes any free port. */
  port?: number
  host?: string
  /** Largest `per_page`; larger is clamped (default 1000). */
  maxPageSize?: number
  /** `per_page` when none is asked for. */
  defaultPageSize?: number
  /** Answers 422 instead of clamping. */
  rejectLargePages?: boolean
  /** If set, requests must carry it as `x-api-key`. */
  apiKey?: string
  /** False: `simple_paginate=0` is ignored, so no totals. */
  totals?: boolean
  /** Start of the addresses in `links` and `meta.path`; plain http by default (DOMAIN trap 1). */
  linkBase?: string
  limit?: Limit
  limitHeaders?: LimitHeaders
  /** Requests after which every answer is 429 "monthly quota". */
  quota?: number
  latencyMs?: number
  latencyJitterMs?: number
  faults?: Faults
  /** Compresses for clients that accept it. */
  gzip?: boolean
  /** Counts requests per page, for tests that forbid reading twice. */
  trackPages?: boolean
  /** Share of the inventory that changes, comes, goes or comes back per minute. */
  churnPerMinute?: number
  /** How listings and the `minutes` feed are sorted; default by id. By last change, a change moves all rows before it. */
  order?: Order
  /** The instant (ms) the server's clock shows at its start; it then runs on. Default: the real time. */
  clockAt?: number
}

/** Options with their defaults filled in. */
export type DemoSettings = Required<Omit<DemoOptions, 'apiKey' | 'limit' | 'quota' | 'clockAt'>> &
  Pick<DemoOptions, 'apiKey' | 'limit' | 'quota' | 'clockAt'>

/** Fills in the defaults. */
export function settle(options: DemoOptions): DemoSettings {
  return {
    cars: 190_000,
    seed: 1,
    brandless: 0,
    dirty: 0,
    port: 0,
    host: '127.0.0.1',
    maxPageSize: 1000,
    defaultPageSize: 20,
    rejectLargePages: false,
    totals: true,
    linkBase: 'http://auctionsapi.com/api',
    limitHeaders: 'none',
    latencyMs: 0,
    latencyJitterMs: 0,
    faults: {},
    gzip: false,
    trackPages: false,
    churnPerMinute: 0,
    order: 'id',
    ...options,
  }
}
