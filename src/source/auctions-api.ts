/** The paged AuctionsAPI (`https://auctionsapi.com/api`). */
import { sameRecord } from '../car/same-record.ts'
import { carOf } from './auctions-api/car-of.ts'
import { driftOf } from './auctions-api/drift.ts'
import { readBrands } from './auctions-api/read-brands.ts'
import { readCount } from './auctions-api/read-count.ts'
import { readGone } from './auctions-api/read-gone.ts'
import { readPage } from './auctions-api/read-page.ts'
import { readPresence } from './auctions-api/read-presence.ts'
import {
  brandFilter,
  brandsRequest,
  carRequest,
  changesFilter,
  countRequest,
  goneRequest,
  pageRequest,
} from './auctions-api/request.ts'
import { keptRecord } from './cut-record.ts'
import { readRecord } from './read-record.ts'
import type { Source } from './source.ts'

export const auctionsApi: Source = {
  name: 'auctionsapi',
  traits: { maxPageSize: 1000, documentedLimits: { 'auctionsapi.com': 1 }, needsKey: true },
  readerVersion: 1,
  pageRequest,
  countRequest,
  brandsRequest,
  brandFilter,
  readPage,
  readCount,
  readBrands,
  feeds: { maxMinutes: 4320, changes: changesFilter, goneRequest, readGone },
  lookup: { request: carRequest, read: readPresence },
  keptRecord: (payload) => keptRecord(payload),
  readRecord: (page, record, readAt) => readRecord(page, record, readAt, { idName: 'id', carOf, driftOf }),
  isSameRecord: (stored, parsed) => sameRecord(JSON.parse(stored), parsed),
}
