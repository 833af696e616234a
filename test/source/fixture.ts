/** Records and answers in the shapes of the AuctionsAPI, written by hand. */
import { existsSync, readFileSync } from 'node:fs'
import type { Outcome, Reply } from '../../src/source/source.ts'

type Members = Record<string, unknown>

/** An instant to read records at: 1 October 2026. */
export const READ_AT = Date.UTC(2026, 9, 1)

export const lotWith = (members: Members = {}): Members => ({
  id: 501,
  lot: '70000501',
  domain: { name: 'copart_com', id: 3 },
  odometer: { km: 92661, mi: 57577, status: { name: 'actual', id: 1 } },
  bid: 8200,
  bid_updated_at: '2026-09-09 19:37:39',
  buy_now: 9900,
  buy_now_updated_at: '2026-09-09T19:37:39.000000Z',
  final_bid: null,
  sale_date: '2026-10-09T19:00:00.000000Z',
  sale_date_updated_at: '2026-09-02T00:03:49.000000Z',
  status: { name: 'sale', id: 3 },
  seller: null,
  seller_type: { name: 'insurance', id: 1 },
  images: { id: 7, small: null, normal: ['https://img.example/1.jpg', 'https://img.example/2.jpg'], big: null },
  location: { country: { iso: 'us', name: 'USA' }, city: { id: 41, name: 'phoenix' }, postal_code: '85000 1234' },
  created_at: '2026-08-11T00:18:13.000000Z',
  updated_at: '2026-09-09T21:01:59.000000Z',
  details: { badge: '2.0 TDI quattro', engine_volume: 1968, seats_count: 5, original_price: 10_500_000 },
  ...members,
})

export const recordWith = (members: Members = {}): Members => ({
  id: 1001,
  year: 2019,
  title: '2019 Audi Q5 Premium',
  vin: '1M8GDM9AXKP042788',
  manufacturer: { id: 9, name: 'Audi' },
  model: { id: 1577, name: 'Q5', manufacturer_id: 9 },
  generation: { id: 5122, name: 'II (FY)', manufacturer_id: 9, model_id: 1577 },
  body_type: { name: 'suv', id: 5 },
  color: { name: 'white', id: 13 },
  engine: { id: 19569, name: ' 2.0l 4' },
  transmission: { name: 'automatic', id: 1 },
  drive_wheel: { name: 'all', id: 3 },
  vehicle_type: { name: 'automobile', id: 1 },
  fuel: { name: 'diesel', id: 1 },
  cylinders: 4,
  lots: [lotWith()],
  ...members,
})

export const NEXT = 'http://api.example/api/cars?page=2'

/** The envelope as the API sends it, for page 1 of 50 a page unless told otherwise. */
export const listing = (data: unknown, { next = null as unknown, meta = {} as Members } = {}): Members => ({
  data,
  links: { first: 'http://api.example/api/cars?page=1', last: null, prev: null, next },
  meta: { current_page: 1, from: 1, path: 'http://api.example/api/cars', per_page: 50, to: 50, ...meta },
})

/** An answer; anything but text and bytes is sent as JSON. */
export const reply = (body: unknown, status = 200, headers: Record<string, string> = {}): Reply => ({
  kind: 'reply',
  status,
  headers: new Headers({ 'content-type': 'application/json', ...headers }),
  body: body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  sentAt: READ_AT - 200,
  receivedAt: READ_AT,
})

/** The data of an outcome; throws with its reason where it has none. */
export const dataOf = <T>(outcome: Outcome<T>): T => {
  if (outcome.kind === 'data') return outcome.data
  throw new Error(`${outcome.kind}: ${outcome.why}`)
}

/** The reason of an outcome that should not have data. */
export const whyOf = (outcome: Outcome<unknown>, kind: string): string => {
  if (outcome.kind !== kind || outcome.kind === 'data')
    throw new Error(`wanted ${kind}, got ${JSON.stringify(outcome)}`)
  return outcome.why
}

/** A real payload, kept outside of the project; null where it is not there. */
export const sample = (path: string): Buffer | null => {
  const url = new URL(`../../../shared/samples/${path}`, import.meta.url)
  return existsSync(url) ? readFileSync(url) : null
}

export const NO_SAMPLES = 'real payloads (../shared/samples) are not here'
