/**
 * The API's records as they were known when the readers were written: the keys of a car, a lot and its details, and the
 * types that were seen under each. null is known everywhere.
 */
import type { Names } from '../../car/field.ts'
import {
  CONDITIONS,
  DRIVES,
  FUELS,
  ODOMETER_STATUSES,
  SELLER_TYPES,
  SITES,
  STATUS_NAMES,
  TRANSMISSIONS,
} from './enumerations.ts'

/** Types of JSON as bits, so that one look tells whether a value has one of several. */
export const TYPES = { string: 1, number: 2, boolean: 4, object: 8, list: 16 } as const

/** A key of which only null was ever seen. */
const ANY = 31
const { string: TEXT, number: NUMBER, boolean: FLAG, object: OBJECT, list: LIST } = TYPES
/** Prices, odometers and numbers of lots come as both. */
const AMOUNT = TEXT | NUMBER

/**
 * What is known of a key. `path` is where it stands. `inner`: of the members of its object, those that columns are made
 * of; others there are not looked at. `ids`: the numbered list that its `id` is of.
 */
export type KnownKey = {
  key: string
  path: string
  types: number
  inner: readonly KnownKey[]
  ids: ReadonlySet<number> | null
}
export type KnownKeys = ReadonlyMap<string, KnownKey>

type Inner = Readonly<Record<string, Told>>
/** How a key is told in the lists below: its types alone, or with what is inside. */
type Told = number | { types: number; inner?: Inner; names?: Names }

const knownKey = (path: string, key: string, told: Told): KnownKey => {
  const { types, inner = {}, names } = typeof told === 'number' ? { types: told } : told
  const at = `${path}${key}`
  return {
    key,
    path: at,
    types,
    inner: Object.entries(inner).map(([name, each]) => knownKey(`${at}.`, name, each)),
    ids: names === undefined ? null : new Set(Object.keys(names).map(Number)),
  }
}
const keys = (path: string, told: Inner): KnownKeys =>
  new Map(Object.entries(told).map(([key, each]) => [key, knownKey(path, key, each)]))

const listed = (names: Names): Told => ({ types: OBJECT, names })

export const CAR_KEYS: KnownKeys = keys('', {
  id: AMOUNT,
  year: NUMBER,
  title: TEXT,
  vin: TEXT,
  manufacturer: OBJECT | TEXT,
  model: OBJECT | TEXT,
  generation: OBJECT,
  body_type: OBJECT,
  color: OBJECT,
  engine: OBJECT,
  transmission: listed(TRANSMISSIONS),
  drive_wheel: listed(DRIVES),
  vehicle_type: OBJECT,
  fuel: listed(FUELS),
  cylinders: NUMBER,
  lots: LIST,
})

export const LOT_KEYS: KnownKeys = keys('lots[].', {
  id: NUMBER,
  lot: AMOUNT,
  domain: listed(SITES),
  external_id: AMOUNT,
  odometer: { types: OBJECT, inner: { km: AMOUNT, mi: AMOUNT, status: listed(ODOMETER_STATUSES) } },
  estimate_repair_price: AMOUNT,
  pre_accident_price: AMOUNT,
  clean_wholesale_price: AMOUNT,
  actual_cash_value: AMOUNT,
  sale_date: TEXT,
  sale_date_updated_at: TEXT,
  bid: AMOUNT,
  bid_updated_at: TEXT,
  buy_now: AMOUNT,
  buy_now_updated_at: TEXT,
  final_bid: AMOUNT,
  final_bid_updated_at: TEXT,
  final_price: AMOUNT,
  final_price_updated_at: TEXT,
  status: listed(STATUS_NAMES),
  seller: OBJECT,
  seller_type: listed(SELLER_TYPES),
  title: OBJECT,
  detailed_title: OBJECT,
  note: ANY,
  damage: OBJECT,
  keys_available: FLAG,
  airbags: OBJECT,
  condition: listed(CONDITIONS),
  grade_iaai: AMOUNT,
  images: { types: OBJECT, inner: { normal: LIST, big: LIST } },
  location: {
    types: OBJECT,
    inner: { country: { types: OBJECT | TEXT, inner: { iso: TEXT } }, city: OBJECT | TEXT },
  },
  tags: LIST,
  line: TEXT,
  selling_branch: OBJECT,
  created_at: TEXT,
  updated_at: TEXT,
  archived: FLAG | NUMBER,
  archived_at: TEXT,
  details: OBJECT,
  is_timed_auction: FLAG,
  timed_start_bid: ANY,
  seller_reserve: ANY,
  auction_type: OBJECT,
  prices: LIST,
})

export const DETAIL_KEYS: KnownKeys = keys('lots[].details.', {
  inspect_outer: LIST,
  seats_count: NUMBER,
  history: LIST,
  sell_type: TEXT,
  engine_volume: AMOUNT,
  original_price: AMOUNT,
  is_leasing: FLAG,
  year: NUMBER,
  month: NUMBER,
  first_registration: OBJECT,
  inspect: OBJECT,
  badge: TEXT,
  comment: TEXT,
  description_ko: TEXT,
  description_en: TEXT,
  insurance: OBJECT,
  insurance_v2: OBJECT,
  options: OBJECT,
  equipment: ANY,
})
