/**
 * What a car is, in the words of the table `cars`.
 *
 * `CAR_FIELDS` is the one list of what a source can tell about a car. The type `Car`, the statements that write and
 * compare rows and the binary encoder are all derived from it, so a new column is added here and in a migration.
 */

/** How a field is stored. `numeric` travels as exact decimal text, `timestamptz` as milliseconds since 1970. */
export type FieldType = 'text' | 'int' | 'bigint' | 'numeric' | 'timestamptz' | 'text[]'

export const CAR_FIELDS = {
  make: 'text',
  model: 'text',
  generation: 'text',
  trim: 'text',
  year: 'int',
  vin: 'text',
  title: 'text',
  price: 'numeric',
  currency: 'text',
  bid: 'numeric',
  final_price: 'numeric',
  mileage_km: 'bigint',
  fuel: 'text',
  transmission: 'text',
  body_type: 'text',
  color: 'text',
  drive: 'text',
  engine: 'text',
  engine_cc: 'int',
  cylinders: 'int',
  seats: 'int',
  lot_number: 'text',
  site: 'text',
  status: 'text',
  sale_date: 'timestamptz',
  seller_type: 'text',
  country: 'text',
  city: 'text',
  image_url: 'text',
  images: 'text[]',
  flags: 'text[]',
} as const satisfies Record<string, FieldType>

export type CarField = keyof typeof CAR_FIELDS

type Stored = { text: string; int: number; bigint: number; numeric: string; timestamptz: number; 'text[]': string[] }

export type CarStatus = 'on_sale' | 'upcoming' | 'pending' | 'sold' | 'not_sold' | 'unknown'

/** One car as the columns hold it. NULL is "the source does not say, or says something impossible; see `flags`". */
export type Car = { [F in Exclude<CarField, 'status' | 'flags'>]: Stored[(typeof CAR_FIELDS)[F]] | null } & {
  status: CarStatus
  flags: string[]
}

/** Why a record cannot be a car at all. `path` is where in the record, in dots: `lots.0.id`; `''` is the record itself. */
export type Rejection = { reason: string; path: string }
