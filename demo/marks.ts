/**
 * Marks stand in a template for what differs from car to car. A number mark is a quoted string that loses its quotes; a text mark stays
 * inside the string around it. Every value has a fixed width within one template, so that filling in is plain byte writing.
 */
export const numberFields = [
  'id',
  'year',
  'lotId',
  'olderLotId',
  'imagesId',
  'lot',
  'km',
  'mi',
  'price',
  'bid',
  'krw',
  'statusId',
] as const
/** What may stand at a mark. */
export type Field = (typeof numberFields)[number] | 'olderLot' | 'vin' | 'status'

/** A mark for a JSON number. */
export function numberMark(field: Field): string {
  return `<n:${field}>`
}

/** A mark for characters inside a JSON string. */
export function textMark(field: Field): string {
  return `<s:${field}>`
}

/** A mark for an instant, in seconds before the inventory's epoch. `moving` ones follow the re-crawl (DOMAIN trap 6). */
export function stampMark(form: 'iso' | 'sql', secondsBefore: number, moving = true): string {
  return `<${moving ? 'm' : 'f'}:${form}:${Math.floor(secondsBefore)}>`
}
