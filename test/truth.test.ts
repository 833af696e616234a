/**
 * Every stored row of a dirty inventory against a truth made here from the served JSON and the words of DOMAIN.md
 * ("Fields", "Enumerations", "VIN"), without a line of the readers in `src`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DemoCar, startDemoApi } from '../demo/demo-api.ts'
import type { DirtyKind } from '../demo/dirty.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { syncOnce } from './support/sync-once.ts'

const CARS = 2000
const BRANDLESS = 20

// biome-ignore lint/suspicious/noExplicitAny: records of every malformed shape
type Json = any
type Truth = { kind: DirtyKind | 'clean'; row: Record<string, unknown>; raw: Json }
type Unstorable = { kind: string; sourceId: string | null; reason: string; path: string; payload: string }

const STATUS: Record<number, string> = {
  1: 'unknown',
  2: 'not_sold',
  3: 'on_sale',
  4: 'pending',
  5: 'upcoming',
  6: 'sold',
  7: 'not_sold',
  8: 'not_sold',
  9: 'upcoming',
}
const FUEL = ['', 'diesel', 'electric', 'hybrid', 'gasoline', 'gas', 'flexible', 'hydrogen']
const TRANSMISSION = ['', 'automatic', 'manual']
const DRIVE = ['', 'rear', 'front', 'all']
const SELLER = ['', 'insurance', 'non_insurance']
const SITE: Record<number, string> = { 1: 'iaai_com', 3: 'copart_com', 12: 'encar_com' }

/** What Postgres cannot hold, in texts and in keys of any depth, as U+FFFD. */
const repaired = (value: Json): Json => {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\ufffd')
  if (Array.isArray(value)) return value.map(repaired)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]): [string, Json] => [repaired(key), repaired(inner)])
  return Object.fromEntries(entries)
}

const checkDigit = (vin: string): string => {
  const letters = 'ABCDEFGH..JKLMN.P.R..STUVWXYZ'
  const values = '12345678..12345.7.9..23456789'
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  const sum = [...vin].reduce((acc, char, at) => {
    const value = char >= '0' && char <= '9' ? Number(char) : Number(values[letters.indexOf(char)])
    return acc + value * weights[at]!
  }, 0)
  return sum % 11 === 10 ? 'X' : `${sum % 11}`
}

const name = (value: Json, names: readonly string[] | Record<number, string> = []): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return (names as Record<number, string>)[value.id] ?? value.name
}

const decimal = (value: Json): string | null =>
  value === null || value === undefined
    ? null
    : String(value)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '')

/** The one on sale, else the latest: of two made in the same instant the one with the higher id. */
const shown = (lots: Json): Json => {
  const byAge = [...(lots ?? [])].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id - a.id)
  return byAge.find((lot) => lot.status.id === 3) ?? byAge[0] ?? {}
}

const rowOf = (car: Json, wasRepaired: boolean): Record<string, unknown> => {
  const lot = shown(car.lots)
  const flags: string[] = wasRepaired ? ['text_repaired'] : []

  let year: number | null = Number(car.year)
  if (Number.isNaN(year)) flags.push('year_malformed')
  else if (year < 1886 || year > new Date().getUTCFullYear() + 2) flags.push('year_implausible')
  if (flags.some((flag) => flag.startsWith('year'))) year = null

  let vin: string | null = null
  if (car.vin !== null) {
    vin = car.vin.trim().toUpperCase()
    if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(vin!)) {
      flags.push('vin_malformed')
      vin = null
    } else if (checkDigit(vin!) !== vin![8]) flags.push('vin_check_digit')
  }

  let price = decimal(lot.buy_now)
  if (price === '0') price = null
  if (price?.startsWith('-')) {
    flags.push('price_negative')
    price = null
  }
  const normal = lot.images?.normal ?? lot.images?.big ?? null
  const km = lot.odometer?.km ?? null
  const saleDate = lot.sale_date ? Date.parse(`${lot.sale_date.replace(' ', 'T').replace('Z', '')}Z`) : null
  return {
    make: name(car.manufacturer),
    model: name(car.model),
    generation: name(car.generation),
    trim: lot.details?.badge ?? null,
    year,
    vin,
    title: car.title,
    price,
    currency: 'USD',
    bid: decimal(lot.bid),
    final_price: decimal(lot.final_bid ?? lot.final_price),
    mileage_km: km === null ? null : String(km),
    fuel: name(car.fuel, FUEL),
    transmission: name(car.transmission, TRANSMISSION),
    body_type: name(car.body_type),
    color: name(car.color),
    drive: name(car.drive_wheel, DRIVE),
    engine: name(car.engine),
    engine_cc: lot.details?.engine_volume ?? null,
    cylinders: car.cylinders,
    seats: lot.details?.seats_count ?? null,
    lot_number: lot.lot === undefined ? null : String(lot.lot),
    site: name(lot.domain, SITE),
    status: STATUS[lot.status?.id] ?? 'unknown',
    sale_date: saleDate,
    seller_type: name(lot.seller_type, SELLER),
    country: lot.location?.country.iso.toUpperCase() ?? null,
    city: name(lot.location?.city),
    image_url: normal?.[0] ?? null,
    images: normal,
    flags: flags.sort(),
  }
}

/** What must be in `cars` by id, and what must be in `carsync.rejects`. */
const truthOf = (served: readonly DemoCar[]): { cars: Map<string, Truth>; unstorable: Unstorable[] } => {
  const cars = new Map<string, Truth>()
  const unstorable: Unstorable[] = []
  for (const { json, dirty } of served) {
    const parsed = JSON.parse(json)
    const kind = dirty ?? 'clean'
    if (parsed === null || typeof parsed !== 'object')
      unstorable.push({ kind, sourceId: null, reason: 'not_an_object', path: '', payload: json })
    else if (parsed.id === undefined)
      unstorable.push({ kind, sourceId: null, reason: 'id_missing', path: 'id', payload: json })
    else {
      const raw = repaired(parsed)
      cars.set(String(parsed.id), { kind, row: rowOf(raw, JSON.stringify(raw) !== JSON.stringify(parsed)), raw })
    }
  }
  return { cars, unstorable }
}

const COLUMNS = `make, model, generation, trim, year, vin, title, price::text, currency, bid::text, final_price::text,
  mileage_km::text, fuel, transmission, body_type, color, drive, engine, engine_cc, cylinders, seats, lot_number, site,
  status, (extract(epoch from sale_date) * 1000)::float8 as sale_date, seller_type, country, city, image_url,
  to_jsonb(images)::text as images, to_jsonb(flags)::text as flags`

for (const databaseKind of databaseKinds)
  test(`a dirty inventory in ${databaseKind}`, async (t) => {
    const [api, db] = await Promise.all([
      startDemoApi({ cars: CARS, brandless: BRANDLESS, dirty: 0.3 }),
      newDatabase(databaseKind),
    ])
    t.after(() => api.close())
    const served: DemoCar[] = []
    for await (const car of api.truth()) served.push(car)
    const truth = truthOf(served)
    const { summary } = await syncOnce({ db, url: api.url })
    const ofKind = (kind: string): string[] =>
      [...truth.cars].filter(([, car]) => car.kind === kind).map(([sourceId]) => sourceId)
    const stored = async (sourceId: string): Promise<Record<string, Json>> =>
      (await db.query('select *, raw::text as raw from cars where source_id = $1', [sourceId]))[0]!

    await t.test('has an inventory that holds every kind of dirt', () => {
      const kinds = new Set(served.map((car) => car.dirty))
      assert.equal(kinds.size, 30, 'twenty-nine kinds, and clean cars')
      assert.equal(served.length, CARS)
      assert.ok(truth.unstorable.length >= 50)
      assert.equal(served.filter((car) => JSON.parse(car.json)?.manufacturer === null).length > 0, true, 'brandless')
    })

    await t.test('holds every car once, each field as the source has it', async () => {
      const rows = await db.query(`select source, source_id, ${COLUMNS} from cars`)
      assert.deepEqual(rows.map((row) => row.source_id).sort(), [...truth.cars.keys()].sort())
      for (const { source, source_id: sourceId, images, flags, ...row } of rows) {
        const expected = truth.cars.get(sourceId)!
        const found = {
          ...row,
          price: decimal(row.price),
          bid: decimal(row.bid),
          final_price: decimal(row.final_price),
          images: JSON.parse(images),
          flags: JSON.parse(flags).sort(),
        }
        assert.equal(source, 'auctionsapi')
        assert.deepEqual(found, expected.row, `car ${sourceId} (${expected.kind})`)
      }
    })

    await t.test('holds every record as it came, but for what Postgres cannot hold', async () => {
      const all = [...truth.cars]
      let compared = 0
      for (let at = 0; at < all.length; at += 400) {
        const expected = all.slice(at, at + 400).map(([id, { raw }]) => ({ id, raw }))
        const rows = await db.query(
          `select e->>'id' as id, c.raw = e->'raw' as same
           from jsonb_array_elements($1::text::jsonb) as e left join cars c on c.source_id = e->>'id'`,
          [JSON.stringify(expected)],
        )
        for (const { id, same } of rows) assert.equal(same, true, `raw of car ${id} (${truth.cars.get(id)!.kind})`)
        compared += rows.length
      }
      assert.equal(compared, truth.cars.size)
    })

    await t.test('says why a fact is missing', async () => {
      const wanted: [DirtyKind, string, Record<string, unknown>][] = [
        ['year_zero', 'year_implausible', { year: null }],
        ['year_far', 'year_implausible', { year: null }],
        ['year_word', 'year_malformed', { year: null }],
        ['price_negative', 'price_negative', { price: null }],
        ['vin_malformed', 'vin_malformed', { vin: null }],
        ['vin_check', 'vin_check_digit', {}],
        ['title_nul', 'text_repaired', {}],
        ['title_surrogate', 'text_repaired', {}],
      ]
      for (const [kind, flag, columns] of wanted) {
        const ids = ofKind(kind)
        assert.ok(ids.length >= 20, kind)
        for (const id of ids) {
          const row = await stored(id)
          assert.ok(row.flags.includes(flag), `${kind} ${id}: ${row.flags}`)
          for (const [column, value] of Object.entries(columns)) assert.equal(row[column], value, `${kind} ${id}`)
        }
      }
      const repairs = await db.query(`select source_id from cars where 'text_repaired' = any(flags)`)
      const expected = [...ofKind('title_nul'), ...ofKind('title_surrogate')]
      assert.deepEqual(repairs.map((row) => row.source_id).sort(), expected.sort(), 'nothing else was repaired')
    })

    await t.test('stores hostile text and 200 kB of it to the letter', async () => {
      const [nul] = ofKind('title_nul')
      assert.match((await stored(nul!)).title, /[^\ufffd]\ufffd end$/)
      const [surrogate] = ofKind('title_surrogate')
      assert.match((await stored(surrogate!)).title, / \ufffd end$/)
      const [hostile] = ofKind('title_hostile')
      assert.equal(
        (await stored(hostile!)).title,
        `Tab\t back\\slash "quoted" 'single'); DROP TABLE cars; -- \u2028 \\u0000 {a,b} $1 👋`,
      )
      for (const id of ofKind('text_huge')) {
        const [huge] = await db.query(
          `select octet_length(raw->'lots'->0->'details'->>'description_ko') as bytes,
                  raw->'lots'->0->'details'->>'description_ko' as text from cars where source_id = $1`,
          [id],
        )
        assert.ok(huge!.bytes >= 200_000, `${huge!.bytes} bytes`)
        assert.equal(huge!.text, '긴 설명 long text, '.repeat(9100))
      }
      const [odometer] = ofKind('odometer_huge')
      assert.equal(String((await stored(odometer!)).mileage_km), '3000000000')
    })

    await t.test('keeps every record that is no car, once for each place where it was met', async () => {
      const rows = await db.query(
        'select run_id::text, segment, page, position, source_id, reason, path, payload from carsync.rejects',
      )
      const [{ brands }] = (await db.query(
        `select array_to_string(array_agg(distinct segment), '|') as brands from carsync.pages where segment not in ('all', 'changes')`,
      )) as [{ brands: string }]
      assert.equal(brands, 'Audi|BMW|Mercedes-Benz|Volkswagen')
      const plain = (reject: Json): string =>
        JSON.stringify([reject.sourceId ?? reject.source_id ?? null, reject.reason, reject.path, reject.payload])
      const whole = rows.filter((row) => row.segment === 'all')
      assert.deepEqual(whole.map(plain).sort(), truth.unstorable.map(plain).sort())
      for (const row of rows) {
        assert.equal(row.run_id, summary.runId)
        // Where it says that it was met, it was.
        if (row.segment === 'all') {
          const { pageSize } = summary.learned
          assert.equal(served[(row.page - 1) * pageSize + row.position]!.json, row.payload)
        } else assert.ok(whole.some((other) => other.payload === row.payload))
      }
    })

    await t.test('counts right', async () => {
      assert.equal(summary.status, 'complete')
      const [rejects] = await db.query('select count(*)::int as n from carsync.rejects')
      assert.deepEqual(summary.cars, {
        seen: truth.cars.size,
        inserted: truth.cars.size,
        updated: 0,
        unchanged: 0,
        removed: 0,
        rejected: rejects!.n,
      })
      const duplicates = served.filter((car) => car.dirty === 'duplicate').length
      assert.ok(duplicates >= 20)
      assert.equal(truth.cars.size + truth.unstorable.length + duplicates, CARS)
      const [changes] = await db.query('select count(*)::int as n from car_changes')
      assert.equal(changes!.n, 0)
    })
  })
