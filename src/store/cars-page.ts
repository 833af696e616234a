/** A page of the table `cars` for people: searched, filtered, and paged by key. Reads only. */
import type { Database, Names } from './database.ts'
import { storable } from './database.ts'
import { ISO } from './iso.ts'

/** `make` and `search` are null for all. `after` is the `sourceId` of the last car of the page before; null: the first page. */
export type CarsQuestion = {
  search: string | null
  make: string | null
  show: 'living' | 'removed'
  after: string | null
  limit: number
}

/** Numbers that may be exact decimals are text. */
export type ListedCar = {
  sourceId: string
  title: string | null
  make: string | null
  model: string | null
  year: number | null
  price: string | null
  currency: string | null
  mileageKm: number | null
  fuel: string | null
  status: string
  city: string | null
  country: string | null
  vin: string | null
  changedAt: string
  removedAt: string | null
}

/**
 * At most `limit` cars by ascending `source_id`, and `next`, the key to go on with; null: there are no more. A search looks
 * for its words in title, make, model, VIN, lot number and id; each must occur.
 */
export const readCarsPage = async (
  db: Database,
  names: Names,
  { search, make, show, after, limit }: CarsQuestion,
): Promise<{ cars: ListedCar[]; next: string | null }> => {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 6)
  const rows = await db.query(
    `select source_id, title, make, model, year, price::text, currency, mileage_km::float8, fuel, status, city, country, vin,
            ${ISO('changed_at')} as changed, ${ISO('removed_at')} as removed
     from ${names.cars} c
     where source = $1 and ($2::text is null or source_id > $2) and ($3::text is null or make = $3)
       and (removed_at is not null) = $4::boolean
       and not exists (
         select from jsonb_array_elements_text($5::text::jsonb) as w(word)
         where strpos(lower(concat_ws(' ', title, make, model, vin, lot_number, source_id)), word) = 0)
     order by source_id limit $6::int`,
    [
      names.source,
      after === null ? null : storable(after),
      make === null ? null : storable(make),
      show === 'removed',
      JSON.stringify(words.map(storable)),
      limit + 1,
    ],
  )
  const cars = rows.slice(0, limit).map((row) => ({
    sourceId: row.source_id,
    title: row.title,
    make: row.make,
    model: row.model,
    year: row.year,
    price: row.price,
    currency: row.currency,
    mileageKm: row.mileage_km,
    fuel: row.fuel,
    status: row.status,
    city: row.city,
    country: row.country,
    vin: row.vin,
    changedAt: row.changed,
    removedAt: row.removed,
  }))
  return { cars, next: rows.length > limit ? cars.at(-1)!.sourceId : null }
}
