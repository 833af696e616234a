import type { Car } from '../../car/car.ts'
import {
  type Flags,
  integer,
  isAbsent,
  type Members,
  members,
  moment,
  money,
  named,
  numeric,
  text,
  textList,
} from '../../car/field.ts'
import { vin } from '../../car/vin.ts'
import { DRIVES, FUELS, SELLER_TYPES, SITES, TRANSMISSIONS } from './enumerations.ts'
import { shownLot, statusOf } from './shown-lot.ts'

const KM_PER_MILE = 1.609344

/** The year of the first motor car, by Benz. */
const FIRST_YEAR = 1886
const CYLINDERS = { min: 0, max: 32 }
const SEATS = { min: 1, max: 200 }
const ENGINE_CC = { min: 0, max: 200_000 }
/** Odometers above int32 are sent; what a column `bigint` and a double both hold is kept. */
const MILEAGE = { min: 0, max: Number.MAX_SAFE_INTEGER, round: true }

const yearOf = (instant: number): number => new Date(instant).getUTCFullYear()

/** Kilometres, rounded; from miles only where kilometres are not given. */
const mileageKm = (odometer: Members, flags: Flags): number | null => {
  if (!isAbsent(odometer.km) || isAbsent(odometer.mi)) return integer(odometer.km, 'mileage', flags, MILEAGE)
  const miles = numeric(odometer.mi)
  return integer(miles === undefined ? odometer.mi : miles * KM_PER_MILE, 'mileage', flags, MILEAGE)
}

/** 0 is how the API says that there is no price. */
const buyNow = (value: unknown, flags: Flags): string | null => {
  const price = money(value, 'price', flags)
  return price === '0' ? null : price
}

const imagesOf = (images: Members, flags: Flags): string[] | null =>
  textList(images.normal, 'images', flags) ?? textList(images.big, 'images', flags)

const countryOf = (location: Members, flags: Flags): string | null => {
  const { country } = location
  const iso = typeof country === 'string' ? country : members(country, 'country', flags).iso
  return text(iso, 'country', flags)?.toUpperCase() ?? null
}

/**
 * A record of the API as a car. `readAt`, in milliseconds since 1970, bounds the year: cars are sold up to two model
 * years ahead. `flags` is filled and becomes the car's own.
 */
export const carOf = (record: Members, readAt: number, flags: Flags): Car => {
  const lot = shownLot(record.lots, flags)
  const details = members(lot.details, 'details', flags)
  const location = members(lot.location, 'location', flags)
  const images = imagesOf(members(lot.images, 'images', flags), flags)
  const finalPrice = isAbsent(lot.final_bid) ? lot.final_price : lot.final_bid
  return {
    make: named(record.manufacturer, 'make', flags),
    model: named(record.model, 'model', flags),
    generation: named(record.generation, 'generation', flags),
    trim: text(details.badge, 'trim', flags),
    year: integer(record.year, 'year', flags, { min: FIRST_YEAR, max: yearOf(readAt) + 2 }),
    vin: vin(record.vin, flags),
    title: text(record.title, 'title', flags),
    price: buyNow(lot.buy_now, flags),
    // Also for Encar, whose won stand in `details.original_price`.
    currency: 'USD',
    bid: money(lot.bid, 'bid', flags),
    final_price: money(finalPrice, 'final_price', flags),
    mileage_km: mileageKm(members(lot.odometer, 'mileage', flags), flags),
    fuel: named(record.fuel, 'fuel', flags, FUELS),
    transmission: named(record.transmission, 'transmission', flags, TRANSMISSIONS),
    body_type: named(record.body_type, 'body_type', flags),
    color: named(record.color, 'color', flags),
    drive: named(record.drive_wheel, 'drive', flags, DRIVES),
    engine: named(record.engine, 'engine', flags),
    engine_cc: integer(details.engine_volume, 'engine_cc', flags, ENGINE_CC),
    cylinders: integer(record.cylinders, 'cylinders', flags, CYLINDERS),
    seats: integer(details.seats_count, 'seats', flags, SEATS),
    lot_number: text(lot.lot, 'lot_number', flags),
    site: named(lot.domain, 'site', flags, SITES),
    status: statusOf(lot),
    sale_date: moment(lot.sale_date, 'sale_date', flags),
    seller_type: named(lot.seller_type, 'seller_type', flags, SELLER_TYPES),
    country: countryOf(location, flags),
    city: named(location.city, 'city', flags),
    image_url: images?.[0] ?? null,
    images,
    flags,
  }
}
