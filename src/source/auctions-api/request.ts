/** What is asked of the API. Addresses are always built on the configured base, never taken from an answer. */
import type { Access, Filter, PageAsk, SourceRequest } from '../source.ts'

const LABEL_LENGTH = 60

const filterLabel = (filter: Filter): string => {
  const label = Object.entries(filter)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('')
  return label.length > LABEL_LENGTH ? `${label.slice(0, LABEL_LENGTH)}…` : label
}

/** How a page is called in logs and errors: `cars page 12 (per_page 1000, manufacturer_id 9)`. */
export const pageLabel = (ask: PageAsk): string =>
  `cars page ${ask.page} (per_page ${ask.pageSize}${filterLabel(ask.filter)})`

export const countLabel = 'the number of cars'
export const brandsLabel = 'the list of brands'
export const goneLabel = (page: number): string => `the removal feed, page ${page}`
export const carLabel = (sourceId: string): string => `car ${sourceId.slice(0, LABEL_LENGTH)}`

/**
 * The key travels in a header only. `links.next` of the real API is http although it was asked by https: to follow it
 * would send the key in clear.
 */
const request = (access: Access, path: string, query: Record<string, string>, label: string): SourceRequest => {
  const search = new URLSearchParams(query).toString()
  const headers: Record<string, string> = { accept: 'application/json' }
  if (access.apiKey !== null) headers['x-api-key'] = access.apiKey
  return { url: `${access.baseUrl}${path}${search === '' ? '' : `?${search}`}`, headers, label }
}

export const pageRequest = (access: Access, ask: PageAsk): SourceRequest =>
  request(access, '/cars', { ...ask.filter, page: `${ask.page}`, per_page: `${ask.pageSize}` }, pageLabel(ask))

/** Only with `simple_paginate=0` does the API count. */
export const countRequest = (access: Access, filter: Filter): SourceRequest =>
  request(access, '/cars', { ...filter, page: '1', per_page: '1', simple_paginate: '0' }, countLabel)

export const brandsRequest = (access: Access): SourceRequest => request(access, '/manufacturers/cars', {}, brandsLabel)

/** The feed takes no filter but the period: it ignores `domain_id`. */
export const goneRequest = (access: Access, ask: { minutes: number; pageSize: number; page: number }): SourceRequest =>
  request(
    access,
    '/archived-lots',
    { minutes: `${ask.minutes}`, page: `${ask.page}`, per_page: `${ask.pageSize}` },
    goneLabel(ask.page),
  )

export const carRequest = (access: Access, sourceId: string): SourceRequest =>
  request(access, `/cars/${encodeURIComponent(sourceId.toWellFormed())}`, {}, carLabel(sourceId))

/** What came or changed within the last minutes. */
export const changesFilter = (minutes: number): Filter => ({ minutes: `${minutes}` })

/** One list of ids, separated by commas, as the API takes it. */
export const brandFilter = (brandIds: readonly string[]): Filter => ({ manufacturer_id: brandIds.join(',') })
