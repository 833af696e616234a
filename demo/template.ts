import type { Field } from './marks.ts'
import type { Shape } from './shape.ts'
import { vinSum } from './vin.ts'

/** Where an instant stands in a template, and how it is written. */
export type Stamp = { readonly at: number; readonly form: 'iso' | 'sql'; readonly before: number }

/** A record as bytes, with the places where cars differ. Filled by copying it and writing over those places. */
export type Template = {
  readonly bytes: Buffer
  readonly spots: Readonly<Record<Field, readonly number[]>>
  readonly widths: Readonly<Record<Field, number>>
  /** `updated_at` and `*_updated_at`: they follow the re-crawl. */
  readonly moving: readonly Stamp[]
  readonly fixed: readonly Stamp[]
  readonly shape: Shape
  /** Weighted sum of the VIN's first eight characters; null where position 9 is not a check digit. */
  readonly vinSum: number | null
}

const mark = /"<n:(\w+)>"|<s:(\w+)>|<([mf]):(iso|sql):(-?\d+)>/g

function digits(value: number): number {
  return String(Math.round(value)).length
}

function widthsOf(shape: Shape): Record<Field, number> {
  const whole = {
    id: 8,
    lotId: 8,
    olderLotId: 8,
    imagesId: 8,
    lot: 8,
    olderLot: 8,
    year: 4,
    vin: 17,
    status: 4,
    statusId: 1,
  }
  return {
    ...whole,
    km: digits(shape.km[0]),
    mi: digits(shape.km[0] / 1.609344),
    price: digits(shape.price[0]),
    bid: digits(shape.bid[0]),
    krw: digits(shape.price[0] * 1400),
  }
}

/** Turns a marked record into a template whose VINs begin with `vinPrefix`, with a right check digit if `checked`. */
export function compileTemplate(marked: object, shape: Shape, vinPrefix: string, checked: boolean): Template {
  const text = JSON.stringify(marked)
  const widths = widthsOf(shape)
  const spots = Object.fromEntries(Object.keys(widths).map((field) => [field, [] as number[]])) as Record<
    Field,
    number[]
  >
  const moving: Stamp[] = []
  const fixed: Stamp[] = []
  const parts: Buffer[] = []
  let length = 0
  let end = 0
  const push = (part: string) => {
    const bytes = Buffer.from(part)
    parts.push(bytes)
    length += bytes.length
  }
  for (const match of text.matchAll(mark)) {
    push(text.slice(end, match.index))
    end = match.index + match[0].length
    const field = (match[1] ?? match[2]) as Field | undefined
    if (field !== undefined) {
      spots[field].push(length)
      push(field === 'vin' ? vinPrefix.padEnd(17, 'K') : field === 'status' ? 'sale' : '0'.repeat(widths[field]))
      continue
    }
    const form = match[4] as 'iso' | 'sql'
    const list = match[3] === 'm' ? moving : fixed
    list.push({ at: length, form, before: Number(match[5]) })
    push(stampText(0, form))
  }
  push(text.slice(end))
  return {
    bytes: Buffer.concat(parts),
    spots,
    widths,
    moving,
    fixed,
    shape,
    vinSum: checked ? vinSum(vinPrefix) : null,
  }
}

/** An instant in one of the two forms the source mixes (DOMAIN trap 5). */
export function stampText(seconds: number, form: 'iso' | 'sql'): string {
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return form === 'iso' ? `${text}.000000Z` : text.replace('T', ' ')
}

/** Writes the template's stamps anew, counted back from `epochSeconds`. */
export function restamp(template: Template, stamps: readonly Stamp[], epochSeconds: number): void {
  for (const { at, form, before } of stamps) template.bytes.write(stampText(epochSeconds - before, form), at, 'latin1')
}
