import type { Make, Model } from './makes.ts'
import { stampMark } from './marks.ts'

/** The sites lots stand on, as the source numbers them. */
export const domains = [
  { id: 12, name: 'encar_com' },
  { id: 3, name: 'copart_com' },
  { id: 1, name: 'iaai_com' },
] as const

/** One site. */
export type Domain = (typeof domains)[number]

/** Seconds of a day. */
export const day = 86_400

/** What a lot is made for. */
export type Site = { make: Make; model: Model; random: () => number }

/** The stamps of one lot, with an age of their own. */
export function stamps(random: () => number) {
  const age = Math.floor(random() * 6 * day)
  return { iso: stampMark('iso', age), sql: stampMark('sql', age), created: stampMark('iso', age + 40 * day, false) }
}

/** A name as it stands in picture addresses. */
export function slug(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-')
}
