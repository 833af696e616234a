import { carId } from './car-id.ts'
import type { Field } from './marks.ts'
import { hash } from './random.ts'
import { stampText, type Template } from './template.ts'
import { writeVinTail } from './vin.ts'

/** What churn has done to one car: how often it changed, and when last (seconds; 0 = never). */
export type CarState = { readonly version: number; readonly changedAt: number }

function writeNumber(into: Buffer, at: number, value: number, width: number): void {
  let rest = value | 0
  for (let n = at + width - 1; n >= at; n--) {
    const tenth = (rest / 10) | 0
    into[n] = 48 + rest - tenth * 10
    rest = tenth
  }
}

function repeat(spots: readonly number[], width: number, into: Buffer, at: number): void {
  const from = at + (spots[0] as number)
  for (let n = 1; n < spots.length; n++) {
    const to = at + (spots[n] as number)
    for (let k = 0; k < width; k++) into[to + k] = into[from + k] as number
  }
}

function put(template: Template, field: Field, value: number, into: Buffer, at: number): void {
  const spots = template.spots[field]
  if (spots.length === 0) return
  const width = template.widths[field]
  writeNumber(into, at + (spots[0] as number), value, width)
  repeat(spots, width, into, at)
}

function within(range: readonly [number, number], step: number, value: number): number {
  return range[0] + (value % Math.floor((range[1] - range[0]) / step + 1)) * step
}

/** Copies a template and writes car `index` over it. Everything about the car follows from index, seed and state. */
export function fill(template: Template, index: number, seed: number, state: CarState, into: Buffer, at: number): void {
  const { shape, spots } = template
  template.bytes.copy(into, at)
  const mix = hash(index, seed + 1)
  const other = hash(index, seed + 2)
  const year = within(shape.years, 1, mix >>> 20)
  const km = within(shape.km, 1, other)
  // 37 is prime to the length of every range, so that each version has another price than the one before.
  const price = within(shape.price, 10, (mix >>> 4) + state.version * 37)
  const lot = 40_000_000 + ((index * 7919) % 49_999_991)
  put(template, 'id', carId(index), into, at)
  put(template, 'year', year, into, at)
  put(template, 'lotId', 30_000_000 + index * 2, into, at)
  put(template, 'imagesId', 50_000_000 + index, into, at)
  put(template, 'lot', lot, into, at)
  put(template, 'km', km, into, at)
  put(template, 'mi', Math.round(km / 1.609344), into, at)
  put(template, 'price', price, into, at)
  put(template, 'krw', Math.round((price * 1400) / 10_000) * 10_000, into, at)
  put(template, 'bid', within(shape.bid, 10, (other >>> 4) + state.version * 37), into, at)
  if (spots.olderLotId.length > 0) {
    put(template, 'olderLotId', 30_000_001 + index * 2, into, at)
    put(template, 'olderLot', 40_000_000 + ((index * 7919 + 17) % 49_999_991), into, at)
  }
  if (spots.status.length > 0) {
    const sold = state.version > 0 && hash(index, state.version) % 8 === 0
    // Templates say "sale", id 0: only the id is written as a rule.
    if (sold) for (const spot of spots.status) into.write('sold', at + spot, 'latin1')
    put(template, 'statusId', sold ? 6 : 3, into, at)
  }
  writeVin(template, year, index, into, at)
  writeStamps(template, mix, state, into, at)
}

function writeVin(template: Template, year: number, index: number, into: Buffer, at: number): void {
  const spots = template.spots.vin
  writeVinTail(into, at + (spots[0] as number) + 8, template.vinSum, year, index)
  repeat(spots, 17, into, at)
}

function writeStamps(template: Template, mix: number, state: CarState, into: Buffer, at: number): void {
  const minute = (mix >>> 8) % 60
  const second = (mix >>> 14) % 60
  if (state.changedAt > 0) {
    for (const stamp of template.moving) into.write(stampText(state.changedAt, stamp.form), at + stamp.at, 'latin1')
  } else {
    for (const stamp of template.moving) writeClock(into, at + stamp.at, minute, second)
  }
  for (const stamp of template.fixed) if (stamp.before > 30 * 86_400) writeClock(into, at + stamp.at, minute, second)
}

function writeClock(into: Buffer, at: number, minute: number, second: number): void {
  writeNumber(into, at + 14, minute, 2)
  writeNumber(into, at + 17, second, 2)
}
