/** How many cars there are of each make. Reads only. */
import type { Database, Names } from './database.ts'

/** `make` is null for cars without one. `removed` counts cars that are gone; they are not in `cars`. */
export type BrandCount = { make: string | null; cars: number; onSale: number; removed: number }

/** The makes of the source, the largest first. */
export const readInventory = async (db: Database, names: Names): Promise<BrandCount[]> => {
  const rows = await db.query(
    `select make, count(*) filter (where removed_at is null)::float8 as cars,
            count(*) filter (where removed_at is null and status = 'on_sale')::float8 as on_sale,
            count(*) filter (where removed_at is not null)::float8 as removed
     from ${names.cars} where source = $1 group by make order by 2 desc, make nulls last`,
    [names.source],
  )
  return rows.map((row) => ({ make: row.make, cars: row.cars, onSale: row.on_sale, removed: row.removed }))
}
