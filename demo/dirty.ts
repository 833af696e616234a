import { checkDigit } from './vin.ts'

type Json = Record<string, unknown>
type Record_ = Json & { lots: Json[]; vin: string; year: number; title: string }

const big = '긴 설명 long text, '.repeat(9100)

/** A change to the first lot. */
function lot(change: (lot: Json) => Json) {
  return (car: Record_): unknown => ({
    ...car,
    lots: car.lots.map((old, nth) => (nth === 0 ? { ...old, ...change(old) } : old)),
  })
}

function car(change: (car: Record_) => Json) {
  return (old: Record_): unknown => ({ ...old, ...change(old) })
}

function without(key: string) {
  return (old: Record_): unknown => Object.fromEntries(Object.entries(old).filter(([name]) => name !== key))
}

const nothing = { generation: null, color: null, fuel: null, cylinders: null }

/** Every way in which a record can be dirty. The order is the order in which they rotate. */
const spoilers = {
  year_zero: car(() => ({ year: 0 })),
  year_far: car(() => ({ year: 3000 })),
  year_word: car(() => ({ year: 'abc' })),
  year_text: car((old) => ({ year: String(old.year) })),
  price_negative: lot(() => ({ buy_now: -8200 })),
  price_text: lot(() => ({ buy_now: '8200.50' })),
  price_fraction: lot(() => ({ buy_now: 8200.5 })),
  price_zero: lot(() => ({ buy_now: 0 })),
  odometer_huge: lot(() => ({ odometer: { km: 3_000_000_000, mi: 1_864_113_576, status: { name: 'actual', id: 1 } } })),
  odometer_text: lot(() => ({ odometer: { km: '123456', mi: '76712', status: { name: 'actual', id: 1 } } })),
  vin_malformed: car(() => ({ vin: 'NOT-A-VIN' })),
  vin_null: car(() => ({ vin: null })),
  vin_lower: car((old) => ({ vin: old.vin.toLowerCase() })),
  vin_check: car((old) => ({
    vin: `${old.vin.slice(0, 8)}${checkDigit(old.vin) === '1' ? '2' : '1'}${old.vin.slice(9)}`,
  })),
  title_nul: car((old) => ({ title: `${old.title}\u0000 end` })),
  title_surrogate: car((old) => ({ title: `${old.title} \ud83d end` })),
  title_hostile: car(() => ({
    title: `Tab\t back\\slash "quoted" 'single'); DROP TABLE cars; -- \u2028 \\u0000 {a,b} $1 👋`,
  })),
  text_huge: lot((old) => ({ details: { ...(old.details as Json | null), description_ko: big } })),
  nulls: (old: Record_): unknown => lot(() => ({ seller: null, images: null }))({ ...old, ...nothing }),
  plain_names: car((old) => ({ manufacturer: nameOf(old.manufacturer), model: nameOf(old.model) })),
  unknown_enums: (old: Record_): unknown =>
    lot(() => ({ status: { name: 'teleported', id: 42 } }))({ ...old, fuel: { name: 'fusion', id: 99 } }),
  lots_missing: without('lots'),
  lots_empty: car(() => ({ lots: [] })),
  id_missing: without('id'),
  not_object_text: (): unknown => 'this is not a car',
  not_object_null: (): unknown => null,
  duplicate: (old: Record_): unknown => old,
  extra_keys: lot(() => ({
    brand_new_field: { nested: [1, 2.5, 'three', null] },
    '': 'empty key',
    'key with spaces': true,
  })),
  proto_key: (old: Record_): unknown => old,
} as const

function nameOf(value: unknown): unknown {
  return (value as { name?: unknown } | null)?.name ?? null
}

/** One way to be dirty. */
export type DirtyKind = keyof typeof spoilers
/** All of them, in the order in which they rotate over the dirty cars. */
export const dirtyKinds = Object.keys(spoilers) as DirtyKind[]

/** How car `index` is dirty at this fraction, or null. The n-th dirty car has kind `dirtyKinds[n % dirtyKinds.length]`. */
export function dirtyKind(index: number, fraction: number): DirtyKind | null {
  const before = Math.floor(index * fraction)
  if (Math.floor((index + 1) * fraction) === before) return null
  return dirtyKinds[before % dirtyKinds.length] as DirtyKind
}

/** The dirty ones among the first `count` cars. */
export function* dirtyCars(count: number, fraction: number): Generator<{ index: number; kind: DirtyKind }> {
  for (let index = 0; index < count; index++) {
    const kind = dirtyKind(index, fraction)
    if (kind !== null) yield { index, kind }
  }
}

/** A clean record made dirty. For `duplicate`, `json` must already be the neighbour's. */
export function spoil(json: Buffer, kind: DirtyKind): Buffer {
  if (kind === 'duplicate') return json
  // Written as text: assigning to `__proto__` would set a prototype instead of making a key.
  if (kind === 'proto_key') return Buffer.from(`{"__proto__":{"polluted":true},${json.toString().slice(1)}`)
  return Buffer.from(JSON.stringify(spoilers[kind](JSON.parse(json.toString()) as Record_)))
}
